"""No secret of any recorded or public file is anywhere but in the request that brought it.

Everything that a running server keeps, says or sends is searched: the files or tables of the database, the log,
every answer, every page and every pushed frame. And what the client for CI sends in the first place.
"""

import asyncio
import gzip
import json
import re
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import httpx
import pytest
from click.testing import CliRunner
from websockets.asyncio.client import ClientConnection, connect

from driftsentry import auth
from driftsentry.auth.guards import COOKIE
from driftsentry.client import report
from driftsentry.db import Database
from driftsentry.events import SYSTEM
from tests.ingest.samples import PUBLIC
from tests.servers import Server, running_server
from tests.site import RECORDED, add_person, open_session, sign

MARKERS = (
    "Correct-Horse", "Leaky-Pass", "HUNTER2", "LEAK", "s3cr3t", "SSM-SECRET", "var-secret-one", "correct-horse",
    "tr0ub4dor", "seqa-secret",
)  # fmt: skip
THEIRS = ("fake-ca-key", "old-password-value")  # of the public files
FOLDERS = ("tfplan-sequence", "story", "tfplan", "tfplan-encoding", "tf-ui-log", "wrong")
FILES = [path for folder in FOLDERS for path in sorted((RECORDED / folder).rglob("*")) if path.is_file()]
PUBLIC_FILES = [path for path in sorted(PUBLIC.rglob("*.json*")) if path.is_file()]  # none where they are absent
PLANS = [path for path in FILES if path.suffix == ".json" and path.parent.name not in ("wrong", "tfplan-encoding")]


class Heard:
    """All that came from the server, by where it came from."""

    def __init__(self) -> None:
        self.parts: dict[str, list[bytes]] = {}

    def add(self, where: str, content: bytes | str) -> None:
        content = content if isinstance(content, bytes) else content.encode()
        self.parts.setdefault(where, []).append(content)

    def leaks(self) -> list[tuple[str, str]]:
        found = []
        for where, contents in self.parts.items():
            everything = b"\n".join(contents).lower()
            found += [(where, marker) for marker in (*MARKERS, *THEIRS) if marker.lower().encode() in everything]
        return found


def stack_of(path: Path) -> str:
    """One stack for the scans of one sequence, another for every other file."""
    if path in PUBLIC_FILES:
        return f"public/{path.name}"
    name = path.relative_to(RECORDED).as_posix()
    return f"prod/{path.name}" if name.startswith("story") else "prod/seqa" if "seqa" in name else f"x/{path.name}"


@asynccontextmanager
async def listening(server: Server, cookie: str, rooms: list[str], heard: Heard) -> AsyncIterator[None]:
    async def listen(socket: ClientConnection) -> None:
        async for frame in socket:
            heard.add("frames", frame)

    asked = "&".join(f"room={room}" for room in rooms)
    headers = {"Cookie": f"{COOKIE}={cookie}"}
    url = f"{server.socket_url}/live?after=0&{asked}"
    async with connect(url, additional_headers=headers, max_size=None, proxy=None) as socket:
        task = asyncio.create_task(listen(socket))
        yield
        await asyncio.sleep(0.5)
        task.cancel()


async def post_everything(client: httpx.AsyncClient, token: str, heard: Heard) -> None:
    """What Pulumi printed in both directions, for it does not say which one it is."""
    for path in [*FILES, *PUBLIC_FILES]:
        for direction in ("preview", "refresh") if path.parent.name == "pulumi" else ("",):
            address = f"/api/v1/stacks/{quote(stack_of(path) + direction)}/reports"
            response = await client.post(
                address,
                content=path.read_bytes(),
                headers={"Authorization": f"Bearer {token}"},
                params={"commit": "c0ffee"} | ({"direction": direction} if direction else {}),
            )
            assert response.status_code < 500, path
            heard.add("answers", response.content)


async def decide(client: httpx.AsyncClient, heard: Heard) -> None:
    """Some decisions, so that facts are copied with them; one of them by htmx, one refused."""
    page = (await client.get("/drifts")).text
    for number, pick in enumerate(re.findall(r'name="drift" value="(\d+:[0-9a-f]+)"', page)[:12]):
        drift_id, fingerprint = pick.split(":")
        typed = {"verdict": "approved", "reason": "looks right to me", "fingerprint": fingerprint}
        if number % 3 == 0:
            typed["fingerprint"] = "stale"
        headers = {"HX-Request": "true"} if number % 2 else {}
        response = await client.post(f"/drifts/{drift_id}/decision", data=typed, headers=headers)
        assert response.status_code in (200, 303, 409)
        heard.add("answers", response.content)


async def fetch_pages(client: httpx.AsyncClient, heard: Heard, db: Database) -> None:
    each = 1 if db.engine == "sqlite" else 20  # they look the same on both
    drift_ids, stacks, reports = (found[::each] for found in await known(db))
    paths = ["/", "/stacks", "/alerts", "/drifts", "/drifts?q=password"]
    paths += [f"/drifts/{drift_id}" for drift_id in drift_ids]
    paths += [f"/drifts?status={tab}" for tab in ("approved", "rejected", "resolved", "informational")]
    paths += [f"/stacks/{quote(slug)}" for slug in stacks] + [f"/reports/{report_id}" for report_id in reports]
    following = "/drifts?status=all"
    while following:
        response = await client.get(following)
        heard.add("pages", response.content)
        found = re.search(r'rel="next" href="([^"]+)"', response.text)
        following = found[1].replace("&amp;", "&") if found else ""
    for path in paths:
        response = await client.get(path)
        assert response.status_code == 200, path
        heard.add("pages", response.content)


async def test_no_secret_is_in_the_database_the_log_a_page_an_answer_or_a_push(
    database_url: str, tmp_path: Path
) -> None:
    heard = Heard()
    db = Database(database_url)
    with running_server(tmp_path, database_url, LOG_RESPONSE_TIME="true") as server:
        await db.connect()
        emil, vera = await add_person(db, "Emil"), await add_person(db, "Vera", "viewer")
        cookies = [sign(server.config, await open_session(db, server.config, who)) for who in (emil, vera)]
        _token, secret = await auth.create_token(db, SYSTEM, "ci", ("*",), server.config.session_absolute)
        rooms = ["drifts", *[f"drift:{number}" for number in range(1, 10)]]
        async with server.client(cookies[0]) as client:
            async with listening(server, cookies[0], rooms, heard), listening(server, cookies[1], rooms, heard):
                await post_everything(client, secret, heard)
                await decide(client, heard)
            async with listening(server, cookies[1], rooms, heard):  # what a page missed
                pass
            await fetch_pages(client, heard, db)
        for name, content in await kept(database_url):
            heard.add(name, content)
    await db.disconnect()
    heard.add("log", server.log.read_bytes())
    assert {"answers", "frames", "pages", "log"} < set(heard.parts)
    assert len(heard.parts["pages"]) > (300 if db.engine == "sqlite" else 30)
    assert len(heard.parts["frames"]) > 40
    assert heard.leaks() == []


async def known(db: Database) -> tuple[list[int], list[str], list[str]]:
    """All drifts but for most of the one large plan, all stacks, and all reports."""
    async with db.read() as tx:
        rows = await tx.all("SELECT d.id, s.slug FROM drifts d JOIN stacks s ON s.id = d.stack_id ORDER BY d.id")
        reports = [row["id"] for row in await tx.all("SELECT id FROM reports")]
    small = [row["id"] for row in rows if "big" not in row["slug"]]
    large = [row["id"] for row in rows if "big" in row["slug"]]
    assert len(small) > 100
    return small + large[::50], sorted({row["slug"] for row in rows}), reports


async def kept(database_url: str) -> list[tuple[str, bytes]]:
    """What lies on the disk: the files of SQLite, every column of every table of PostgreSQL."""
    if database_url.startswith("sqlite:///"):
        path = Path(database_url.removeprefix("sqlite:///"))
        files = [file for file in path.parent.glob(path.name + "*") if file.suffix != ".log"]
        assert {file.name for file in files} >= {path.name, f"{path.name}-wal"}
        with sqlite3.connect(path) as connection:  # and as text: a value may stretch over pages of the file
            dump = "\n".join(connection.iterdump()).encode()
        connection.close()
        assert b"aws_sqs_queue" in dump
        return [(file.name, file.read_bytes()) for file in files] + [("dump", dump)]
    raw = await asyncpg.connect(database_url)
    tables = await raw.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    parts = []
    for (name,) in tables:
        rows = await raw.fetch(f"SELECT t::text FROM {name} t")
        parts.append((name, "\n".join(row[0] for row in rows).encode()))
    await raw.close()
    assert any(b"aws_sqs_queue" in content for _name, content in parts)
    return parts


def test_the_recordings_hold_every_marker() -> None:
    """Else the search above would prove nothing."""
    contents = [path.read_bytes().lower() for path in PLANS]
    missing = [marker for marker in MARKERS if not any(marker.lower().encode() in content for content in contents)]
    assert missing == ["Leaky-Pass", "SSM-SECRET"]  # their recordings were not kept; they cost nothing


@contextmanager
def recording_server() -> Iterator[tuple[str, list[bytes]]]:
    """A server that keeps what it is sent and answers as ours does."""
    received: list[bytes] = []
    counts = dict.fromkeys(("detected", "changed", "unchanged", "reopened", "resolved", "informational"), 0)
    answer = {"data": {"drifts": counts, "report": {"complete": True}}, "meta": {"duplicate": False}, "success": True}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            received.append(f"{self.requestline}\n{self.headers}".encode())
            body = json.dumps(answer).encode()
            self.send_response(201)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("folder", ["tfplan", "tfplan-sequence", "story", "tfplan-encoding"])
def test_the_client_masks_before_it_sends(folder: str) -> None:
    heard = Heard()
    paths = [path for path in FILES if path.is_relative_to(RECORDED / folder) and path.suffix in (".json", ".gz")]
    with recording_server() as (url, received):
        for path in paths:
            command = [str(path), "--stack", "prod/app", "--server", url, "--token", "dsk_x"]
            result = CliRunner().invoke(report, command)
            assert result.exit_code == (1 if path.name == "truncated.json" else 0), result.output
            heard.add("output", result.output)
    bodies, about = received[::2], received[1::2]
    assert len(bodies) == len([path for path in paths if path.name != "truncated.json"])
    for body in bodies:
        heard.add("bodies", gzip.decompress(body))
    for text in about:
        heard.add("headers", text)
    assert heard.leaks() == []
