"""The specification of the API: true to the routes, and held by Schemathesis against a real server, for every role."""

import faulthandler
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import jsonschema_rs
import pytest
from jsonschema_rs import Draft202012Validator

from driftsentry import ROOT
from driftsentry.api import openapi
from driftsentry.web import Access
from tests.servers import Server, running_server
from tests.site import Site, running_site

SEED = 20261122
ENOUGH = 2_000
APART = {f"{openapi.BASE}/openapi.json", f"{openapi.BASE}/docs"}
SECURITY: dict[Access, Any] = {
    Access.ANYONE: [],
    Access.PUBLIC: [{"accessToken": []}, {}],
    Access.VIEWER: [{"accessToken": []}],
    Access.ENGINEER: [{"accessToken": []}],
    Access.ADMIN: [{"accessToken": []}],
    Access.REPORTER: [{"ciToken": []}],
    Access.SIGNED: [],
}


class Run(NamedTuple):
    """One run of Schemathesis. `who`: an e-mail address, a CI token, or '' for nobody."""

    who: str
    options: list[str]


@pytest.fixture
async def document(sqlite_site: Site) -> dict[str, Any]:
    return openapi.specification(sqlite_site.app)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    paths = document["paths"].items()
    return {(method.upper(), path): each for path, methods in paths for method, each in methods.items()}


def routes(site: Site) -> dict[tuple[str, str], Access]:
    """The calls of the API as the document writes them."""
    found = {}
    for rule in site.app.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.rule not in APART and not rule.websocket:
            path = re.sub(r"<(?:\w+(?:\(.*?\))?:)?(\w+)>", r"{\1}", rule.rule)
            methods = (rule.methods or set()) - {"HEAD", "OPTIONS"}
            found |= {(method, path): site.app.access_of(rule.endpoint) for method in methods}
    return found


async def test_every_call_is_in_the_document_with_who_may_make_it(sqlite_site: Site, document: dict[str, Any]) -> None:
    real = {call: SECURITY[access] for call, access in routes(sqlite_site).items()}
    assert {call: operation["security"] for call, operation in operations(document).items()} == real


async def test_every_call_has_a_name_of_its_own_and_a_summary(document: dict[str, Any]) -> None:
    found = operations(document).values()
    assert len({operation["operationId"] for operation in found}) == len(found)
    for operation in found:
        assert operation["summary"], operation["operationId"]
        assert operation["description"], operation["operationId"]


async def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    from schemathesis.openapi import from_dict  # here, for it takes a second

    assert document["openapi"].startswith("3.1.")
    from_dict(document).validate()
    found = [*document["components"]["schemas"].values(), *schemas(document["paths"])]
    assert len(found) > 100
    for schema in found:
        jsonschema_rs.meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})


def schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Those of parameters, bodies and answers, which the schema of OpenAPI does not look into."""
    if isinstance(node, dict):
        yield from [node["schema"]] if "schema" in node else []
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from schemas(each)


async def test_every_reference_of_the_document_leads_somewhere(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    assert "#/components/schemas/" in text
    for name in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document["components"]})


async def test_schemathesis_finds_nothing_for_any_role(tmp_path: Path) -> None:
    faulthandler.cancel_dump_traceback_later()  # on a machine that does much else; every run has a limit of its own
    url = f"sqlite:///{tmp_path / 'test.db'}"
    runs = await seed(url)
    with running_server(tmp_path, url, API_REQUESTS_A_MINUTE="1000000", PUBLIC_READ="true") as server:
        reports = try_out(server, tmp_path, runs)
        known = {f"{method} {path}" for method, path in operations(openapi_of(server))}
    assert sum(report["test_cases"]["generated"] for report in reports) >= ENOUGH
    assert set().union(*map(accepted, reports)) == known, "each has succeeded, and its answer was seen"


async def seed(url: str) -> dict[str, Run]:
    """People, drifts, stacks, alerts and a token; by its name, what each of them tries."""
    async with running_site(url) as site:
        for name, role in (("Vera", "viewer"), ("Emil", "engineer"), ("Ada", "admin")):
            await site.person(name, role)
        await site.post_plan("tfplan/gen-tf1.11-shop-drifted-normal.json")
        await site.post_plan("story/4-more-drift/refresh.json", "prod/other")
        token = await site.ci_token()
    # The coverage of one is the coverage of all; it does not get more when it is asked for fewer examples.
    some = ["--phases", "fuzzing,stateful", "--max-examples", "4"]
    return {
        "admin": Run("ada@example.com", ["--max-examples", "5"]),
        "engineer": Run("emil@example.com", some),
        "viewer": Run("vera@example.com", some),
        "nobody": Run("", some),
        "ci": Run(token, ["--include-operation-id", "post_report", "--max-examples", "20"]),
    }


def try_out(server: Server, folder: Path, runs: dict[str, Run]) -> list[dict[str, Any]]:
    """Run Schemathesis as each of them, with all checks; their reports."""
    known = {"TRY_SERVER": server.url, "TRY_DATABASE": str(folder / "test.db")}
    # Which characters an encoding has is found out once, and not for each run anew.
    known |= {"HYPOTHESIS_STORAGE_DIRECTORY": str(ROOT / ".hypothesis")}
    options = ["--checks", "all", "--seed", str(SEED), "--no-color", "--continue-on-failure"]
    start = ["--config-file", str(ROOT / "tests/api/schemathesis.toml"), "run", f"{server.url}/api/v1/openapi.json"]
    asked = {
        name: {
            "arguments": [*start, *options, *run.options, "--report-json-path", f"{name}.json"],
            "environment": known | {"TRY_AS": run.who},
        }
        for name, run in runs.items()
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.api.specification_runs"],
        input=json.dumps(asked).encode(),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT), "no_proxy": "*"},
        stdout=subprocess.PIPE,
        check=True,
    )
    codes = json.loads(done.stdout)
    failed = {name: (folder / f"{name}.log").read_text()[-20_000:] for name, code in codes.items() if code}
    assert not failed, "\n".join(f"{name}: {codes[name]}\n{log}" for name, log in failed.items())
    return [json.loads((folder / f"{name}.json").read_bytes()) for name in runs]


def openapi_of(server: Server) -> dict[str, Any]:
    return dict(httpx.get(f"{server.url}/api/v1/openapi.json", trust_env=False).json())


def accepted(report: dict[str, Any]) -> set[str]:
    """The operations that answered valid data with success."""
    rates = report["valid_rates"].items()
    return {operation for operation, phases in rates if any(phase["accepted"] for phase in phases.values())}
