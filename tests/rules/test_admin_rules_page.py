"""The pages of severity rules: a light list, one that can be switched and moved, a form that tries before it saves."""

import gzip
import re

import pytest

from driftsentry import ids
from driftsentry.judging import SHIPPED, Conditions, Line, Rule, Severity
from driftsentry.rules.severity_views import match_of
from tests.ingest.samples import entry, plan
from tests.site import Browser, Site

FORM = {
    "name": "bigger machine", "severity": "critical", "reason": "{attribute} went from {before} to {after}",
    "attributes": "size", "after": "raised",
}  # fmt: skip


async def post(browser: Browser, path: str = "/admin/rules", **form: str) -> tuple[int, str]:
    response = await browser.post(path, {"id": ids.new(), "step": "save"} | FORM | form)
    return response.status_code, await response.get_data(as_text=True)


async def report(site: Site, amount: int = 1) -> None:
    entries = [entry({"size": 1}, {"size": 2}, address=f"demo.x{n}") for n in range(amount)]
    await site.post_body(plan(*entries, entry({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, address="demo.tagged")))


async def test_an_admin_tries_saves_changes_and_removes_a_rule_without_scripts(site: Site) -> None:
    ada = await site.as_admin()
    await report(site, 60)
    listed = await ada.text("/admin/rules")
    assert re.search(r"tags only.*?>1 drift<", listed, re.DOTALL)
    assert listed.index('id="critical-title"') < listed.index('id="high-title"') < listed.index('id="low-title"')

    status, tried = await post(ada, step="try")
    assert status == 200
    assert "<b>60 drifts</b> would get their severity from this rule" in tried
    assert "of 61 drifts that are not resolved" in tried
    assert (tried.count("sev-medium"), tried.count("sev-critical")) == (50, 50)
    assert "and 10 more drifts" in tried
    assert "size went from 1 to 2" in tried
    assert 'value="bigger machine"' in tried, "what was typed stays"
    assert await site.value("SELECT count(*) FROM severity_rules") == 0

    form_id = ids.new()
    response = await ada.post("/admin/rules", FORM | {"id": form_id, "step": "save"})
    assert (response.status_code, response.location) == (303, f"/admin/rules?done=added#rule-{form_id}")
    listed = await ada.text("/admin/rules?done=added")
    assert re.search(r"bigger machine.*?own.*?>60 drifts<", listed, re.DOTALL)
    assert "judged again" in listed
    assert await site.value("SELECT count(*) FROM drifts WHERE severity = 'critical'") == 60

    form = await ada.text(f"/admin/rules/{form_id}")
    [seen] = re.findall(r'name="seen" value="([^"]+)"', form)
    assert all(f'value="{FORM[name]}"' in form for name in ("name", "after"))
    status, _text = await post(ada, f"/admin/rules/{form_id}", seen=seen, severity="low", name="smaller worry")
    assert status == 303
    assert await site.value("SELECT count(*) FROM drifts WHERE severity_rule = 'smaller worry'") == 60
    status, stale = await post(ada, f"/admin/rules/{form_id}", seen=seen, severity="high", name="too late")
    assert (status, "Somebody changed this rule" in stale, 'value="too late"' in stale) == (409, True, True)

    response = await ada.post(f"/admin/rules/{form_id}/remove")
    assert (response.status_code, response.location) == (303, "/admin/rules?done=removed")
    for verb in ("added", "changed", "removed"):
        audit = await ada.text(f"/audit?kind=rule.{verb}")
        assert f"{verb} the severity rule" in re.sub("<[^>]*>", "", audit)


async def test_rules_are_switched_and_moved_by_the_buttons_of_their_page(site: Site) -> None:
    ada = await site.as_admin()
    shown = await ada.text("/admin/rules/tls-lowered")
    assert ("*tls_version." in shown, "/remove" in shown, "6 of 56" in shown) == (True, False, True)
    [[key, neighbour]] = re.findall(
        r'formaction="/admin/rules/(tls-lowered)/move" name="above" value="([a-z-]+)"', shown
    )
    for _ in range(2):
        response = await ada.post(f"/admin/rules/{key}/move", {"above": neighbour})
        assert (response.status_code, response.location) == (303, f"/admin/rules/{key}?done=moved")
    assert ("The rule was moved" in await ada.text(f"/admin/rules/{key}?done=moved")) is True
    moved = await ada.text("/admin/rules")
    assert moved.index('id="rule-tls-lowered"') < moved.index(f'id="rule-{neighbour}"')
    assert len(await site.events("rule.moved")) == 1
    for on in ("0", "1"):
        response = await ada.post("/admin/rules/tls-lowered/switch", {"on": on})
        assert response.status_code == 303
        assert (' data-off="yes"' in await ada.text("/admin/rules")) is (on == "0")
    for path, form in (
        ("nothing/switch", {"on": "0"}),
        ("tls-lowered/move", {}),
        ("nothing/remove", {}),
        ("%00/switch", {}),
    ):
        assert (await ada.post(f"/admin/rules/{path}", form)).status_code == 404
    assert (await ada.post("/admin/rules/tls-lowered/remove")).status_code == 409
    for path in ("nothing", "%00"):
        assert (await ada.get(f"/admin/rules/{path}")).status_code == 404
    like = await ada.text("/admin/rules/new?like=tls-lowered")
    assert ("*tls_version." in like, 'name="name" value=""' in like) == (True, True)


@pytest.mark.parametrize("step", ["try", "save"])
async def test_problems_stand_beside_their_fields_and_nothing_is_kept(sqlite_site: Site, step: str) -> None:
    ada = await sqlite_site.as_admin()
    evil = '<img src=x onerror=alert(1)>" \u202e'
    status, text = await post(
        ada, step=step, name=evil, reason="{x}", after="< many", asks=evil, types=evil, addresses=evil, severity="high"
    )
    assert status == 422
    for field in ("name", "reason", "after", "asks", "types", "addresses"):
        assert f'id="rule-{field}-says">' in text, field
    assert "<img" not in text
    assert "&lt;img src=x" in text, "what was typed stays"
    assert (await post(ada, step=step, severity="x"))[0] == 422
    assert await sqlite_site.value("SELECT count(*) FROM severity_rules") == 0
    for form_id in ("x", "' OR 1", "A" * 26, "\0", ""):
        assert (await post(ada, id=form_id))[0] == 422


async def test_a_form_that_is_sent_twice_makes_one_rule(site: Site) -> None:
    ada, form_id = await site.as_admin(), ids.new()
    assert [(await post(ada, id=form_id))[0] for _ in range(2)] == [303, 303]
    assert (await post(ada, id=form_id, name="another"))[0] == 409
    status, text = await post(ada)
    assert (status, "There is a rule of this name already." in text) == (422, True)
    assert len(await site.events("rule.added")) == 1


async def test_the_list_of_a_hundred_rules_is_light(sqlite_site: Site) -> None:
    text = await (await sqlite_site.as_admin()).text("/admin/rules")
    assert text.count('<li id="rule-') == len(SHIPPED.rules)
    assert text.count("<form") < 10, "what is done with a rule is done on its page"
    assert len(gzip.compress(text.encode())) < 10_000


def test_a_line_says_what_a_rule_asks_for() -> None:
    lines = {rule.key: match_of(rule) for rule in SHIPPED.rules}
    assert lines["tls-lowered"] == "*tls_version, min_tls* +7: lowered"
    assert (
        lines["data-lost"]
        == "aws_s3_bucket, aws_s3_directory_bucket +56 · not *_parameter_group, *_subnet_group +2 · delete"
    )
    assert all(0 < len(line) <= 163 for line in lines.values())
    line = Line(("a",), "1", "")
    assert match_of(Rule("k", "n", Severity.LOW, "r", Conditions(lines=(line, line), every=True))) == (
        "only a: was 1 · or 1 more"
    )
    assert match_of(Rule("k", "n", Severity.LOW, "r", Conditions(types=("x" * 500,)))) == "x" * 160 + "..."
    assert match_of(Rule("k", "n", Severity.LOW, "r", Conditions())) == "everything"


async def test_names_that_try_to_be_markup_stay_text(sqlite_site: Site) -> None:
    ada = await sqlite_site.as_admin()
    evil = "<i hx-get=/x>{{ 7 * 7 }}</i>"
    assert (await post(ada, name=evil, reason=evil.replace("{{ 7 * 7 }}", ""), types=evil.replace(" ", "")))[0] == 303
    await report(sqlite_site)
    for path in ("/admin/rules", "/audit", "/drifts", "/drifts/1"):
        text = await ada.text(path)
        assert "<i hx" not in text
        assert ">49<" not in text


async def test_a_try_of_many_drifts_is_cut_and_says_so(sqlite_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("driftsentry.rules.severity_trial._PART", 3)
    monkeypatch.setattr("driftsentry.rules.severity_trial.MOST_DRIFTS", 6)
    ada = await sqlite_site.as_admin()
    await report(sqlite_site, 9)
    _status, text = await post(ada, step="try")
    assert "There are more drifts than were looked at" in text
    assert "of 6 drifts" in text
