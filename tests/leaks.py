"""After every test: no password, token or session secret that came up in it lies in the database or in the log."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from driftsentry import ids
from driftsentry.auth import access_tokens, api_sessions
from driftsentry.db import Database
from driftsentry.log import JsonFormatter

# What a token, an access token or a hash of a password looks like.
SHAPES = re.compile(r"dsk_[\w-]{20,}|eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|\$2b\$\d\d\$[./\w]{53}")
# The secrets in recorded plans. "LEAK" alone is too short to be looked for everywhere.
MARKERS = (
    "Correct-Horse", "Leaky-Pass", "HUNTER2", "s3cr3t", "SSM-SECRET", "var-secret-one", "tr0ub4dor", "seqa-secret",
)  # fmt: skip
# One SELECT of every row of every table as text, made by the database: each statement costs a hop of a thread.
_EVERYTHING = {
    "sqlite": """
        SELECT group_concat(selected, ' UNION ALL ') FROM (
            SELECT format('SELECT %s FROM "%w"', group_concat(format('quote("%w")', c.name), ' || '' '' || '), m.name)
                AS selected FROM sqlite_master m, pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'drift_search%' GROUP BY m.name
        )""",
    "postgresql": """
        SELECT string_agg(format('SELECT kept::text FROM %I AS kept', tablename), ' UNION ALL ')
        FROM pg_tables WHERE schemaname = 'public'""",
}


class _Log(logging.Handler):
    """Keeps what the server's log would have shown."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)  # as the server's log
        self.lines: list[str] = []
        self.setFormatter(JsonFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@dataclass
class Watch:
    """The secrets that came up, and what was logged meanwhile."""

    secrets: set[str]
    log: _Log = field(default_factory=_Log)

    async def check(self, db: Database) -> None:
        kept = await _dump(db)
        logged = "\n".join(self.log.lines)
        for secret in self.secrets:
            assert secret not in kept, f"in the database: {secret}"
            assert secret not in logged, f"in the log: {secret}"
        assert not SHAPES.search(logged), "a secret in the log"


@contextmanager
def watching(*known: str) -> Iterator[Watch]:
    """Collects every secret that is made within the block. `known`: passwords."""
    watch = Watch({*known, *MARKERS})
    made = [(ids, "secret"), (access_tokens, "issue"), (api_sessions, "_successor")]
    before = [(module, name, getattr(module, name)) for module, name in made]
    for module, name, make in before:
        setattr(module, name, _collecting(make, watch.secrets))
    root = logging.getLogger()
    root.addHandler(watch.log)
    try:
        yield watch
    finally:
        root.removeHandler(watch.log)
        for module, name, make in before:
            setattr(module, name, make)


def _collecting(make, secrets):  # type: ignore[no-untyped-def]
    def collecting(*args, **values):  # type: ignore[no-untyped-def]
        secret = make(*args, **values)
        secrets.add(secret)
        return secret

    return collecting


async def _dump(db: Database) -> str:
    async with db.read() as tx:
        return "\n".join([row[0] for row in await tx.all(await tx.value(_EVERYTHING[db.engine]))])


def check_log(path: Path, *passwords: str) -> None:
    """The log of a real server."""
    text = path.read_text(errors="replace")
    assert not SHAPES.search(text), "a secret in the log"
    for password in passwords:
        assert password not in text, "a password in the log"
