"""Drifts that were stored before lines had digests keep their decisions, although their fingerprint is made anew."""

import msgspec

from driftsentry import drifts
from driftsentry.db import Tx
from driftsentry.events import SYSTEM
from driftsentry.ingest import Hints, parse
from driftsentry.judging import Book, Ruleset
from tests.ingest.samples import entry
from tests.reports.test_lasting_drifts import decided, scan
from tests.site import Site


async def age(site: Site, report: bytes) -> None:
    """Make the one drift look as an older version has left it."""
    key = site.app.settings.data_key
    [finding] = parse(report, stack="prod/app", key=key, hints=Hints(with_former=True)).findings
    lines = [{"path": c.path, "kind": c.kind, "before": c.before, "after": c.after} for c in finding.changes]
    flags = dict.fromkeys(("is_sensitive", "is_member", "in_json", "forces_replacement"), False) | {"noise": ""}
    changes = msgspec.json.encode([line | flags for line in lines]).decode()
    former = finding.former_fingerprint
    assert former != finding.fingerprint
    await site.run("UPDATE decisions SET fingerprint = :f, changes = :c", f=former, c=changes)
    await site.run(
        "UPDATE drifts SET fingerprint = :f, changes = :c, fingerprint_version = 1, source_digest = ''",
        f=former,
        c=changes,
    )


async def test_the_same_facts_again_keep_an_older_decision(site: Site) -> None:
    same = entry({"a": "1", "b": [1]}, {"a": "2", "b": [1, 2]}, address="demo.x")
    await site.post_body(scan(1, same))
    approved = await decided(site)
    await age(site, scan(1, same))
    answer = await (await site.post_body(scan(2, same))).get_json()
    assert answer["data"]["drifts"]["unchanged"] == 1
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["fingerprint"], drift["fingerprint_version"]) == (
        "approved",
        approved["fingerprint"],
        2,
    )
    assert await site.value("SELECT fingerprint FROM decisions") == approved["fingerprint"]


async def test_other_facts_open_a_drift_with_an_older_decision(sqlite_site: Site) -> None:
    site = sqlite_site
    await site.post_body(scan(1, entry({"a": "1"}, {"a": "2"}, address="demo.x")))
    await decided(site)
    await age(site, scan(1, entry({"a": "1"}, {"a": "2"}, address="demo.x")))
    answer = await (await site.post_body(scan(2, entry({"a": "1"}, {"a": "3"}, address="demo.x")))).get_json()
    assert answer["data"]["drifts"]["changed"] == 1
    assert (await site.drift("demo.x"))["status"] == "detected"


async def test_a_rule_that_changes_meanwhile_does_not_take_the_older_decision(sqlite_site: Site) -> None:
    site = sqlite_site
    same = entry(
        {"tags": {"a": "1", "b": "1"}}, {"tags": {"a": "2", "b": "2"}}, address="demo.x"
    )  # judged by a rule that ships
    await site.post_body(scan(1, same))
    await decided(site)
    await age(site, scan(1, same))
    key = site.app.settings.data_key

    async def books(tx: Tx, slug: str, environment: str) -> Book:
        return Book(key, slug, environment, Ruleset(()), learned=frozenset({("demo", ("tags", "b"))}))

    await drifts.review(site.db, SYSTEM, books)
    await site.post_body(scan(2, same))
    drift = await site.drift("demo.x")
    assert (drift["status"], drift["fingerprint_version"]) == ("approved", 2)
