"""DriftSentry for tests: the real application on a fresh database, the people who use it, and CI jobs that report.

`Site` is in this process (`app.test_app()`); servers.py has a process of its own. Both need only a database.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partialmethod
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import bcrypt
from quart import Response
from quart_auth import QuartAuth

from driftsentry import auth, clock, create_app, errors, events, ids
from driftsentry.auth import Role, people, queries, session_queries
from driftsentry.auth import actions as auth_actions
from driftsentry.auth.guards import COOKIE
from driftsentry.auth.model import NewSession, User
from driftsentry.auth.passwords import Turns
from driftsentry.config import Config
from driftsentry.db import Database, Row
from driftsentry.reports import judging as report_judging
from driftsentry.web import DriftSentry
from tests import leaks

RECORDED = Path(__file__).parent / "recorded"
SETTINGS = {
    "SECRET_KEY": "m4Zr-tests-only-Qv81-sign-cookies-Lw2",
    "JWT_SECRET": "x7Hc-tests-only-Ub30-sign-tokens-Ty9",
    "DATA_KEY": "k2Np-tests-only-Ed64-chain-events-Wf5",
    "DRIFTSENTRY_ENV": "production",
}
PASSWORD = "nine blue kettles"
OURS = {"Sec-Fetch-Site": "same-origin"}
PEOPLE = {Role.VIEWER: "Vera", Role.ENGINEER: "Emil", Role.ADMIN: "Ada"}


@cache
def quick_hash(password: str = PASSWORD) -> str:
    """A bcrypt hash of 4 rounds: the real 12 take 300 ms."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode()


def settings(database_url: str, **more: str) -> Config:
    return Config.from_env(SETTINGS | {"DATABASE_URL": database_url} | more, None)


def sign(config: Config, secret: str) -> str:
    """The cookie of a session, as the login gives it out."""
    quart = DriftSentry("signer", static_folder=None)
    quart.secret_key = config.secret_key
    return QuartAuth(salt="driftsentry session").dump_token(secret, quart)


async def add_person(db: Database, name: str, role: str = "engineer", password: str = PASSWORD) -> User:
    """Somebody who may sign in as `name@example.com`, in lower case."""
    user = User(ids.new(), f"{name.lower()}@example.com", name, Role(role), quick_hash(password), "auto", True)
    async with db.write() as tx:
        await queries.insert_user(tx, user, clock.now())
    return user


async def open_session(db: Database, config: Config, user: User) -> str:
    """The secret of a new session of `user`, without the time a login takes."""
    secret, now = ids.secret(), clock.now()
    end, of_secret = now + config.session_absolute, ids.fingerprint_of(secret)
    new = NewSession(ids.new(), user.id, "browser", of_secret, "tests", "127.0.0.1", now, end)
    async with db.write() as tx:
        await session_queries.insert_session(tx, new)
    return secret


async def tables(db: Database, *without: str) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all our tables: for saying that nothing changed."""
    names = (
        "users sessions login_failures tokens stacks reports drifts decisions drift_counts events event_head"
        " alerts alerted_drifts alert_reads held_drifts ignore_rules ignored_drifts severity_rules"
        " learned_attributes value_streaks"
    ).split()
    async with db.read() as tx:
        found = {name: await tx.all(f"SELECT * FROM {name}") for name in names if name not in without}
    return {name: sorted((tuple(row) for row in rows), key=repr) for name, rows in found.items()}


@dataclass(frozen=True)
class Browser:
    """Somebody's browser on our own page. Without a cookie: somebody who is not signed in."""

    app: DriftSentry
    cookie: str = ""
    address: str = "127.0.0.1"

    def headers(self, more: dict[str, str] | None = None) -> dict[str, str]:
        cookie = {"Cookie": f"{COOKIE}={self.cookie}"} if self.cookie else {}
        return OURS | cookie | (more or {})

    async def request(self, method: str, path: str, headers: dict[str, str] | None = None, **rest: Any) -> Response:
        client = self.app.test_client(use_cookies=False)
        base = {"client": (self.address, 1)}
        return await client.open(path, method=method, headers=self.headers(headers), scope_base=base, **rest)

    async def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return await self.request("GET", path, headers)

    async def text(self, path: str) -> str:
        """The body of a page that must be there."""
        response = await self.get(path)
        assert response.status_code == 200, f"{path}: {response.status_code}"
        return str(await response.get_data(as_text=True))

    async def post(self, path: str, form: Any = None, headers: dict[str, str] | None = None) -> Response:
        """`form`: a mapping, or pairs where a name comes several times."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.request("POST", path, kind | (headers or {}), data=urlencode(form or {}))

    def socket(self, path: str, headers: dict[str, str] | None = None) -> Any:
        """A WebSocket of quart's test client, to be entered with `async with`."""
        socket = self.app.test_client(use_cookies=False).websocket(path, headers=self.headers(headers))
        # As every server begins. Without it the first word, be it that the socket is over, would be taken for this one.
        socket._send_queue.put_nowait({"type": "websocket.connect"})
        return socket


@dataclass
class Site:
    """The running application in this process."""

    app: DriftSentry
    people: dict[str, User] = field(default_factory=dict)
    _ci: str = ""

    @property
    def db(self) -> Database:
        return self.app.db

    async def person(self, name: str, role: str = "engineer") -> User:
        """Somebody of that name, made when first asked for."""
        if name not in self.people:
            self.people[name] = await add_person(self.db, name, role)
        return self.people[name]

    async def browser_of(self, user: User, address: str = "127.0.0.1") -> Browser:
        secret = await open_session(self.db, self.app.settings, user)
        return Browser(self.app, sign(self.app.settings, secret), address)

    def anonymous(self, address: str = "127.0.0.1") -> Browser:
        return Browser(self.app, address=address)

    async def as_role(self, role: str) -> Browser:
        return await self.browser_of(await self.person(PEOPLE[Role(role)], role))

    as_viewer = partialmethod(as_role, "viewer")
    as_engineer = partialmethod(as_role, "engineer")
    as_admin = partialmethod(as_role, "admin")

    async def token(self, *stacks: str, lifetime: timedelta = timedelta(days=90)) -> str:
        return (await auth.create_token(self.db, events.SYSTEM, "ci", stacks or ("*",), lifetime))[1]

    async def ci_token(self) -> str:
        """One token for all stacks."""
        self._ci = self._ci or await self.token()
        return self._ci

    async def post_body(
        self, body: bytes, stack: str = "prod/app", *, token: str | None = None, headers: Any = None, **query: str
    ) -> Response:
        """What a CI job sends. It is no browser: no cookie, no Sec-Fetch-Site."""
        authorization = {"Authorization": f"Bearer {await self.ci_token() if token is None else token}"}
        path = f"/api/v1/stacks/{quote(stack)}/reports" + (f"?{urlencode(query)}" if query else "")
        client = self.app.test_client(use_cookies=False)
        return await client.post(path, data=body, headers=authorization | (headers or {}))

    async def post_plan(self, name: str, stack: str = "prod/app", **query: str) -> dict[str, int]:
        """Post a recorded plan, which must be accepted; the counts of drifts."""
        response = await self.post_body((RECORDED / name).read_bytes(), stack, **query)
        answer = await response.get_json()
        assert response.status_code in (200, 201), answer
        return dict(answer["data"]["drifts"])

    async def rows(self, sql: str, **values: Any) -> list[Row]:
        async with self.db.read() as tx:
            return await tx.all(sql, **values)

    async def value(self, sql: str, **values: Any) -> Any:
        async with self.db.read() as tx:
            return await tx.value(sql, **values)

    async def run(self, sql: str, **values: Any) -> None:
        async with self.db.write() as tx:
            await tx.run(sql, **values)

    async def drift(self, address: str) -> Row:
        """The drift of that address, as its row in the table."""
        [row] = await self.rows("SELECT * FROM drifts WHERE address = :address", address=address)
        return row

    async def drift_of(self, stack: str, address: str) -> Row:
        sql = "SELECT d.* FROM drifts d JOIN stacks s ON s.id = d.stack_id WHERE slug = :slug AND address = :address"
        [row] = await self.rows(sql, slug=stack, address=address)
        return row

    async def events(self, *kinds: str) -> list[events.Event]:
        async with self.db.read() as tx:
            found = await events.select_after(tx, 0, 100_000)
        return [event for event in found if not kinds or event.kind in kinds]

    async def tables(self, *without: str) -> dict[str, list[tuple[Any, ...]]]:
        return await tables(self.db, *without)

    async def disable(self, user: User) -> None:
        await people.disable_user(self.db, user.email)

    async def connected(self, amount: int = 1) -> None:
        """Wait until the hub knows so many sockets."""
        async with asyncio.timeout(5):
            while len(self.app.extensions["hub"]) < amount:  # noqa: ASYNC110
                await asyncio.sleep(0.005)

    async def caught_up(self) -> None:
        """Wait until the hub has told everything that is committed."""
        async with self.db.read() as tx:
            latest = await events.latest_seq(tx)
        while self.app.extensions["hub"].seq < latest:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def running_site(database_url: str, **more: str) -> AsyncIterator[Site]:
    app = create_app(settings(database_url, **more))
    # They belong to a process and so to its one event loop; here each test has another.
    report_judging._PARSERS, auth_actions._turns = asyncio.Semaphore(2), Turns()
    with leaks.watching(PASSWORD) as watch:
        async with app.test_app():
            yield Site(app)
            with contextlib.suppress(errors.Unavailable):  # the test took the database away
                await watch.check(app.db)
