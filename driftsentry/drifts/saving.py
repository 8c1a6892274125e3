"""Saving a list of drifts under a name, sharing it, and opening with it. What is shared is told to the log."""

from dataclasses import replace
from typing import Any

from driftsentry import clock, errors, events, ids
from driftsentry.auth import Role, require_role
from driftsentry.db import Database, Tx
from driftsentry.drifts import view_queries as queries
from driftsentry.drifts.actions import text_of
from driftsentry.drifts.filter import Filter
from driftsentry.drifts.view_model import MOST, NAME_LENGTH, QUERY_LENGTH, View
from driftsentry.errors import Problem
from driftsentry.events import Actor


async def save(db: Database, actor: Actor, name: str, wanted: Filter, *, is_shared: bool) -> View:
    """The same name with the same list again is answered as the first time.

    Raises `Invalid`, or `Forbidden` for who may not share.
    """
    name, query = _name(name), _query(wanted)
    view = View(ids.new(), actor.id, actor.name, name, query, is_shared, False, True)
    async with db.write() as tx:
        await _require(tx, actor, is_shared)
        if same_id := await queries.select_named(tx, actor.id, name):
            same = await queries.select_view(tx, actor.id, same_id)
            if same and (same.query, same.is_shared) == (query, is_shared):
                return same
            raise _taken(name)
        if await queries.count_own(tx, actor.id) >= MOST:
            raise errors.Invalid(f"You have {MOST} views, and more cannot be kept. Delete one first.")
        await queries.insert_view(tx, view, clock.now())
        if is_shared:
            _tell(tx, "view.shared", actor, view)
    return view


async def change(db: Database, actor: Actor, view_id: str, name: str, *, is_shared: bool) -> View:
    """Rename an own one, share it, or keep it for oneself again. Raises as `save`, and `NotFound`."""
    name = _name(name)
    async with db.write() as tx:
        view = await _require_seen(tx, actor, view_id)
        if not view.is_own:
            raise errors.Forbidden(f"This view is {view.owner}'s. Save the list under a name of your own.")
        await _require(tx, actor, is_shared)
        if await queries.select_named(tx, actor.id, name) not in (None, view_id):
            raise _taken(name)
        changed = replace(view, name=name, is_shared=is_shared)
        if changed != view:
            await queries.update_view(tx, view_id, name, is_shared)
            _tell_change(tx, actor, view, changed)
    return changed


async def delete(db: Database, actor: Actor, view_id: str) -> View:
    """An own one; a shared one of somebody else if `actor` is an admin. Raises `NotFound` or `Forbidden`."""
    async with db.write() as tx:
        view = await _require_seen(tx, actor, view_id)
        await require_role(tx, actor, Role.VIEWER if view.is_own else Role.ADMIN)
        await queries.delete_view(tx, view_id)
        if view.is_shared:
            _tell(tx, "view.removed", actor, view, owner=view.owner)
    return view


async def open_with(db: Database, actor: Actor, view_id: str) -> None:
    """Let `/drifts` alone show a view to him from now on; "": what needs a decision. Raises `NotFound`."""
    async with db.write() as tx:
        await require_role(tx, actor, Role.VIEWER)
        if view_id:
            await _require_seen(tx, actor, view_id)
        await queries.update_default(tx, actor.id, view_id or None)


def _name(typed: str) -> str:
    name = " ".join(text_of(typed).split())
    low, high = NAME_LENGTH
    if not low <= len(name) <= high:
        sentence = f"Give the view a name of {low} to {high} characters; this one has {len(name)}."
        raise errors.Invalid(sentence, problems=[Problem("name", sentence)])
    return name


def _query(wanted: Filter) -> str:
    """The list as it is written in its address."""
    if wanted.problem:
        raise errors.Invalid(f"Mend the list before you save it: {wanted.problem}")
    query = wanted.url().partition("?")[2]
    if len(query) > QUERY_LENGTH:
        raise errors.Invalid("This list is too long to be saved. Narrow it by words or a stack instead of rows.")
    return query


def _taken(name: str) -> errors.Invalid:
    sentence = f"You have another view called {name}. Choose another name, or delete that one first."
    return errors.Invalid(sentence, problems=[Problem("name", sentence)])


async def _require(tx: Tx, actor: Actor, is_shared: bool) -> None:
    await require_role(tx, actor, Role.ENGINEER if is_shared else Role.VIEWER)


async def _require_seen(tx: Tx, actor: Actor, view_id: str) -> View:
    view = await queries.select_view(tx, actor.id, view_id)
    if view is None:
        raise errors.NotFound("There is no such view. It may have been deleted.")
    return view


def _tell_change(tx: Tx, actor: Actor, old: View, new: View) -> None:
    if new.is_shared and not old.is_shared:
        _tell(tx, "view.shared", actor, new)
    elif old.is_shared and not new.is_shared:
        _tell(tx, "view.unshared", actor, old)
    elif new.is_shared:
        _tell(tx, "view.renamed", actor, new, old=old.name)


def _tell(tx: Tx, kind: str, actor: Actor, view: View, **more: Any) -> None:
    events.record(tx, kind, actor, at=clock.now(), view_id=view.id, name=view.name, query=view.query, **more)
