"""PostgreSQL keeps no zero byte: who sends one gets an answer as to anything else, never an error of ours."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import driftsentry
from tests.contract.test_access import routes
from tests.databases import PostgresServer
from tests.ingest.samples import entry, plan
from tests.site import Site

FIELD = re.compile(r"""(?:\.(?:get|getlist)\(|args\[)\s*"(\w+)\"""")
CHOICES = ("verdict", "reason", "until", "step", "text", "format")  # without them nobody reads on


@pytest.fixture
def database_url(postgres: PostgresServer) -> Iterator[str]:
    """On this engine alone."""
    with postgres.lent() as url:
        yield url


def fields() -> set[str]:
    """The names that any page reads."""
    sources = Path(driftsentry.__file__).parent.rglob("*.py")
    return {"type", "path", "q"} | {name for source in sources for name in FIELD.findall(source.read_text())}


async def test_no_page_stumbles_over_a_zero_byte(site: Site) -> None:
    await site.post_body(plan(entry({"a": 1}, {"a": 2})))
    report = await site.value("SELECT id FROM reports")
    spoiled, failed = dict.fromkeys(fields(), "a\0b"), []
    assert {"fingerprint", "view", "token", "from", "with", "before"} <= spoiled.keys()
    for route in routes(api=False):
        admin = await site.as_admin()
        path = re.sub(r"(?<=^/reports/)0+$", report, route.path.partition("?")[0])
        if route.method == "GET":
            response = await admin.get(f"{path}?{'&'.join(f'{name}=a%00b' for name in spoiled)}")
        else:
            chosen = {name: value for name, value in dict(route.form or {}).items() if name in CHOICES}
            response = await admin.post(path, spoiled | chosen)
        if response.status_code >= 500:
            failed.append((route.method, path))
    assert failed == []
