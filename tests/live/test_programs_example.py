"""The example of docs/api.md against a real server, with the library that it names."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from driftsentry import ROOT
from tests.api.program import program_of
from tests.ingest.samples import entry, plan
from tests.servers import Server, running_server
from tests.site import running_site

[EXAMPLE] = re.findall(r"^```python\n(.*?)^```$", (ROOT / "docs/api.md").read_text(), re.M | re.S)
REASON = {"reason": "the vendor asked us to keep it"}


async def seed(url: str) -> tuple[list[str], str]:
    """Tokens of two sessions of an engineer, and the id of the first."""
    async with running_site(url) as site:
        await site.post_body(plan(*[entry({"a": "1"}, {"a": "2"}, address=f"demo.x{n}") for n in range(3)]))
        emil = await site.person("Emil")
        first = await program_of(site, emil)
        [mine] = (await first.get("/sessions")).data
        return [first.token, (await program_of(site, emil)).token], mine["id"]


async def test_the_documented_example_follows_through_a_lost_session(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    tokens, session_id = await seed(sqlite_url)
    names: dict[str, Any] = {}
    exec(EXAMPLE, names)  # noqa: S102
    given: list[str] = []
    session = 0

    async def access_token() -> str:
        given.append(tokens[session])
        return given[-1]

    with running_server(tmp_path, sqlite_url, LIVE_PING_SECONDS="1") as server:
        heard = names["follow"](server.socket_url, access_token, pause=0.2, renew=0)
        assert (await anext(heard))["type"] == "room:joined"
        await heard_of(heard, "auth_ok")
        session = 1
        async with server.client() as client:
            client.headers["Authorization"] = f"Bearer {tokens[1]}"
            assert (await client.post("/api/v1/drifts/1/approve", json=REASON)).status_code == 200
            assert await decided(heard) == "1"
            assert (await client.delete(f"/api/v1/sessions/{session_id}")).status_code == 200
            assert (await client.post("/api/v1/drifts/2/approve", json=REASON)).status_code == 200
            assert await decided(heard) == "2"
            assert (await client.post("/api/v1/drifts/3/approve", json=REASON)).status_code == 200
            assert await decided(heard) == "3"
        await heard.aclose()
        await converse(server, tokens[1])
    assert set(given) == set(tokens)


async def decided(heard: Any) -> str:
    return str((await heard_of(heard, "drift:approved"))["data"]["id"])


async def heard_of(heard: Any, type: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for message in heard:
            if message["type"] == type:
                return dict(message)
    raise AssertionError("it ended")


async def converse(server: Server, token: str) -> None:
    """What only a real server does: bytes on two wires, and the end of a message that is too large."""
    async with (
        connect(f"{server.socket_url}/api/v1/live") as here,
        connect(f"{server.socket_url}/api/v1/live") as there,
    ):
        for socket in (here, there):
            await say(socket, type="auth", token=token)
            await say(socket, type="join", room="drift:1")
            await say(socket, type="resume", after=10**6)
        for number in range(3):
            await say(here, type="message", room="drift:1", text=f"{number}", clientId=f"{number}")
        texts = [(await of(there, "message"))["data"]["text"] for _ in range(3)]
        sent = [(await of(here, "message_sent", "message"))["clientId"] for _ in range(3)]
        assert texts == sent == ["0", "1", "2"]
        await here.send("x" * (64 * 1024 + 1))
        with pytest.raises(ConnectionClosed) as end:
            await of(here, "nothing")
        assert end.value.rcvd is not None
        assert end.value.rcvd.code == 1009


async def say(socket: Any, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def of(socket: Any, *types: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (message := json.loads(await socket.recv()))["type"] not in types:
            pass
    return dict(message)
