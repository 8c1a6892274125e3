"""Connecting a stack: its token, the commands, and the wait that ends with its first report; demo data instead."""

import asyncio
import re

from driftsentry import demo
from tests.alerts.plans import scan
from tests.site import RECORDED, Browser, Site

PLAN = (RECORDED / "tfplan" / "gen-tf1.11-shop-drifted-refresh-only.json").read_bytes()
EVIL = '<img src=x onerror=alert(1)>"'


async def connect(admin: Browser, stack: str, **form: str) -> tuple[int, str, str]:
    """Status, page, and where it leads."""
    response = await admin.post("/setup/stack", {"stack": stack} | form)
    return response.status_code, str(await response.get_data(as_text=True)), response.location or ""


def found(pattern: str, page: str) -> str:
    match = re.search(pattern, page)
    assert match, pattern
    return match[1]


async def test_from_an_empty_machine_to_the_first_drift(sqlite_site: Site) -> None:
    admin = await sqlite_site.as_admin()
    assert 'href="/setup/stack">Connect the first stack' in await admin.text("/stacks")
    assert "Load demo data" in await admin.text("/setup/stack")
    status, page, _ = await connect(admin, " prod/network ")
    assert status == 200
    secret, url = found(r">(dsk_[\w-]{43})<", page), found(r'"(http[^" ]*/api/v1/stacks/prod/network/reports)"', page)
    poll = found(r'hx-get="(/setup/stack/waiting\?token=\w{26})"', page)
    assert "Waiting for the first report" in page
    assert secret not in page.replace(f">{secret}<", "")  # in no command: that would stay in the history of the shell
    assert (await admin.get(poll)).status_code == 204
    stack = found("/stacks/(.*)/reports", url)
    assert (await sqlite_site.post_body(PLAN, stack, token=secret)).status_code == 201
    arrived = await admin.text(poll)
    assert "has reported" in arrived
    assert "21 drifts need a decision" in arrived
    assert len(re.findall(r'href="/drifts/\d+"', arrived)) == 8
    assert "hx-trigger" not in arrived
    later = await admin.text(found(r'(/setup/stack\?token=\w+)"', page))
    assert "has reported" in later
    assert secret not in later
    [made] = await sqlite_site.events("token.created")
    assert (made.actor.name, made.data["stacks"]) == ("Ada", ["prod/network"])


async def test_what_has_no_drift_or_is_incomplete_says_so(sqlite_site: Site) -> None:
    admin = await sqlite_site.as_admin()
    for stack, body, words in (
        ("prod/clean", scan(1), "Nothing needs a decision"),
        ("prod/half", scan(1, errored=True), "was incomplete"),
    ):
        _, page, _ = await connect(admin, stack)
        response = await sqlite_site.post_body(body, stack, token=found(r">(dsk_[\w-]{43})<", page))
        assert response.status_code == 201, await response.get_data()
        assert words in await admin.text(found(r'hx-get="([^"]*)"', page))


async def test_sent_twice_it_makes_one_token(sqlite_site: Site) -> None:
    admin = await sqlite_site.as_admin()
    token_id = found(r'name="id" value="(\w{26})"', await admin.text("/setup/stack"))
    first, again = [await connect(admin, "prod/network", id=token_id) for _ in range(2)]
    assert (first[0], again[0]) == (200, 303)
    assert again[2] == f"/setup/stack?token={token_id}"
    page = await admin.text(again[2])
    assert "dsk_" not in page
    assert "Waiting for the first report" in page
    assert await sqlite_site.value("SELECT count(*) FROM tokens") == 1


async def test_what_is_no_stack_is_refused_beside_the_field(sqlite_site: Site) -> None:
    admin = await sqlite_site.as_admin()
    for wrong in ("", "a b", "/prod", "prod/*", EVIL, "a" * 201):
        status, page, _ = await connect(admin, wrong)
        assert (status, 'aria-invalid="true"' in page) == (422, True)
        assert "<img" not in page
    assert await sqlite_site.value("SELECT count(*) FROM tokens") == 0
    await sqlite_site.token("prod/*")
    [of_many] = await sqlite_site.rows("SELECT id FROM tokens")
    for token in ("", "nothing", of_many["id"]):
        assert (await admin.get(f"/setup/stack/waiting?token={token}")).status_code == 404


async def test_demo_data_is_for_admins_of_an_empty_machine_and_comes_once(sqlite_site: Site) -> None:
    engineer, admin = await sqlite_site.as_engineer(), await sqlite_site.as_admin()
    assert "Load demo data" not in await engineer.text("/stacks")
    assert (await engineer.post("/setup/demo")).status_code == 403
    both = await asyncio.gather(*[admin.post("/setup/demo") for _ in range(2)])
    assert sorted(response.status_code for response in both) == [303, 409]
    assert await sqlite_site.value("SELECT count(*) FROM stacks") == len(demo.STACKS)
    [loaded] = await sqlite_site.events("demo.loaded")
    assert (loaded.actor.name, loaded.data["stacks"]) == ("Ada", len(demo.STACKS))
    assert (await admin.post("/setup/demo")).status_code == 409
    assert "Load demo data" not in await admin.text("/setup/stack")
    assert "loaded the demo data" in await admin.text("/audit?kind=demo.loaded")
