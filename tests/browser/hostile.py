"""A house whose every value wants to be code, and what may not happen on its pages."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import httpx
from playwright.async_api import BrowserContext, Page

from driftsentry import auth, clock, events, ids, rules
from driftsentry.auth import queries, session_queries, token_queries
from driftsentry.auth.guards import COOKIE
from driftsentry.auth.model import NewSession, Scope, Token, User
from driftsentry.drifts import view_queries
from driftsentry.drifts.view_model import View
from driftsentry.events import Actor
from driftsentry.rules import ignore_model, ignore_queries, severity_actions, severity_draft, severity_queries
from tests.browser.house import House
from tests.browser.payloads import MARKDOWN, PAYLOADS, UNSEEN, VISIBLE
from tests.browser.places import World
from tests.browser.plans import Entry, door, entry, size
from tests.servers import NO_TLS
from tests.site import open_session, sign

STACK = "prod/x_.--..y"  # as far as the name of a stack goes
LONG = "A" * 1_000_000 + "the end"
NAME = VISIBLE[0] + VISIBLE[40] + UNSEEN[0]  # of the admin who does it all
HIGHEST = 40_000  # pixels: the 50 lines of a drift that are shown at once, on a narrow screen
_COMPLAINS = "window.pwned = what => console.error(`pwned(${what}) ran`)"
# Whatever no template of ours has: what a payload would add, if it became more than text.
_ADDED = """() => {
  const elements = `audio, base, body script:not([src^='/static/']), embed, frameset, hx-partial, iframe, img, marquee,
    math, object, body style, template, video, animate, foreignObject, body meta, pwned-x, noscript, main form main`
  const added = [...document.querySelectorAll(elements)].map(each => each.outerHTML.slice(0, 200))
  for (const each of document.querySelectorAll("*")) {
    for (const name of Element.prototype.getAttributeNames.call(each)) {  // a field of a form can hide the form's own
      const value = Element.prototype.getAttribute.call(each, name)
      const isCode = /^on|^style$|^srcdoc$|pwned|hx-on|^data-hx|shadowroot/.test(name)
      const leads = /^(href|src|action|formaction|xlink:href|hx-(get|post|put|delete|ws:connect))$/.test(name)
      const isStray = leads && /^\\s*(javascript|vbscript|data:text|\\/pwned)/i.test(value)
      const isNamed = /^(class|id)$/.test(name) && /(^| )pwned( |$)/.test(value)
      if (isCode || isStray || isNamed) added.push(`${each.localName} ${name}=${value}`)
    }
  }
  const mains = document.querySelectorAll("main").length, height = document.documentElement.scrollHeight
  const hidden = /[\\u200b\\u200d\\u202e\\u2066\\u2028\\ufeff\\u3164\\u00ad]/g
  const text = (document.body.innerText.match(hidden) ?? []).join("")
  return {added: [...new Set(added)], mains, height, width: document.documentElement.scrollWidth, unseen: escape(text)}
}"""


def critical(payload: str) -> Entry:
    """An open door of that name: critical, so it stands everywhere."""
    return door("pwned") | {"address": f'aws_security_group.web["{payload}"]'}


def crowded(after: str = "m5.4xlarge") -> Entry:
    """One drift with every payload as the name and as the value of an attribute, and as text, line by line."""
    before = {"tags": dict.fromkeys(PAYLOADS[::2], "tame"), "user_data": "", "instance_type": "m5.large"}
    tags: dict[str, Any] = {each: each for each in PAYLOADS}
    changed = {"tags": tags, "user_data": "\n".join(PAYLOADS), "instance_type": after}
    return entry("aws_instance.crowded", before, changed | {"policy": '{"Statement": "<b class=pwned>{{7*7}}"}'})


def endless() -> Entry:
    """A line of a megabyte, and ten thousand attributes."""
    many = {f"<b class=pwned>{number}</b>": "x" * 20 for number in range(10_000)}
    before: dict[str, Any] = {"description": LONG[:-7], "tags": {}}
    return entry("aws_instance.endless", before, {"description": LONG, "tags": many})


async def watched_window(house: House, name: str, role: str, **options: Any) -> BrowserContext:
    """A window that complains when anything of a payload runs."""
    window = await house.window(name, role, **options)
    await window.add_init_script(_COMPLAINS)
    return window


async def settle(house: House) -> World:
    """What is there before anybody looks: one stack with two drifts, and an admin with a bad name."""
    ada = await house.person("Ada", "admin")
    await house.person("Eva")
    async with house.db.write() as tx:
        await tx.run("UPDATE users SET name = :name WHERE id = :id", name=NAME, id=ada.id)
    await house.report(crowded(), size("tame"), stack=STACK)
    return {"stack": STACK, "drift": (await house.drift("aws_instance.crowded"))["id"]}


async def sow(house: House, world: World) -> None:
    """Every payload into every place that takes one, by the ways that people and programs have. Fills `world`."""
    ada = await house.person("Ada", "admin")
    cookie = sign(house.config, await open_session(house.db, house.config, ada))
    headers = {"Cookie": f"{COOKIE}={cookie}", "User-Agent": VISIBLE[6]}
    await _report(house)
    async with httpx.AsyncClient(base_url=house.url, headers=headers, trust_env=False, verify=NO_TLS) as client:
        several = ["\n\n".join(PAYLOADS[start : start + 9]) for start in range(0, len(PAYLOADS), 9)]
        await _post(client, f"/drifts/{world['drift']}/comments", "text", [*several, *MARKDOWN])
        await _post(client, "/drifts/views", "name", [f"{VISIBLE[0]} too"], query=f"q={VISIBLE[2]}", shared="yes")
        await _post(client, "/admin/tokens", "name", VISIBLE[:2], scope="report:write", stacks="*", days="9")
        await _decide(house, client)
    world |= await _keep(house, ada)
    async with house.db.read() as tx:
        world["report"] = await tx.value("SELECT max(id) FROM reports WHERE run_id = :run", run=VISIBLE[6])
        world["endless"] = await tx.value("SELECT id FROM drifts WHERE address = 'aws_instance.endless'")
        world["token"] = await tx.value("SELECT max(id) FROM tokens")
    world["code"] = await auth.make_reset_link(house.db, events.SYSTEM, world["user"])


async def _report(house: House) -> None:
    """All at once, from a job that says of itself what it may."""
    said = {"runId": VISIBLE[6], "runUrl": "https://ci.example.org/pwned/'onclick=pwned(1)", "commit": VISIBLE[48]}
    await house.report(*map(critical, PAYLOADS), endless(), stack=STACK, **said)
    for payload in PAYLOADS[::8]:  # of each report there is one alert
        await house.report(critical(payload), stack="dev/x")


async def _post(client: httpx.AsyncClient, path: str, field: str, values: Iterable[str], **rest: str) -> None:
    for value in values:
        answer = await client.post(path, data={field: value} | rest)
        assert answer.status_code in (200, 303), f"{path} {value!r}: {answer.text[-900:]}"


async def _decide(house: House, client: httpx.AsyncClient) -> None:
    """Of three drifts one is approved, one snoozed, and one waits on; with the reason of another one."""
    async with house.db.read() as tx:
        rows = await tx.all(
            "SELECT d.id, fingerprint FROM drifts d JOIN stacks s ON s.id = stack_id WHERE slug = :slug"
            " AND severity = 'critical' ORDER BY d.id",
            slug=STACK,
        )
    for number, (row, payload) in enumerate(zip(rows, reversed(PAYLOADS), strict=True)):
        seen, reason = row["fingerprint"], [f"I say: {payload}"]
        if number % 3 == 0:
            await _post(client, f"/drifts/{row['id']}/snooze", "reason", reason, fingerprint=seen, until="change")
        if number % 3 == 1:
            await _post(client, f"/drifts/{row['id']}/decision", "reason", reason, fingerprint=seen, verdict="approved")


async def _keep(house: House, ada: User) -> World:
    """People, sessions, tokens, views and rules of such names; the last rules as admins make them."""
    key, actor, now = house.config.data_key, Actor("user", ada.id, NAME, VISIBLE[6], ""), clock.now()
    ignores, severities = _drafts()
    users = [replace(ada, id=ids.new(), name=payload, email=f"{payload}@example.com") for payload in VISIBLE]
    async with house.db.write() as tx:
        for user, ignore, severity in zip(users, ignores, severities, strict=True):
            payload = user.name
            await queries.insert_user(tx, user, now)
            for owner in (ada, user):
                view = View(ids.new(), owner.id, "", payload[:60], f"q={quote(payload)}", owner == user, False, True)
                await view_queries.insert_view(tx, view, now)
            until = now + timedelta(days=1)
            session = NewSession(ids.new(), ada.id, "browser", ids.secret(), payload, payload, now, until)
            await session_queries.insert_session(tx, session)
            token = Token(ids.new(), payload, ("*",), now, until, None, None, Scope.REPORT, user.id, "")
            await token_queries.insert_token(tx, token, ids.secret())
            await ignore_queries.insert_rule(tx, ignore_model.checked(ignore, NAME, now), ada.id, now)
            await severity_queries.insert_own(tx, severity_draft.checked(severity), ada.id, now)
    await rules.add_ignore(house.db, key, actor, replace(ignores[0], id=ids.new()))
    await severity_actions.add(house.db, key, actor, replace(severities[0], id=ids.new(), name=VISIBLE[9]))
    return {"rule": severities[1].id, "user": users[6].id}


def _drafts() -> tuple[list[ignore_model.Draft], list[severity_draft.Draft]]:
    """Rules of both kinds; the first ones are about drifts that are there."""
    ignores, severities, day = [], [], str((clock.now() + timedelta(days=9)).date())
    for number, payload in enumerate(VISIBLE):
        globs = (STACK, "*", "*") if number == 0 else (payload, payload, payload)
        path, words = f"tags[{json.dumps(payload)}]", f"I say: {payload}"
        ignores.append(ignore_model.Draft(ids.new(), *globs, path, payload, words, day))
        types, name = (payload.replace(",", ".") if number else "aws_instance"), f"{number} {payload}"[:80]
        words = words.replace("{", "(")  # the name of a place there would have to be one of ours
        severities.append(severity_draft.Draft(name=name, reason=words, types=types, severity="low"))
    return ignores, severities


async def assert_tame(page: Page) -> None:
    """Nothing of a payload became a part of the page, nothing unseen stayed unseen, and the page can be used."""
    found = await page.evaluate(_ADDED)
    assert found["added"] == [], page.url
    assert (found["mains"], found["unseen"]) == (1, ""), page.url
    assert found["height"] <= HIGHEST, f"{page.url} is {found['height']} pixels high"
    width = (page.viewport_size or {"width": 0})["width"]
    assert found["width"] <= width, f"{page.url} scrolls sideways"


def assert_nothing_asked_for(house: House) -> None:
    """No window asked for what only a payload knows, or posted anything by itself."""
    assert [asked for asked in house.requests if "/pwned" in asked[1] or asked[0] != "GET"] == []
