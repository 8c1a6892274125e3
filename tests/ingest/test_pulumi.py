"""Pulumi: previews and event streams, in both directions."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints
from driftsentry.ingest.formats import pulumi
from driftsentry.ingest.model import Change
from driftsentry.ingest.survey import Survey
from tests.ingest import surveys

REFRESH, PREVIEW = Hints(direction="refresh"), Hints(direction="preview")
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
URN = "urn:pulumi:dev::shop::"
BUCKET = URN + "my:Site$aws:s3/bucket:Bucket::logs"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"


def state(inputs: object = None, outputs: object = None, **parts: object) -> dict[str, object]:
    return {"type": "t", "inputs": inputs, "outputs": outputs} | parts


def step(op: str, old: object = None, new: object = None, urn: str = BUCKET, **parts: object) -> dict[str, object]:
    return {"op": op, "urn": urn, "oldState": old, "newState": new, "detailedDiff": None} | parts


def preview(*steps: dict[str, object], **parts: object) -> dict[str, object]:
    counts: dict[str, int] = {}
    for each in steps:
        counts[str(each["op"])] = counts.get(str(each["op"]), 0) + 1
    return {"steps": list(steps), "duration": 2_500_000_000, "changeSummary": counts} | parts


def event(kind: str, op: str, **metadata: object) -> dict[str, object]:
    return {"timestamp": 1737551235, kind: {"metadata": {"op": op, "urn": BUCKET, "type": "t"} | metadata}}


def summary(**changes: int) -> dict[str, object]:
    parts = {"maybeCorrupt": False, "durationSeconds": 2, "resourceChanges": changes}
    return {"timestamp": 1737551236, "summaryEvent": parts}


def changes(survey: Survey) -> list[tuple[object, ...]]:
    return [(c.path, c.before, c.after) for c in lines(survey)]


def lines(survey: Survey) -> tuple[Change, ...]:
    return surveys.scan(survey).findings[0].changes


UPDATE = step(
    "update",
    state({"acl": "private", "tags": {"a.b": "x"}}, {"acl": "private", "tags": {"a.b": "x"}, "arn": "arn:1"}),
    state({"acl": "public", "tags": {"a.b": "y"}}, {"acl": "public", "tags": {"a.b": "y"}, "arn": "arn:1"}),
    detailedDiff={
        "acl": {"kind": "update", "inputDiff": True},
        'tags["a.b"]': {"kind": "update", "inputDiff": False},
    },
)


def test_case_31_the_public_samples() -> None:
    def actions(name: str) -> list[str]:
        body = surveys.public(f"pulumi/{name}.json")
        documents = body.splitlines() if "display" in name else [body]
        found = surveys.read(pulumi, *documents, hints=PREVIEW)
        assert len({what.address for what in found.observed}) == len(found.observed)
        return [what.action for what in found.observed]

    assert actions("drift-adopter-aws_secret_input") == ["update"] * 3
    assert actions("drift-adopter-command_with_triggers") == ["update", "replace", "replace"]
    assert actions("drift-adopter-engine_events_update") == ["update"]
    assert actions("drift-adopter-events_with_deps") == ["unmanaged"] * 2
    assert actions("drift-adopter-small_scale_10_replace") == ["delete", "replace", "update", "replace", "unmanaged"]
    assert actions("pulumi-display-destroy-with-components") == ["unmanaged"] * 2


def test_case_31_direction_must_be_told_by_the_caller() -> None:
    message = surveys.refusal(pulumi, preview(UPDATE))
    assert "?direction=refresh" in message
    assert "?direction=preview" in message
    refreshed = surveys.read(pulumi, preview(UPDATE), hints=REFRESH)
    assert refreshed.mode == "refresh_only"
    assert changes(refreshed) == [(("acl",), "private", "public"), (("tags", "a.b"), "x", "y")]
    previewed = surveys.read(pulumi, preview(UPDATE), hints=PREVIEW)
    assert previewed.mode == "normal"
    assert changes(previewed) == [(("acl",), "public", "private"), (("tags", "a.b"), "y", "x")]
    assert surveys.only(previewed).proposed == ("update",)


def test_kinds_are_the_opposite_in_a_preview() -> None:
    one = state({"size": 1}, {"size": 1, "id": "x"})
    rows = [
        (REFRESH, step("delete", one), "delete", None),
        (REFRESH, step("create", None, one), "unmanaged", "informational"),
        (PREVIEW, step("create", None, one), "delete", None),
        (PREVIEW, step("delete", one), "unmanaged", "informational"),
    ]
    for hints, body, action, cause in rows:
        what = surveys.only(surveys.read(pulumi, preview(body), hints=hints))
        assert (what.action, what.cause) == (action, cause)
        side = what.differences[0].before if action == "delete" else what.differences[0].after
        assert isinstance(side, dict)
        assert side["size"] == 1


def test_the_urn_is_taken_apart() -> None:
    name = URN + "a:B$kubernetes:core/v1:Secret::one::two"
    what = surveys.only(surveys.read(pulumi, preview(step("delete", urn=name)), hints=REFRESH))
    assert what.address == name
    assert (what.resource_type, what.resource_name) == ("kubernetes:core/v1:Secret", "one::two")
    assert (what.module_address, what.provider) == ("a:B", "kubernetes")
    odd = surveys.only(surveys.read(pulumi, preview(step("delete", urn="odd")), hints=REFRESH))
    assert (odd.address, odd.resource_type) == ("odd", "")


def test_case_31_diff_kind_beside_kind() -> None:
    diffs = {
        "acl": {"diffKind": "update", "inputDiff": True},
        "gone": {"diffKind": "delete"},
        "new": {"diffKind": "add"},
    }
    old, new = state({"acl": "a", "gone": 1}), state({"acl": "b", "gone": 1, "new": 2})
    events = [event("resourcePreEvent", "update", old=old, new=new, detailedDiff=diffs), summary(update=1)]
    survey = surveys.read(pulumi, *events, hints=REFRESH)
    assert changes(survey) == [(("acl",), "a", "b"), (("gone",), 1, None), (("new",), None, 2)]
    assert survey.timestamp == datetime(2025, 1, 22, 13, 7, 16, tzinfo=UTC)
    assert (survey.duration, survey.incomplete_reason) == (2, "")


def test_case_31_one_replace_is_three_steps() -> None:
    old, new = state({"size": 1}), state({"size": 2})
    parts = {"detailedDiff": {"size": {"kind": "update-replace", "inputDiff": True}}}
    steps = [
        step("create-replacement", old, new, **parts),
        step("replace", old, new, **parts),
        step("delete-replaced", old),
    ]
    survey = surveys.read(pulumi, preview(*steps), hints=PREVIEW)
    what = surveys.only(survey)
    assert (what.action, what.cause, what.proposed) == ("replace", "out_of_band", ("delete", "create"))
    assert "proposes to replace" in what.cause_reason
    assert changes(survey) == [(("size",), 2, 1)]
    assert survey.incomplete_reason == ""


def test_case_31_several_documents() -> None:
    other = step("delete", state({"a": 1}), urn=URN + "t::other")
    assert len(surveys.read(pulumi, preview(UPDATE), preview(other), hints=REFRESH).observed) == 2
    pages = [
        {"events": [event("resourcePreEvent", "delete")], "continuationToken": "x"},
        {"events": [summary(delete=1)]},
    ]
    assert surveys.read(pulumi, *pages, hints=REFRESH).incomplete_reason == ""
    assert "continuationToken" in surveys.read(pulumi, pages[0], hints=REFRESH).incomplete_reason


def test_case_31_null_detailed_diff_compares_the_states() -> None:
    old = state({"size": 1, "name": "n"}, {"size": 1, "name": "n", "__meta": "1", "id": "x"})
    new = state({"size": 2, "name": "n"}, {"size": 2, "name": "n", "__meta": "2", "id": "x"})
    for hints in (REFRESH, PREVIEW):
        survey = surveys.read(pulumi, preview(step("update", old, new)), hints=hints)
        assert [path for path, *_ in changes(survey)] == [("size",)]
    # A program that leaves a property away takes it away.
    less = surveys.read(pulumi, preview(step("update", old, state({"name": "n"}))), hints=PREVIEW)
    assert changes(less) == [(("size",), None, 1)]
    named = step("update", old, state({"size": 2, "name": "other"}), diffReasons=["name"])
    assert changes(surveys.read(pulumi, preview(named), hints=PREVIEW)) == [(("name",), "other", "n")]
    nothing = surveys.read(pulumi, preview(step("update", diffReasons=["a"])), hints=REFRESH)
    assert surveys.only(nothing).is_unknown


def test_operations_that_change_nothing_are_no_drift() -> None:
    quiet = ("same", "read", "discard", "import", "read-replacement", "remove-pending-replace", "refresh")
    steps = [step(op, state({"a": 1}), state({"a": 2}), urn=f"{URN}t::{op}") for op in quiet]
    survey = surveys.read(pulumi, preview(*steps), hints=REFRESH)
    assert (survey.observed, survey.incomplete_reason) == ((), "")
    stack = step("update", state({}, {"url": 1}), state({}, {"url": 2}), urn=URN + "pulumi:pulumi:Stack::shop-dev")
    assert surveys.read(pulumi, preview(stack), hints=PREVIEW).observed == ()
    assert surveys.read(pulumi, {"changeSummary": {"same": 3}}, hints=REFRESH).incomplete_reason == ""
    new = surveys.only(surveys.read(pulumi, preview(step("frobnicate")), hints=REFRESH))
    assert (new.action, new.is_unknown) == ("frobnicate", False)


def test_a_refresh_that_only_counts_is_refused() -> None:
    old_cli = preview(step("refresh", state({"a": 1})), changeSummary={"update": 1, "same": 2})
    assert "3.117" in surveys.refusal(pulumi, old_cli, hints=REFRESH)
    assert "3.117" in surveys.refusal(pulumi, {"changeSummary": {"update": 2}}, hints=REFRESH)
    # Where the states are there, they say it.
    states = (state({}, {"a": 1}), state({}, {"a": 2}))
    with_states = preview(step("refresh", *states), changeSummary={"update": 1})
    assert changes(surveys.read(pulumi, with_states, hints=REFRESH)) == [(("a",), 1, 2)]
    half = preview(step("refresh", *states), changeSummary={"update": 2})
    assert "counts 2 changes" in surveys.read(pulumi, half, hints=REFRESH).incomplete_reason


def test_a_refresh_that_streams_says_what_came_out_in_its_outputs_event() -> None:
    diff = {"a": {"diffKind": "update"}}
    out = event("resOutputsEvent", "update", old=state({}, {"a": 1}), new=state({}, {"a": 2}), detailedDiff=diff)
    body = [event("resourcePreEvent", "refresh", old=state({}, {"a": 1})), out, summary(update=1)]
    survey = surveys.read(pulumi, *body, hints=REFRESH)
    assert (changes(survey), survey.incomplete_reason) == ([(("a",), 1, 2)], "")


def test_what_did_not_finish_or_failed_resolves_nothing() -> None:
    def reason(*documents: object, hints: Hints = REFRESH) -> str:
        return surveys.read(pulumi, *documents, hints=hints).incomplete_reason

    assert "corrupt" in reason(preview(UPDATE, maybeCorrupt=True))
    assert "error" in reason(preview(UPDATE, diagnostics=[{"severity": "error", "message": "SECRET"}]))
    assert reason(preview(UPDATE, diagnostics=[{"severity": "warning"}])) == ""
    assert "did not finish" in reason({"steps": [UPDATE]})
    assert reason({"steps": [UPDATE]}, hints=Hints(direction="refresh", complete=True)) == ""
    deleted = event("resourcePreEvent", "delete")
    assert "cut" in reason(deleted)
    failed = [{"diagnosticEvent": {"severity": "error", "message": "x"}}, {"resOpFailedEvent": {"metadata": {}}}]
    for each in failed:
        assert "error" in reason(deleted, each, summary(delete=1))
    corrupt = {"summaryEvent": {"maybeCorrupt": True, "resourceChanges": {"delete": 1}}}
    assert "corrupt" in reason(deleted, corrupt)
    nothing = Hints(direction="refresh", exit_code=255)
    assert surveys.read(pulumi, preview(step("same")), hints=nothing).is_errored
    assert reason(preview(UPDATE), hints=nothing) == ""  # --expect-no-changes fails because there are some


def test_what_cannot_be_is_refused_by_its_place() -> None:
    def message(*documents: object) -> str:
        return surveys.refusal(pulumi, *documents, hints=REFRESH)

    assert message({"steps": [{"op": 1, "urn": "x"}]}).startswith("steps[0].op has not")
    assert message({"steps": {}}).startswith("steps has not")
    assert message(preview(step("delete", state([1])))).startswith("steps[0]: inputs has not")
    assert message(preview(step("update", detailedDiff=["SECRET"]))).startswith("steps[0].detailedDiff has not")
    odd = step("update", detailedDiff={"SECRET": {"kind": 1}})
    assert message(preview(odd)).startswith("steps[0].detailedDiff[...].kind has not")
    assert "no urn" in message(preview(step("update", urn="")))
    assert "no name" in message(preview(step("update", urn="x" * 5000)))
    assert message(summary(), {"resourcePreEvent": 1}).startswith("document 2: resourcePreEvent has")
    deep = json.dumps(preview(step("delete", state({"a": "OLD"})))).encode()
    assert "deeper" in message(deep.replace(b'"OLD"', b"[" * 100 + b"]" * 100))
    assert "deeper" in message(deep.replace(b'"OLD"', b"[" * 100_000 + b"]" * 100_000))


def test_the_states_of_what_is_the_same_are_not_decoded() -> None:
    body = json.dumps(preview(step("same", state({"a": "OLD"})))).encode()
    assert surveys.read(pulumi, body.replace(b'"OLD"', b"[" * 100 + b"]" * 100), hints=REFRESH).observed == ()


EVERYTHING: list[object] = [
    preview(
        UPDATE,
        step("replace", state({"a": "[secret]"}, {"b": 1}), state({"a": "[secret]", "b": UNKNOWN}), urn=URN + "t::r"),
        step("refresh", state({}, {"tagsAll": {"a": 1}}), state({}, {"tagsAll": {"a": 2}}), urn=URN + "t::f"),
        step("create", None, state({"a": {SIGNATURE: SECRET, "ciphertext": "x"}}), urn=URN + "t::c"),
        diagnostics=[{"severity": "info"}],
    ),
    {
        "events": [
            event(
                "resourcePreEvent", "update", old=state({"a": 1}), new=state({"a": 2}), diffs=["a"], urn=URN + "t::e"
            ),
            summary(update=1),
        ]
    },
]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from([REFRESH, PREVIEW]))
def test_any_output_is_read_or_refused(data: st.DataObject, hints: Hints) -> None:
    surveys.holds(pulumi, data.draw(surveys.mangled(EVERYTHING)), hints)
