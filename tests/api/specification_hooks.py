"""What Schemathesis runs with: the token of one person, and inputs that no schema can describe.

Read by `schemathesis` itself (`hooks` in schemathesis.toml), not by pytest. A session that a call ended is opened
again. Of the calls with valid data every other one gets a password, a refresh token, a stack, a drift or a report
that is real: with made up ones alone, nobody would ever see their answers.
"""

import base64
import hmac
import itertools
import json
import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import httpx
import schemathesis

from driftsentry import clock, ids, reports
from driftsentry.auth import access_tokens
from driftsentry.auth.access_tokens import Claim
from tests.servers import NO_TLS
from tests.site import PASSWORD, RECORDED, SETTINGS, settings

_PLANS = [
    json.loads((RECORDED / f"story/{name}/refresh.json").read_bytes()) for name in ("3-first-drift", "4-more-drift")
]
_PLACES = {
    "id": [3],
    "address": [3],
    "severity": [1, "2026-11-21T20:00:00.000000Z", 3],
    "detectedAt": ["2026-11-21T20:00:00.000000Z", 3],
    "updatedAt": ["2026-11-21T20:00:00.000000Z", 3],
}
_TAG = re.compile(r'\*|"[1-9][0-9]{0,8}-full"')
_turns = itertools.count()


@schemathesis.auth(refresh_interval=None)
class Bearer:
    def get(self, case: Any, context: Any) -> str:
        who = os.environ["TRY_AS"]  # an e-mail address, a CI token, or '' for nobody
        return _access_token(who) if "@" in who else _ci_token(who)

    def set(self, case: Any, token: str, context: Any) -> None:
        if token:
            case.headers["Authorization"] = f"Bearer {token}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Put in what only the server can give out, where the data is to be valid."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    if isinstance(case.query, dict) and case.query.get("cursor"):
        case.query.pop("page", None)  # page or cursor, not both
        case.query["cursor"] = _cursor(case)
    if not _TAG.fullmatch(case.headers.get("If-Match", "*")):
        case.headers["If-Match"] = "*"  # Schemathesis 4.32 finds no valid one by the pattern, and calls 0 valid
    put_in = _REAL.get(case.operation.label)
    if put_in and next(_turns) % 2:
        put_in(case)


def _cursor(case: Any) -> str:
    place: Any = 3
    if case.operation.label == "GET /api/v1/drifts":
        sort = case.query.get("sort", "-detectedAt")
        place = [sort, *_PLACES[sort.lstrip("-")]]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _put_password(case: Any) -> None:
    _forgive()
    case.body = {"email": "vera@example.com", "password": PASSWORD}


def _put_refresh_token(case: Any) -> None:
    _forgive()
    known = {"email": "vera@example.com", "password": PASSWORD}
    response = httpx.post(f"{os.environ['TRY_SERVER']}/api/v1/auth/login", json=known, trust_env=False, verify=NO_TLS)
    if response.status_code == 200:  # not when somebody else has just failed too often
        case.body = {"refreshToken": response.json()["data"]["refreshToken"]}


def _put_stack(case: Any) -> None:
    case.path_parameters["slug"] = "prod/app"


def _put_drift(case: Any) -> None:
    case.path_parameters["drift_id"] = next(_turns) // 2 % 24 + 1  # so many that some are not decided yet


def _put_plan(case: Any) -> None:
    plan = _PLANS[next(_turns) // 2 % len(_PLANS)]
    case.body = plan if case.media_type == "application/json" else json.dumps(plan).encode()


def _put_notification(case: Any) -> None:
    with _database() as database:
        [token] = database.execute("SELECT id FROM tokens WHERE scope = 'report:write' ORDER BY id LIMIT 1").fetchone()
    case.path_parameters |= {"slug": "prod/app", "token_id": token}
    case.body = {"notifications": [{"trigger": "verification"}]}
    body = json.dumps(case.body).encode()  # as it will be sent
    secret = reports.secret_of(settings("sqlite:///x.db").data_key, token)
    case.headers["X-TFE-Notification-Signature"] = hmac.new(secret.encode(), body, "sha512").hexdigest()


_REAL: dict[str, Callable[[Any], None]] = {
    "POST /api/v1/auth/login": _put_password,
    "POST /api/v1/auth/refresh": _put_refresh_token,
    "POST /api/v1/auth/logout": _put_refresh_token,
    "POST /api/v1/drifts/{drift_id}/approve": _put_drift,
    "POST /api/v1/drifts/{drift_id}/reject": _put_drift,
    "POST /api/v1/drifts/{drift_id}/snooze": _put_drift,
    "POST /api/v1/drifts/{drift_id}/wake": _put_drift,
    "GET /api/v1/stacks/{slug}": _put_stack,
    "GET /api/v1/stacks/{slug}/reports": _put_stack,
    "POST /api/v1/stacks/{slug}/reports": _put_plan,
    "POST /api/v1/notifications/{token_id}/{slug}": _put_notification,
}


@contextmanager
def _database() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(os.environ["TRY_DATABASE"], timeout=20, isolation_level=None)) as database:
        yield database


def _forgive() -> None:
    """Wrong passwords are counted for an address, and everybody here has the same."""
    with _database() as database:
        database.execute("DELETE FROM login_failures")


def _ci_token(token: str) -> str:
    with _database() as database:  # an admin's call has revoked it
        database.execute("UPDATE tokens SET revoked_at = NULL WHERE secret_hash = ?", (ids.fingerprint_of(token),))
    return token


def _access_token(email: str) -> str:
    with _database() as database:
        session_id, user_id, is_active = _session(database, email)
        if not is_active:  # an admin's call has disabled him
            database.execute("UPDATE users SET is_active = 1 WHERE id = ?", (user_id,))
    return access_tokens.issue(SETTINGS["JWT_SECRET"], Claim(user_id, session_id), clock.now())


def _session(database: sqlite3.Connection, email: str) -> tuple[str, str, int]:
    """The session of whoever calls, opened when there is none."""
    found = database.execute(
        "SELECT s.id, u.id, u.is_active FROM sessions s JOIN users u ON u.id = s.user_id"
        " WHERE u.email = ? AND s.user_agent = 'schemathesis' AND s.revoked_at IS NULL LIMIT 1",
        (email,),
    ).fetchone()
    if found:
        return found[0], found[1], found[2]
    database.execute(
        "INSERT INTO sessions"
        " (id, user_id, kind, secret_hash, user_agent, address, created_at, last_seen_at, expires_at)"
        " SELECT :id, id, 'api', :id, 'schemathesis', '127.0.0.1', :now, :now, '2999-01-01T00:00:00.000000Z'"
        " FROM users WHERE email = :email",
        {"id": ids.new(), "now": clock.to_text(clock.now()), "email": email},
    )
    return _session(database, email)
