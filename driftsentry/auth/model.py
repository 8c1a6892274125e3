"""People, their sessions, and the tokens of CI jobs."""

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase

from driftsentry.auth.preferences import Preferences

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
class Account:
    """What admins see of a user. `sessions`: how many are alive."""

    id: str
    email: str
    name: str
    role: Role
    state: str  # active, invited (no password yet) or disabled
    created_at: datetime
    signed_in_at: datetime | None
    sessions: int


class Purpose(StrEnum):
    """What a one-time link is for."""

    INVITE = "invite"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Link:
    """Lets whoever holds it set the password of `user` once. Its secret is shown once and not kept."""

    id: str
    user: User
    purpose: Purpose
    expires_at: datetime
    used_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        return self.used_at is None and now < self.expires_at and self.user.is_active


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
    preferences: Preferences
    as_of: int = field(compare=False)  # the number of the last event when this was read

    @property
    def look(self) -> Hashable:
        """Of him, all that his pages depend on."""
        return self.id, self.email, self.name, self.role, self.theme, self.preferences

    @property
    def can_decide(self) -> bool:
        return self.role.includes(Role.ENGINEER)


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that is alive: of a browser, or of a program. Its secret is nowhere."""

    id: str
    user_id: str
    user_name: str
    user_email: str
    kind: str  # browser or api
    user_agent: str
    device: str  # the user agent in words: "Firefox on Linux"
    address: str
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime


class Scope(StrEnum):
    """The one thing that a token is for."""

    REPORT = "report:write"
    METRICS = "metrics:read"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session that begins. `kind`: browser, whose secret's hash is kept, or api, which has none of its own."""

    id: str
    user_id: str
    kind: str
    secret_hash: str
    user_agent: str
    address: str
    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Token:
    """What a CI job posts reports with, or a monitor reads metrics with. The secret is shown once and not kept."""

    id: str
    name: str
    stacks: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None
    scope: Scope = Scope.REPORT
    created_by: str = ""  # the id of a user; empty for the command line
    created_by_name: str = ""
    last_used_address: str = ""

    def state(self, now: datetime) -> str:
        """active, expired or revoked."""
        if self.revoked_at is not None:
            return "revoked"
        return "active" if now < self.expires_at else "expired"

    def covers(self, slug: str) -> bool:
        """Whether one of the globs fits; `*` matches slashes too."""
        return any(fnmatchcase(slug, glob) for glob in self.stacks)


def stacks_to_text(stacks: tuple[str, ...]) -> str:
    return json.dumps(list(stacks))


def stacks_from_text(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
