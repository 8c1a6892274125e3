"""A query on its way to a backend.

`databases` hands anything that is neither text nor called with values to the backend as it is. So our
statements skip the compilation by SQLAlchemy: SQLite takes `:name` itself, PostgreSQL gets `$1`.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(r"'(?:[^']|'')*'|::|:([a-z_][a-z0-9_]*)")


@dataclass(frozen=True, slots=True)
class Statement:
    sql: str
    values: dict[str, Any]


@lru_cache(maxsize=1024)
def numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """`:name` to `$1`, and the names in the order of their numbers. Literals are left alone."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match[1]
        return match[0] if name is None else f"${names.setdefault(name, len(names) + 1)}"

    return _TOKEN.sub(number, sql), tuple(names)
