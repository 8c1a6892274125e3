"""Demo data: some weeks of a company's drifts, told through the same verbs as real ones."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial

from driftsentry import auth, clock, drifts, errors, events, reports, stacks
from driftsentry.auth import Role, Token
from driftsentry.db import Database, Tx
from driftsentry.demo import elsewhere, past, prod
from driftsentry.demo.plans import DECIDERS, Act, Seen, Stack, plan
from driftsentry.drifts.actions import Wish, comment
from driftsentry.events import SYSTEM, Actor

LOGINS = (
    "admin@driftsentry.local     admin123",
    "engineer@driftsentry.local  engineer123",
    "viewer@driftsentry.local    viewer123",
)
STACKS = (*prod.STACKS, *elsewhere.STACKS)
HISTORY = timedelta(days=10 + past.DAYS)
SOURCE = "demo"  # the name of the token that all of it comes with
_CI_ADDRESS, _OFFICE = "192.0.2.10", "198.51.100.23"  # of the ranges that belong to nobody

Step = tuple[datetime, Callable[[], Awaitable[None]]]


async def load(db: Database, key: bytes, actor: Actor) -> int:
    """As `fill`, because an admin asked for it. Raises `Forbidden`, and `Conflict` where something is here already."""
    async with db.read() as tx:
        await auth.require_role(tx, actor, Role.ADMIN)
    made = await fill(db, key)
    if not made:
        raise errors.Conflict("Demo data is for an empty DriftSentry, and stacks have reported here.")
    async with db.write() as tx:
        events.record(tx, "demo.loaded", actor, at=clock.now(), stacks=made)
    return made


async def fill(db: Database, key: bytes) -> int:
    """Tell the story if there is no stack at all; how many stacks were made. `key` is the data key.

    Raises `Conflict` while somebody else tells it.
    """
    async with db.read() as tx:
        if await stacks.has_stacks(tx):
            return 0
        people = await _people(tx)
    now = clock.now()
    with clock.pretend(now - HISTORY):
        token, _secret = await auth.create_token(db, SYSTEM, SOURCE, ("*",), timedelta(days=90), once=_begin)
    steps = [step for stack in STACKS for step in _reports(db, key, token, stack, now)]
    if people:
        steps += [step for stack in STACKS for seen in stack.seen for step in _acts(db, people, stack, seen, now)]
    for moment, run in sorted(steps, key=lambda step: step[0]):
        with clock.pretend(moment):
            await run()
    await auth.revoke_token(db, SYSTEM, token.id)  # its secret is known to nobody
    return len(STACKS)


async def _begin(tx: Tx) -> None:
    """Two who ask at once would tell it twice: whose token is there first does it."""
    is_told = await tx.one("SELECT id FROM tokens WHERE name = :name AND revoked_at IS NULL", name=SOURCE)
    if is_told or await stacks.has_stacks(tx):
        raise errors.Conflict(
            "The demo data is being loaded. If nothing more comes of it, begin again with an empty database."
        )


async def _people(tx: Tx) -> dict[str, Actor]:
    """Those who decide, by e-mail; nobody unless all of them are here and may."""
    people = {}
    for email in DECIDERS:
        row = await tx.one(
            "SELECT id, name FROM users WHERE email = :email AND is_active = 1 AND role <> 'viewer'", email=email
        )
        if row is None:
            return {}
        people[email] = Actor("user", row["id"], row["name"], _OFFICE)
    return people


def _reports(db: Database, key: bytes, token: Token, stack: Stack, now: datetime) -> list[Step]:
    moments = [stack.moment(number, now) for number in range(stack.reports)]
    return [(at, partial(_report, db, key, token, stack, number)) for number, at in enumerate(moments)]


async def _report(db: Database, key: bytes, token: Token, stack: Stack, number: int) -> None:
    actor = Actor("token", token.id, token.name, _CI_ADDRESS)
    run = f"{stack.slug.replace('/', '-')}-{1840 - number}"
    commit = hashlib.sha256(run.encode()).hexdigest()[:40]
    upload = reports.Upload(run, f"https://ci.example.com/platform/infrastructure/runs/{run}", commit)
    await reports.receive(db, key, token, actor, stack.slug, reports.Body(plan(stack, number, clock.now())), upload)


def _acts(db: Database, people: dict[str, Actor], stack: Stack, seen: Seen, now: datetime) -> list[Step]:
    first = stack.moment(seen.since, now)
    return [
        (first + timedelta(hours=act.hours), partial(_act, db, people[act.email], stack.slug, seen.address, act))
        for act in seen.acts
    ]


async def _act(db: Database, actor: Actor, slug: str, address: str, act: Act) -> None:
    async with db.read() as tx:
        drift = await tx.one(
            "SELECT d.id, d.fingerprint FROM drifts d JOIN stacks s ON s.id = d.stack_id"
            " WHERE s.slug = :slug AND d.address = :address",
            slug=slug,
            address=address,
        )
    assert drift is not None, "somebody acts on what a report has shown"
    if act.verdict is None:
        await comment(db, actor, drift["id"], act.text)
        return
    until = clock.now() + timedelta(days=act.days) if act.days else None
    await drifts.decide(db, actor, drift["id"], Wish(act.verdict, act.text, drift["fingerprint"], until))
