"""Every line for curl in docs/api.md is run as it stands there, and every call of the API has one."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from werkzeug.routing import Map
from werkzeug.routing.exceptions import HTTPException

from driftsentry import ROOT
from driftsentry.web import DriftSentry
from tests.servers import Server, running_server
from tests.site import PASSWORD, RECORDED, Site, running_site

API = (ROOT / "docs/api.md").read_text()
_CALL = re.compile(r"^(curl .*?)\n(# (\d{3}).*?)(?=\n\n|\Z)", re.M | re.S)
_TAKEN = re.compile(r"\$([A-Z_]+) is ([\w.\[\]-]+)")


class Call(NamedTuple):
    """One line, the status that stands behind it, and what later lines take from its answer."""

    line: str
    status: int
    takes: dict[str, str]


def sections() -> dict[str, list[Call]]:
    """The calls by the heading that they stand under."""
    found: dict[str, list[Call]] = {}
    for section in re.split(r"^## ", API, flags=re.M)[1:]:
        blocks = re.findall(r"^```sh\n(.*?)\n```$", section, flags=re.M | re.S)
        calls = [Call(line, int(status), dict(_TAKEN.findall(about))) for line, about, status in _calls(blocks)]
        found |= {section.splitlines()[0]: calls} if calls else {}
    return found


def _calls(blocks: list[str]) -> Iterator[tuple[str, str, str]]:
    for block in blocks:
        yield from _CALL.findall(block)


def value(answer: Any, path: str) -> str:
    """What stands at a path such as `data[0].id`."""
    for part in re.findall(r"\w+|-\d+", path):
        answer = answer[int(part)] if re.fullmatch(r"-?\d+", part) else answer[part]
    return str(answer)


class Shell:
    """Runs lines one after the other, in one folder, with the variables that have come together."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.variables = variables
        self.addresses: list[tuple[str, str]] = []

    def run(self, call: Call) -> None:
        told = 'curl() { command curl --silent --output answer --write-out "%{http_code} %{method} %{url}" "$@"; }\n'
        environment = {"PATH": os.environ["PATH"], "no_proxy": "*"} | self.variables
        done = subprocess.run(
            ["bash", "-euc", told + call.line],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        status, _, address = done.stdout.partition(" ")
        answer = (self.folder / "answer").read_text()
        assert status == str(call.status), f"{call.line}\n{status} {answer}\n{done.stderr}"
        self.variables |= {name: value(json.loads(answer), path) for name, path in call.takes.items()}
        self.addresses.append((address.partition(" ")[0], address.partition(" ")[2]))


def endpoint(routes: Map, server: Server, method: str, url: str) -> str:
    path = url.removeprefix(server.url).partition("?")[0]
    try:
        return str(routes.bind("").match(path, method)[0])
    except HTTPException as refusal:
        raise AssertionError(f"{method} {path}: {refusal}") from refusal


def of_the_api(app: DriftSentry) -> set[str]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/")]
    return {rule.endpoint for rule in rules if not rule.websocket}


async def seed(site: Site) -> str:
    """What the calls are about; a CI token."""
    await site.person("Ada", "admin")
    await site.post_plan("tfplan/gen-tf1.11-shop-drifted-normal.json", "prod/shop")
    await site.post_plan("story/4-more-drift/refresh.json", "prod/app")
    return await site.ci_token()


async def test_documented_calls_do_what_is_documented_and_none_is_missing(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'test.db'}"
    async with running_site(url) as site:
        token = await seed(site)
        routes, known = site.app.url_map, of_the_api(site.app)
    (tmp_path / "plan.json").write_bytes((RECORDED / "story/3-first-drift/refresh.json").read_bytes())
    (tmp_path / "notification.json").write_text('{"notifications": [{"trigger": "verification"}]}')
    found = sections()
    sign_in = found["Sign in"][0]
    with running_server(tmp_path, url) as server:
        shell = Shell(tmp_path, SERVER=server.url, PASSWORD=PASSWORD, DRIFTSENTRY_TOKEN=token)
        for calls in found.values():
            shell.run(sign_in)  # "The sections below begin signed in."
            for call in calls:
                shell.run(call)
        called = {endpoint(routes, server, method, address) for method, address in shell.addresses}
    assert called == known


def test_every_line_for_curl_says_what_comes_of_it() -> None:
    lines = len(re.findall(r"^(?:\$ )?curl ", API, flags=re.M))
    assert lines == sum(map(len, sections().values())) > 0
