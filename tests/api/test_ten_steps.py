"""The ten steps of somebody who writes a program against DriftSentry, over the wire, with real passwords."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import jwt

from driftsentry import auth, clock
from driftsentry.auth import people
from driftsentry.auth.model import Role
from driftsentry.db import Database
from driftsentry.events import SYSTEM
from tests.ingest.samples import entry, plan
from tests.servers import NO_TLS, Server, running_server

PASSWORDS = {"vera": "seven green teapots", "emil": "eleven grey anchors", "ada": "thirteen red ladders"}
REASON = "The vendor asked us to keep it."


class Api:
    """What a program has: an address and perhaps a token."""

    def __init__(self, server: Server) -> None:
        self._client = httpx.AsyncClient(base_url=f"{server.url}/api/v1", timeout=20, trust_env=False, verify=NO_TLS)

    async def close(self) -> None:
        await self._client.aclose()

    async def get(self, path: str, token: str = "") -> httpx.Response:
        return await self._client.get(path, headers=bearer(token))

    async def post(self, path: str, content: Any, token: str = "") -> httpx.Response:
        return await self._client.post(path, json=content, headers=bearer(token))

    async def log_in(self, name: str) -> dict[str, Any]:
        response = await self.post("/auth/login", {"email": f"{name}@example.com", "password": PASSWORDS[name]})
        assert response.status_code == 200, response.text
        return dict(response.json()["data"])


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def code(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a failure, whose shape is checked."""
    body = response.json()
    assert body["success"] is False
    assert body["error"]["statusCode"] == response.status_code
    assert body["error"]["requestId"] == response.headers["X-Request-Id"]
    return response.status_code, body["error"]["code"]


async def test_the_ten_steps(tmp_path: Path) -> None:
    with running_server(tmp_path, f"sqlite:///{tmp_path / 'test.db'}", LOG_RESPONSE_TIME="true") as server:
        database = Database(server.config.database_url)
        await database.connect()
        api = Api(server)
        try:
            await walk(api, database, server)
        finally:
            await api.close()
            await database.disconnect()


async def walk(api: Api, database: Database, server: Server) -> None:
    # An operator makes the people and a token for CI by the command line; CI reports a drift.
    for name, role in {"vera": "viewer", "emil": "engineer", "ada": "admin"}.items():
        await people.create_user(database, f"{name}@example.com", name.title(), Role(role), PASSWORDS[name])
    _about, ci = await auth.create_token(database, SYSTEM, "ci", ["prod/*"], timedelta(days=1))
    report = await api._client.post(
        "/stacks/prod/app/reports", content=plan(entry({"size": "s"}, {"size": "xl"})), headers=bearer(ci)
    )
    assert report.json()["data"]["drifts"]["detected"] == 1

    # 1. Log in: two tokens and oneself.
    emil = await api.log_in("emil")
    assert set(emil) == {"accessToken", "refreshToken", "tokenType", "expiresIn", "user"}
    assert (emil["tokenType"], emil["expiresIn"]) == ("Bearer", 900)
    assert (emil["user"]["email"], emil["user"]["role"]) == ("emil@example.com", "engineer")

    # 2. Use the access token.
    me = await api.get("/users/me", emil["accessToken"])
    assert (me.status_code, me.json()["data"]) == (200, emil["user"])

    # 3. Without one: 401.
    assert code(await api.get("/users/me")) == (401, "AUTHENTICATION_REQUIRED")

    # 4. With one that was forged, or has expired: 401.
    key, content = server.config.jwt_secret, jwt.decode(emil["accessToken"], options={"verify_signature": False})
    forged = jwt.encode(content, "somebody else's key of 32 characters", algorithm="HS256")
    expired = jwt.encode(content | {"exp": int(time.time()) - 1}, key, algorithm="HS256")
    assert code(await api.get("/users/me", forged)) == (401, "INVALID_TOKEN")
    assert code(await api.get("/users/me", expired)) == (401, "TOKEN_EXPIRED")

    # 5. A viewer may look, and may not decide: 403.
    vera = await api.log_in("vera")
    [drift] = (await api.get("/drifts?status=detected", vera["accessToken"])).json()["data"]
    approval = f"/drifts/{drift['id']}/approve"
    assert code(await api.post(approval, {"reason": REASON}, vera["accessToken"])) == (403, "FORBIDDEN")
    assert code(await api.get("/audit-logs", emil["accessToken"])) == (403, "FORBIDDEN")

    # 6. An engineer approves; who comes later learns that it was done.
    approved = await api.post(approval, {"reason": REASON}, emil["accessToken"])
    assert (approved.status_code, approved.json()["data"]["status"]) == (200, "approved")
    ada = await api.log_in("ada")
    assert (await api.post(approval, {"reason": REASON}, ada["accessToken"])).status_code == 409
    [entry_of_log] = (await api.get("/audit-logs?kind=drift.approved", ada["accessToken"])).json()["data"]
    assert (entry_of_log["actor"]["name"], entry_of_log["address"]) == ("Emil", "127.0.0.1")

    # 7. Refresh: a new pair; within the grace the same again.
    renewed = (await api.post("/auth/refresh", {"refreshToken": emil["refreshToken"]})).json()["data"]
    assert renewed["refreshToken"] != emil["refreshToken"]
    assert (await api.get("/users/me", renewed["accessToken"])).status_code == 200
    again = await api.post("/auth/refresh", {"refreshToken": emil["refreshToken"]})
    assert again.json()["data"]["refreshToken"] == renewed["refreshToken"]

    # 8. The spent refresh token after the grace: refused, and its whole session is dead.
    async with database.write() as tx:
        before = clock.to_text(clock.now() - timedelta(seconds=11))
        await tx.run("UPDATE refresh_tokens SET spent_at = :before WHERE spent_at IS NOT NULL", before=before)
    assert code(await api.post("/auth/refresh", {"refreshToken": emil["refreshToken"]})) == (401, "INVALID_TOKEN")
    assert code(await api.post("/auth/refresh", {"refreshToken": renewed["refreshToken"]})) == (401, "INVALID_TOKEN")
    assert code(await api.get("/users/me", renewed["accessToken"])) == (401, "INVALID_TOKEN")

    # 9. Log out: the refresh token is refused, and the access token is dead at once.
    assert (await api.post("/auth/logout", {"refreshToken": vera["refreshToken"]})).status_code == 200
    assert code(await api.post("/auth/refresh", {"refreshToken": vera["refreshToken"]})) == (401, "INVALID_TOKEN")
    assert code(await api.get("/users/me", vera["accessToken"])) == (401, "INVALID_TOKEN")
    assert (await api.get("/users/me", ada["accessToken"])).status_code == 200  # others go on

    # 10. Wrong passwords: five are told so, then there is a pause, for the right one too.
    wrong = {"email": "emil@example.com", "password": "wrong"}
    for _ in range(5):
        assert code(await api.post("/auth/login", wrong)) == (401, "INVALID_CREDENTIALS")
    sixth = await api.post("/auth/login", wrong)
    assert code(sixth) == (429, "RATE_LIMITED")
    assert 0 < int(sixth.headers["Retry-After"]) <= 15 * 60
    right = {"email": "emil@example.com", "password": PASSWORDS["emil"]}
    assert code(await api.post("/auth/login", right)) == (429, "RATE_LIMITED")
    assert (await api.get("/users/me", ada["accessToken"])).status_code == 200

    # And nothing secret was written anywhere.
    log = server.log.read_text()
    assert "request." in log
    for secret in (*PASSWORDS.values(), ci, emil["refreshToken"], renewed["accessToken"], ada["accessToken"]):
        assert secret not in log
