"""The schema's versions: a fresh database comes from schema.sql, an older one walks the numbered files.

Each file is one step and one transaction together with its stamp, so that a killed migration leaves the
old or the new schema. Lines `-- only: sqlite`, `-- only: postgresql` and `-- both` say for whom the
statements below them are.
"""

import re
from pathlib import Path

from driftsentry import clock
from driftsentry.db import Database, Tx

_HERE = Path(__file__).parent
SCHEMA = _HERE.parent.parent / "schema.sql"
_MARK = re.compile(r"^-- (both|only: (?P<engine>\w+))\s*$")
_EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'schema_version'",
    "postgresql": "SELECT 1 FROM pg_class WHERE relname = 'schema_version' AND relkind = 'r'"
    " AND relnamespace = current_schema()::regnamespace",
}


class SchemaTooNew(Exception):
    def __init__(self, found: int) -> None:
        super().__init__(
            f"The database has schema version {found}; this program knows versions up to {latest()}. "
            "Start the newer program, or restore a backup made by this one."
        )


def steps() -> list[Path]:
    """The numbered files, in order: 0001_name.sql, 0002_name.sql, ..."""
    return sorted(_HERE.glob("[0-9][0-9][0-9][0-9]_*.sql"))


def latest() -> int:
    return len(steps())


def for_engine(script: str, engine: str) -> str:
    """The lines of `script` that are for this engine."""
    kept: list[str] = []
    wanted = True
    for line in script.splitlines(keepends=True):
        if mark := _MARK.match(line):
            wanted = mark["engine"] in (None, engine)
        elif wanted:
            kept.append(line)
    return "".join(kept)


async def migrate(db: Database) -> None:
    """Bring an empty or older schema to this program's version. Raises `SchemaTooNew`."""
    while True:
        async with db.write() as tx:
            if await step(tx) is None:
                return


async def version(tx: Tx) -> int:
    """The version of the schema that is there; 0 for an empty database."""
    if await tx.value(_EXISTS[tx.engine]) is None:
        return 0
    return int(await tx.value("SELECT max(version) FROM schema_version") or 0)


async def step(tx: Tx) -> int | None:
    """Take the next step inside `tx`; its number, or None when the schema is current."""
    found = await version(tx)
    if found > latest():
        raise SchemaTooNew(found)
    if found == latest():
        return None
    script = (steps()[found] if found else SCHEMA).read_text()
    await tx.run_script(for_engine(script, tx.engine))
    reached = found + 1 if found else latest()
    await tx.run(
        "INSERT INTO schema_version (version, applied_at) VALUES (:version, :at)",
        version=reached,
        at=clock.to_text(clock.now()),
    )
    return reached
