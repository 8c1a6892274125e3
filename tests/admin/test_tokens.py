"""Tokens of CI jobs: an admin makes them, sees their secret once, and revokes them."""

import asyncio
import logging
import re
from collections.abc import Sequence
from datetime import timedelta

import pytest

from driftsentry import auth, clock, errors, ids
from driftsentry.auth import Scope, ci_tokens, token_queries
from driftsentry.db import Tx
from driftsentry.events import SYSTEM, Actor
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

FORM = {"name": "infra nightly", "scope": "report:write", "stacks": "prod/*", "days": "90"}
DAY = timedelta(days=1)


async def make(browser: Browser, **form: str) -> tuple[int, str]:
    response = await browser.post("/admin/tokens", FORM | form)
    return response.status_code, await response.get_data(as_text=True)


def secret_in(text: str) -> str:
    [secret] = re.findall(r"dsk_[\w-]{43}", text)
    return str(secret)


async def actor_of(site: Site, name: str, role: str) -> Actor:
    user = await site.person(name, role)
    return Actor("user", user.id, user.name, "198.51.100.4")


async def test_the_secret_is_shown_once_and_opens_its_stacks(site: Site) -> None:
    ada = await site.as_admin()
    status, text = await make(ada)
    secret = secret_in(text)
    assert status == 200
    assert "/api/v1/stacks/prod/app/reports" in text
    assert "--data-binary @plan.json" in text
    assert (await site.post_body(plan(entry({"a": 1}, {"a": 2})), "prod/net", token=secret)).status_code == 201
    assert (await site.post_body(plan(), "dev/net", token=secret)).status_code == 403
    listed = await ada.text("/admin/tokens")
    assert secret not in listed
    for fact in ("infra nightly", "prod/*", "report:write", "Ada", "in 90 days", "just now"):
        assert fact in listed
    assert "&lt;local&gt;" in listed, "the address of its last use, as the test client has it"


async def test_the_secret_is_nowhere_else(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        ada = await site.as_admin()
        secret = secret_in((await make(ada))[1])
        await site.post_body(plan(), "prod/net", token=secret)
        pages = [await ada.text(path) for path in ("/admin/tokens", "/admin/sessions", "/stacks/prod/net")]
    for place in (repr(await site.tables()), caplog.text, repr([vars(each) for each in caplog.records]), *pages):
        assert secret[4:] not in place
    assert len(await site.tables()) > 5


async def test_the_answer_may_not_be_kept(sqlite_site: Site) -> None:
    response = await (await sqlite_site.as_admin()).post("/admin/tokens", FORM)
    assert response.headers["Cache-Control"] == "no-store"


async def test_a_form_that_is_sent_twice_makes_one_token(site: Site) -> None:
    """Reloading the page with the secret sends the form again."""
    ada = await site.as_admin()
    [form_id] = re.findall(r'name="id" value="(\w+)"', await ada.text("/admin/tokens"))
    status, text = await make(ada, id=form_id)
    assert (status, len(secret_in(text))) == (200, 47)
    status, again = await make(ada, id=form_id)
    assert status == 409
    assert "dsk_" not in again
    assert "was made already" in again
    assert await site.value("SELECT count(*) FROM tokens") == 1
    [next_id] = re.findall(r'name="id" value="(\w+)"', again)
    assert next_id != form_id
    results = await asyncio.gather(*[make(ada, id=next_id) for _ in range(4)])
    assert sorted(code for code, _text in results) == [200, 409, 409, 409]
    assert len(await site.events("token.created")) == 2


@pytest.mark.parametrize("form_id", ["x", "' OR 1", "A" * 26, "0" * 500, "\0", ""])
async def test_an_id_that_is_none_of_ours_is_not_taken(site: Site, form_id: str) -> None:
    status, _text = await make(await site.as_admin(), id=form_id)
    made = str(await site.value("SELECT id FROM tokens"))
    assert status == 200
    assert re.fullmatch("[0-9a-z]{26}", made)
    assert made != form_id


async def test_making_one_is_an_event_with_actor_and_target(site: Site) -> None:
    ada = await site.as_admin()
    await make(ada, stacks="prod/*, dev/a\r\nlab/?")
    [event] = await site.events("token.created")
    assert (event.actor.name, event.actor.address) == ("Ada", "127.0.0.1")
    assert event.data["token_id"] == await site.value("SELECT id FROM tokens")
    assert (event.data["name"], event.data["scope"]) == ("infra nightly", "report:write")
    assert event.data["stacks"] == ["prod/*", "dev/a", "lab/?"]


@pytest.mark.parametrize("role", ["viewer", "engineer"])
async def test_nobody_else_sees_makes_or_revokes_any(site: Site, role: str) -> None:
    who, name = await site.as_role(role), {"viewer": "Vera", "engineer": "Emil"}[role]
    await site.token("*")
    token_id = await site.value("SELECT id FROM tokens")
    assert (await who.get("/admin/tokens")).status_code == 403
    assert (await make(who))[0] == 403
    assert (await who.post(f"/admin/tokens/{token_id}/revoke")).status_code == 403
    for browser in (site.anonymous(), Browser(site.app, "forged.cookie")):
        assert str((await browser.post("/admin/tokens", FORM)).location).startswith("/login")
    for actor in (await actor_of(site, name, role), Actor("token", str(token_id), "ci"), Actor("user", "nobody", "x")):
        with pytest.raises(errors.Forbidden):
            await auth.create_token(site.db, actor, "ci", ("*",), DAY)
        with pytest.raises(errors.Forbidden):
            await auth.revoke_token(site.db, actor, "ci")
    assert await site.value("SELECT count(*) FROM tokens WHERE revoked_at IS NULL") == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", "", "1 to 100"),
        ("name", "   ", "1 to 100"),
        ("name", "x" * 101, "1 to 100"),
        ("name", "a\u202eb", "printable"),
        ("name", "a\nb", "printable"),
        ("name", "a\0b", "printable"),
        ("scope", "admin", "Choose"),
        ("scope", "", "Choose"),
        ("stacks", "", "which stacks"),
        ("stacks", " \r\n , ", "which stacks"),
        ("stacks", "prod/*\n<b>", "Letters, digits"),
        ("stacks", "prod/${x}", "Letters, digits"),
        ("stacks", "pr\N{CYRILLIC SMALL LETTER O}d/*", "Letters, digits"),
        ("stacks", "[!a]", "Letters, digits"),
        ("stacks", "x" * 201, "200 characters"),
        ("stacks", "a " * 51, "50 globs"),
        ("days", "0", "1 to 365"),
        ("days", "366", "1 to 365"),
        ("days", "-1", "1 to 365"),
        ("days", "", "1 to 365"),
        ("days", "1e3", "1 to 365"),
        ("days", "\N{SUPERSCRIPT TWO}", "1 to 365"),
        ("days", "9" * 5000, "1 to 365"),
    ],
)
async def test_what_cannot_be_is_refused_beside_its_field(
    sqlite_site: Site, field: str, value: str, sentence: str
) -> None:
    status, text = await make(await sqlite_site.as_admin(), **{field: value})
    assert status == 422
    says = re.search(rf'id="token-{field}-says" role="alert">([^<]*)', text)
    assert says
    assert sentence in says[1]
    assert "dsk_" not in text
    assert "infra nightly" in text or field == "name", "what was typed stays"
    assert await sqlite_site.value("SELECT count(*) FROM tokens") == 0


async def test_all_problems_are_told_at_once(sqlite_site: Site) -> None:
    status, text = await make(await sqlite_site.as_admin(), name="", scope="x", stacks="<", days="x")
    assert (status, text.count('-says" role="alert">')) == (422, 4)


@pytest.mark.parametrize("stacks", ["*", "prod/*", "prod/[ab]?", "a" * 200, "\n".join(f"s{n}" for n in range(50))])
async def test_globs_within_the_limits_are_taken(sqlite_site: Site, stacks: str) -> None:
    assert (await make(await sqlite_site.as_admin(), stacks=stacks))[0] == 200


async def test_a_token_for_metrics_has_no_stacks_and_posts_no_report(site: Site) -> None:
    ada = await site.as_admin()
    status, text = await make(ada, scope="metrics:read", stacks="")
    secret = secret_in(text)
    assert status == 200
    assert "/metrics" in text
    assert "--data-binary" not in text
    response = await site.post_body(plan(), "prod/net", token=secret)
    answer = await response.get_json()
    assert (response.status_code, answer["error"]["code"]) == (403, "FORBIDDEN")
    assert "metrics:read" in answer["error"]["message"]
    assert (await make(ada, scope="metrics:read", stacks="*"))[0] == 422
    async with site.db.read() as tx:
        assert (await ci_tokens.identify_token(tx, secret)).scope is Scope.METRICS


async def test_revoking_works_at_once_and_again_does_nothing(site: Site) -> None:
    ada = await site.as_admin()
    secret = secret_in((await make(ada))[1])
    token_id = await site.value("SELECT id FROM tokens")
    for _ in range(2):
        response = await ada.post(f"/admin/tokens/{token_id}/revoke")
        assert (response.status_code, response.location) == (303, "/admin/tokens?done=revoked")
    assert (await site.post_body(plan(), "prod/net", token=secret)).status_code == 401
    [event] = await site.events("token.revoked")
    assert (event.actor.name, event.data["token_id"], event.data["name"]) == ("Ada", token_id, "infra nightly")
    text = await ada.text("/admin/tokens?done=revoked")
    assert "It is refused from now on" in text
    assert f"/admin/tokens/{token_id}/revoke" not in text
    for unknown in ("nothing", ids.new(), "%00", "infra nightly"):
        assert (await ada.post(f"/admin/tokens/{unknown}/revoke")).status_code == 404


async def test_revoked_by_two_at_once_is_one_event(site: Site) -> None:
    await site.token("*")
    actor = await actor_of(site, "Ada", "admin")
    numbers = await asyncio.gather(*[auth.revoke_token(site.db, actor, "ci") for _ in range(5)])
    assert sorted(numbers) == [0, 0, 0, 0, 1]
    assert len(await site.events("token.revoked")) == 1


async def test_the_list_tells_who_is_alive(site: Site) -> None:
    ada = await site.as_admin()
    await auth.create_token(site.db, SYSTEM, "over", ("*",), timedelta(seconds=-1))
    await auth.create_token(site.db, SYSTEM, "gone", ("*",), DAY)
    await auth.revoke_token(site.db, SYSTEM, "gone")
    await auth.create_token(site.db, SYSTEM, "good", ("*",), DAY)
    text = await ada.text("/admin/tokens")
    living, past = text.split('<details class="tokens-past">')
    assert ("good" in living, "over" in past, "gone" in past) == (True, True, True)
    assert "command line" in living
    assert ('<span class="tag">expired' in past, '<span class="tag">revoked' in past) == (True, True)
    assert "in 1 day<" in living


async def test_hostile_names_stay_text(site: Site) -> None:
    ada = await site.as_admin()
    status, text = await make(ada, name='<img src=x onerror=alert(1)>" hx-get="/x')
    await site.run("UPDATE users SET name = :name", name="<b>\u202e")
    await site.run("UPDATE tokens SET last_used_address = :evil, last_used_at = created_at", evil="<i>\u200b")
    assert status == 200
    for page in (text, await ada.text("/admin/tokens")):
        assert "<img" not in page
        assert not re.search(r"<b>(?!<bdi>|Name|What|Stacks|Expires)", page)
        assert "<i>" not in page
        assert not re.search("[\u202e\u200b]", page)


async def test_what_somebody_made_can_be_revoked_with_him(site: Site) -> None:
    actor = await actor_of(site, "Alan", "admin")
    await auth.create_token(site.db, actor, "his", ("*",), DAY)
    await auth.create_token(site.db, SYSTEM, "ours", ("*",), DAY)
    async with site.db.write() as tx:
        revoked = await token_queries.update_tokens_revoked_of(tx, actor.id, clock.now())
        assert [token.name for token in revoked] == ["his"]
        assert await token_queries.update_tokens_revoked_of(tx, actor.id, clock.now()) == []
    assert [row[0] for row in await site.rows("SELECT name FROM tokens WHERE revoked_at IS NULL")] == ["ours"]


async def test_what_must_come_first_comes_first_and_may_refuse(site: Site) -> None:
    seen: list[int] = []

    async def refuse(tx: Tx) -> None:
        seen.append(int(await tx.value("SELECT count(*) FROM tokens")))
        raise errors.Conflict("again")

    actor = await actor_of(site, "Vera", "viewer")
    with pytest.raises(errors.Conflict):
        await auth.create_token(site.db, actor, "ci", ("*",), DAY, once=refuse)
    assert seen == [0]
    assert await site.tables("users") == await site.tables("users")
    assert await site.value("SELECT count(*) FROM tokens") == 0


@pytest.mark.parametrize(("name", "stacks"), [("", ("*",)), ("ci", ()), ("ci", ("a b",))])
async def test_the_command_line_is_held_to_the_same(sqlite_site: Site, name: str, stacks: Sequence[str]) -> None:
    with pytest.raises(errors.Invalid):
        await auth.create_token(sqlite_site.db, SYSTEM, name, stacks, DAY)
