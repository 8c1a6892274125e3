"""People, their sessions, and the tokens of CI jobs."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

PASSWORD_BYTES = 72
SESSIONS_PER_USER = 20


class Role(StrEnum):
    VIEWER = "viewer"
    ENGINEER = "engineer"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        """Whether this role may do all that `other` may."""
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class User:
    id: str
    email: str
    name: str
    role: Role
    password_hash: str
    theme: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in, as read from the database for this request."""

    id: str
    email: str
    name: str
    role: Role
    theme: str
    session_id: str
    last_seen_at: datetime

    @property
    def can_decide(self) -> bool:
        return self.role.includes(Role.ENGINEER)


@dataclass(frozen=True, slots=True)
class Token:
    """What a CI job posts reports with. The secret itself is shown once and not kept."""

    id: str
    name: str
    stacks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    def covers(self, slug: str) -> bool:
        """Whether one of the globs fits; `*` matches slashes too."""
        return any(fnmatchcase(slug, glob) for glob in self.stacks)


def stacks_to_text(stacks: tuple[str, ...]) -> str:
    return json.dumps(list(stacks))


def stacks_from_text(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
