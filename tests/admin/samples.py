"""What the templates of accounts, sessions and tokens get, with texts that try to be markup."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Thing

from driftsentry.auth.model import Scope, Session, Token

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)
OURS = (
    "auth/account", "auth/_account", "admin/sessions", "admin/_sessions", "admin/tokens", "admin/_tokens",
    "admin/status",
)  # fmt: skip
LIKES = Thing(keys=True, diff="split", density="compact")


def values_of(name: str, evil: str) -> dict[str, object]:
    """For the template `name`; nothing when it is none of these."""
    if name.startswith("admin/users"):
        return {"asked": evil}
    if name.startswith(("admin/connect", "admin/_connect")):
        return _connecting(evil)
    if not name.startswith(OURS):
        return {}
    sessions = [Session(str(n), "u1", evil, evil, kind, evil, evil, evil, NOW, NOW, NOW) for n, kind in enumerate("ab")]
    return {
        "own": [*sessions, Session("9", "u1", evil, evil, "api", evil, evil, evil, NOW, NOW, NOW)],
        "found": sessions,
        "mine": "0",
        "has_focus": True,
        "said": evil,
        "refusal": evil,
        "wrong": {"old": evil, "new": evil},
        "person": Thing(name=evil, email=evil, role="viewer", theme="auto", preferences=LIKES),
        "holder": ("u1", evil, evil),
        "user": evil,
        "before": evil,
        "first_url": "/admin/sessions?user=" + evil,
        "living": _tokens(evil, "active"),
        "past": [*_tokens(evil, "expired"), *_tokens(evil, "revoked")],
        "rows": _tokens(evil, "active"),
        "made": _tokens(evil, "active")[0][0],
        "secret": "dsk_shown_once",
        "example": evil,
        "notification_token": "shown-once-too",
        "base_url": "http://127.0.0.1:8000",
        "draft": Thing(
            id="t2", name=evil, scope=evil, stacks=evil, days=evil, problem=evil, wrong={"name": evil, "stacks": evil}
        ),
        "live_status": Thing(
            processes=[Thing(host=evil, pid=n, started_at=NOW, seen_at=NOW, sockets=7) for n in (1, 2)],
            rooms={evil: 3, "drifts": 2},
            pages=9,
            programs=1,
            pushed=5000,
            dropped=1,
            told=900,
            delays=(0.012, 0.3),
        ),
        "most_rooms": 1,
        "engine": "sqlite",
        "size": 3_400_000,
        "schema": 5,
        "version": "1.0",
        "python": "3.11.0",
        "field": "stacks",
        "hint": "A hint.",
    }


def _tokens(evil: str, state: str) -> list[tuple[Token, str]]:
    end = NOW + timedelta(days=9)
    reports = Token("t1", evil, (evil, evil), NOW, end, NOW, NOW, Scope.REPORT, "u1", evil, evil)
    metrics = Token("t2", evil, (), NOW, end, None, NOW, Scope.METRICS)
    return [(reports, state), (metrics, state)]


def _connecting(evil: str) -> dict[str, object]:
    return {
        "draft": Thing(id="t2", stack=evil, problem=evil),
        "token": Thing(id="t2"),
        "secret": "dsk_shown_once",
        "base_url": "http://127.0.0.1:8000",
        "is_empty": True,
        "recipes": [Thing(title="Plain cron", blocks=(evil, evil))],
    }
