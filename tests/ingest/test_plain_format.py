"""DriftSentry's own format: what its documentation says, and that no survey loses anything in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints, Refused
from driftsentry.ingest.formats import plain
from driftsentry.ingest.survey import Survey
from tests.ingest import surveys

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "report-format.schema.json").read_text())
VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)
EXAMPLES = re.findall(r"```json\n(.*?)```", (DOCS / "report-format.md").read_text(), re.DOTALL)


def report(*resources: object, **parts: object) -> dict[str, object]:
    return {"driftsentry": 1, "complete": True, "resources": list(resources)} | parts


def resource(**parts: object) -> dict[str, object]:
    return {"address": "a"} | parts


def read(*resources: object, **parts: object) -> Survey:
    return surveys.read(plain, report(*resources, **parts))


def refusal(*resources: object, **parts: object) -> str:
    return surveys.refusal(plain, report(*resources, **parts))


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_documentation_fit_the_schema_and_are_read(example: str) -> None:
    VALIDATOR.validate(json.loads(example))
    assert len(surveys.scan(surveys.read(plain, example.encode())).findings) == len(json.loads(example)["resources"])


def test_the_examples_are_there_and_mean_what_they_say() -> None:
    assert len(EXAMPLES) == 4
    found = surveys.findings(surveys.read(plain, EXAMPLES[2].encode()))
    assert {address: (finding.action, finding.cause) for address, finding in found.items()} == {
        "database/main": ("update", "out_of_band"),
        "bucket/logs": ("delete", "out_of_band"),
        "bucket/test-of-jim": ("unmanaged", "informational"),
        "queue/orders": ("update", "out_of_band"),
        "cluster/blue": ("update", "out_of_band"),
    }
    assert [(c.path, c.is_sensitive, c.noise) for c in found["database/main"].changes] == [
        (("settings", "max_connections"), False, ""),
        (("users", 0, "password"), True, ""),
        (("updated_at",), False, "volatile"),
    ]
    assert [(c.path, c.is_sensitive) for c in found["queue/orders"].changes] == [
        (("auth", "token"), True),
        (("size",), False),
    ]
    assert found["cluster/blue"].is_unknown


def test_the_tables_name_every_key_of_the_schema_and_no_other() -> None:
    text = (DOCS / "report-format.md").read_text()
    tables = {key for row in re.findall(r"(?m)^\| (`.*?) \|", text) for key in re.findall(r"`(\w+)`", row)}
    keys = {*SCHEMA["properties"], *SCHEMA["$defs"]["resource"]["properties"], *SCHEMA["$defs"]["change"]["properties"]}
    assert tables == keys - {"$schema"}


def test_the_smallest_reports() -> None:
    survey = surveys.read(plain, b'{"driftsentry":1,"complete":true,"resources":[]}')
    assert (survey.format, survey.mode, survey.incomplete_reason, survey.observed) == ("plain", "scan", "", ())
    one = surveys.only(read({"address": "x"}))
    assert (one.action, one.is_unknown, one.cause) == ("update", True, None)


def test_complete_must_be_said() -> None:
    silent = {"driftsentry": 1, "resources": []}
    assert '"complete": true' in surveys.read(plain, silent).incomplete_reason
    assert surveys.read(plain, silent, hints=Hints(complete=True)).incomplete_reason == ""
    partly = silent | {"complete": False, "incompleteReason": "only one region"}
    for hints in (Hints(), Hints(complete=True)):
        assert surveys.read(plain, partly, hints=hints).incomplete_reason == "only one region"
    assert surveys.read(plain, silent | {"complete": False}).incomplete_reason
    assert surveys.read(plain, report(), hints=Hints(complete=False)).incomplete_reason
    errored = surveys.read(plain, report(errored=True))
    assert (errored.is_errored, errored.incomplete_reason) == (True, "the report says that the scan failed")
    assert surveys.read(plain, report(), hints=Hints(exit_code=1)).is_errored
    # driftctl's exit code 1 says that there is drift; that was settled where its report was read.
    assert not surveys.read(plain, report(format="driftctl"), hints=Hints(exit_code=1)).is_errored


def test_times_with_and_without_a_zone() -> None:
    for text in ("2025-01-31T12:00:00Z", "2025-01-31 12:00", "2025-01-31T14:00:00+02:00"):
        assert read(timestamp=text).timestamp == datetime(2025, 1, 31, 12, tzinfo=UTC)
    for text in ("SECRET", "", "9999-12-31T23:59:59-23:59"):
        assert '"timestamp" is no time' in refusal(timestamp=text)


def test_secrets_of_whole_objects_are_named_by_path() -> None:
    sides = {"before": {"a": [{"x": "s1"}, {"x": "o1"}], "b": "s3"}, "after": {"a": [{"x": "s2"}], "c": {"d": "s4"}}}
    body = resource(**sides, sensitive=[["a", 0, "x"], "b", ["c"]])
    difference = surveys.only(read(body)).differences[0]
    assert difference.before_mask == {"a": [{"x": True}, None], "b": True}
    assert difference.after_mask == {"a": [{"x": True}], "c": True}
    found = surveys.scan(read(body)).findings[0]
    assert all(text not in repr(found) for text in ("s1", "s2", "s3", "s4"))
    for path in (["a", 2, "x"], ["a", "0"], "nothing", ["b", "c"], [True]):
        assert "sensitive[0]" in refusal(resource(**sides, sensitive=[path]))
    whole = surveys.scan(read(resource(before="s1", after="s2", sensitive=[[]]))).findings[0]
    assert [c.is_sensitive for c in whole.changes] == [True]


def test_numbers_keep_their_digits() -> None:
    text = surveys.text(report(resource(changes=[{"path": ["n"], "before": "OLD", "after": "NEW"}])))
    text = text.replace(b'"OLD"', b"0.10").replace(b'"NEW"', b"123456789012345678901234567890")
    survey = surveys.read(plain, text)
    for each in (survey, plain.read([plain.write(survey)], hints=Hints())):
        difference = surveys.only(each).differences[0]
        assert (str(difference.before), difference.after) == ("0.10", 123456789012345678901234567890)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"driftsentry": 1}, 'The document has no "resources"'),
        ({"driftsentry": 2, "resources": []}, "1 is the only one"),
        ({"driftsentry": 1, "resourses": []}, 'perhaps "resources" is meant'),
        (report(Complete=False), 'perhaps "complete" is meant'),
        (report(zzzzzzzz="SECRET"), "The document has a key that is not known."),
        (report(resource(adress="x")), 'resources[0] has a key that is not known; perhaps "address" is meant'),
        (report(resource(changes=[{"path": [], "befor": 1}])), 'perhaps "before" is meant'),
        (report(resource(), {"name": "x"}), 'resources[1] has no "address"'),
        (report(resource(changes=[{"before": 1}])), 'resources[0].changes[0] has no "path"'),
        (report(complete="yes"), "complete has not the shape"),
        (report(resource(cause="SECRET")), "resources[0].cause has not"),
        (report(resource(changes=[{"path": [True]}])), "resources[0].changes[0].path[0] has not"),
        (report(resource(changes=[{"path": [-1]}])), "a position that is none"),
        (report(resource(changes=[{"path": ["x"] * 65}])), "too long"),
        (report(resource(changes=[], before={"a": 1})), 'has "changes"'),
        (report(resource(changes=[], sensitive=[])), 'has "changes"'),
        (report(resource(), resource()), "resources[1] has an address that is in it already"),
        (report(resource(address="a\0"), resource(address="a\u2400")), "already"),
        (report(resource(address="")), "resources[0] has no name"),
        (report(resource(address="x" * 4097)), "resources[0] has no name"),
        (report(resource(action="")), "resources[0].action"),
        (report(resource(action="x" * 65)), "resources[0].action"),
        (report(format="Plain text"), '"format"'),
        (report(mode="SECRET"), "mode has not"),
        (report(moves=[{"from": "a", "to": ""}]), "moves[0].to has no name"),
        (report(moves=[{"from": "a"}]), 'moves[0] has no "to"'),
        ([report()], "The document has not the shape"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_key_that_is_meant(body: object, words: str) -> None:
    message = surveys.refusal(plain, body)
    assert words in message
    assert "SECRET" not in message
    assert message.endswith("docs/report-format.md describes the format.") or "hold" not in message


def test_hostile_bodies_are_refused() -> None:
    text = surveys.text(report(resource(before="OLD")))
    for value, words in (
        (b"[" * 70 + b"]" * 70, "deeper"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper"),
        (b"1" * 500, "digits"),
        (b"1e99999", "digits"),
        (b'"\\ud800"', "Unicode"),
        (b"[" + b"1," * 300_000 + b"1]", "values"),
        (b"[" + b"[]," * 4_100_000 + b"[]]", "values"),
    ):
        assert words in surveys.refusal(plain, text.replace(b'"OLD"', value))
    assert "several reports" in surveys.refusal(plain, report(), report())


def test_an_update_of_nothing_and_an_unmanaged_one_that_is_not_informational() -> None:
    assert not surveys.only(read(resource(unknown=False))).is_unknown
    assert surveys.only(read(resource(action="unmanaged", cause="out_of_band"))).cause == "out_of_band"
    assert surveys.only(read(resource(action="unmanaged", cause=None))).cause is None
    noise = read(resource(before={"a": 1}, after={"a": 2}, proposed=["no-op"]))
    assert surveys.scan(noise).findings[0].cause == "informational"


EVERYTHING = report(
    resource(address="b", before={"a": [{"x": 1}]}, after={"a": []}, sensitive=[["a", 0]], previousAddress="c"),
    resource(
        action="replace",
        changes=[{"path": ["a", 0], "before": {"b": 1}, "after": 2, "beforeSensitive": {"b": True}, "noise": "mirror"}],
        proposed=["update"],
        cause="informational",
        causeReason="x",
    ),
    tool={"name": "x", "version": "1"},
    timestamp="2025-01-31T12:00:00Z",
    durationSeconds=1.5,
    moves=[{"from": "c", "to": "b"}],
)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_report_is_read_or_refused(data: st.DataObject) -> None:
    surveys.holds(plain, data.draw(surveys.mangled([EVERYTHING])), Hints())


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_is_read_fits_the_schema(data: st.DataObject) -> None:
    document = data.draw(surveys.mangled([EVERYTHING]))[0]
    try:
        plain.read([document], hints=Hints())
    except Refused:
        return
    body = json.loads(document)
    # Null is as good as nothing for a reader; the schema is for writers, who leave the key away.
    nulls = {key for key in ("tool", "timestamp", "complete") if body.get(key, "") is None}
    assert nulls or VALIDATOR.is_valid(body)
