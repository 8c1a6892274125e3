"""SQL of lists that somebody saved."""

from datetime import datetime

from driftsentry.clock import to_text
from driftsentry.db import Row, Tx
from driftsentry.drifts.view_model import View

_VIEW = (
    "SELECT v.id, v.owner_id, u.name, v.name, v.query, v.is_shared,"
    " EXISTS (SELECT 1 FROM default_views x WHERE x.view_id = v.id AND x.user_id = :user_id)"
    " FROM saved_views v JOIN users u ON u.id = v.owner_id"
)
_SEEN = "(v.owner_id = :user_id OR v.is_shared = 1)"


async def select_views(tx: Tx, user_id: str, limit: int) -> list[View]:
    """His own and those that are shared: his own first, by name."""
    rows = await tx.all(
        f"{_VIEW} WHERE {_SEEN} ORDER BY CASE WHEN v.owner_id = :user_id THEN 0 ELSE 1 END, v.name, v.id LIMIT :limit",
        user_id=user_id,
        limit=limit,
    )
    return [_view(row, user_id) for row in rows]


async def select_view(tx: Tx, user_id: str, view_id: str) -> View | None:
    """None also for what is private to somebody else."""
    row = await tx.one(f"{_VIEW} WHERE {_SEEN} AND v.id = :id", user_id=user_id, id=view_id.replace("\0", ""))
    return _view(row, user_id) if row else None


async def select_default_query(tx: Tx, user_id: str) -> str | None:
    """Of the view that he chose; none when its owner keeps it for himself again."""
    query: str | None = await tx.value(
        "SELECT v.query FROM default_views x JOIN saved_views v ON v.id = x.view_id"
        f" WHERE x.user_id = :user_id AND {_SEEN}",
        user_id=user_id,
    )
    return query


async def count_own(tx: Tx, user_id: str) -> int:
    return int(await tx.value("SELECT count(*) FROM saved_views WHERE owner_id = :user_id", user_id=user_id))


async def select_named(tx: Tx, user_id: str, name: str) -> str | None:
    """The id of his own view of that name."""
    sql = "SELECT id FROM saved_views WHERE owner_id = :user_id AND name = :name"
    found: str | None = await tx.value(sql, user_id=user_id, name=name)
    return found


async def insert_view(tx: Tx, view: View, at: datetime) -> None:
    await tx.run(
        "INSERT INTO saved_views (id, owner_id, name, query, is_shared, created_at)"
        " VALUES (:id, :owner_id, :name, :query, :is_shared, :at)",
        id=view.id,
        owner_id=view.owner_id,
        name=view.name,
        query=view.query,
        is_shared=int(view.is_shared),
        at=to_text(at),
    )


async def update_view(tx: Tx, view_id: str, name: str, is_shared: bool) -> None:
    sql = "UPDATE saved_views SET name = :name, is_shared = :is_shared WHERE id = :id"
    await tx.run(sql, id=view_id, name=name, is_shared=int(is_shared))


async def delete_view(tx: Tx, view_id: str) -> None:
    await tx.run("DELETE FROM saved_views WHERE id = :id", id=view_id)


async def update_default(tx: Tx, user_id: str, view_id: str | None) -> None:
    await tx.run("DELETE FROM default_views WHERE user_id = :user_id", user_id=user_id)
    if view_id:
        sql = "INSERT INTO default_views (user_id, view_id) VALUES (:user_id, :view_id)"
        await tx.run(sql, user_id=user_id, view_id=view_id)


def _view(row: Row, user_id: str) -> View:
    view_id, owner_id, owner, name, query, is_shared, is_default = row
    return View(view_id, owner_id, owner, name, query, bool(is_shared), bool(is_default), owner_id == user_id)
