"""Argo CD: managed resources with both states, and applications that only say which are out of sync."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from driftsentry.ingest import Hints
from driftsentry.ingest.formats import argocd
from tests.ingest import surveys


def deployment(replicas: int, **metadata: object) -> dict[str, object]:
    containers = [{"name": "web", "image": "web:1", "env": [{"name": "DB_PASSWORD", "value": "hunter2"}]}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop"} | metadata,
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
    }


def item(kind: str = "Deployment", group: str = "apps", **states: object) -> dict[str, object]:
    """States are given as objects, and become JSON in strings as Argo CD writes them."""
    texts = {key: json.dumps(value) if isinstance(value, dict) else value for key, value in states.items()}
    return {"group": group, "kind": kind, "namespace": "shop", "name": "web"} | texts


def items(*each: dict[str, object]) -> dict[str, object]:
    return {"items": list(each)}


def secret(value: str) -> dict[str, object]:
    return {"kind": "Secret", "metadata": {"name": "web"}, "data": {"user": "dQ==", "opaque": value}}


DRIFTED = item(
    targetState=deployment(3),
    liveState=deployment(1),
    predictedLiveState=deployment(3),
    normalizedLiveState=deployment(1),
    modified=True,
)


def test_predicted_against_normalized() -> None:
    survey = surveys.read(argocd, items(DRIFTED))
    assert (survey.tool, survey.mode, survey.incomplete_reason) == ("argocd", "scan", "")
    found = surveys.findings(survey)["apps/Deployment/shop/web"]
    assert (found.action, found.cause, found.resource_type, found.provider) == (
        "update",
        "out_of_band",
        "apps/Deployment",
        "kubernetes",
    )
    assert [(c.path, c.before, c.after) for c in found.changes] == [(("spec", "replicas"), 3, 1)]
    # What `fields=` left of it, and states that are no strings.
    for parts in (
        {"predictedLiveState": deployment(3), "normalizedLiveState": deployment(1)},
        {"targetState": deployment(3), "liveState": deployment(1)},
    ):
        for body in (items(item(**parts)), items(item() | parts)):
            assert surveys.scan(surveys.read(argocd, body)) == surveys.scan(survey)


def test_what_is_in_sync_is_no_drift() -> None:
    same = deployment(3)
    noisy = deployment(
        3,
        managedFields=[{"manager": "x"}],
        resourceVersion="17",
        generation=4,
        uid="u",
        annotations={"kubectl.kubernetes.io/last-applied-configuration": '{"password": "hunter2"}'},
    ) | {"status": {"replicas": 3}}
    assert surveys.read(argocd, items(item(targetState=same, liveState=same))).observed == ()
    assert surveys.read(argocd, items(item(targetState=same, liveState=noisy))).observed == ()
    assert surveys.read(argocd, items(item(predictedLiveState=same, normalizedLiveState=noisy))).observed == ()
    # What only the cluster has filled in is none, as long as Argo CD does not say more.
    filled = deployment(3) | {"extra": {"defaulted": True}}
    assert surveys.read(argocd, items(item(targetState=same, liveState=filled))).observed == ()
    ignored = item(targetState=same, liveState=deployment(1), modified=False)
    assert surveys.read(argocd, items(ignored)).observed == ()
    hook = DRIFTED | {"hook": True}
    assert surveys.read(argocd, items(hook, item(targetState=same, liveState=same))).observed == ()


def test_missing_in_the_cluster_is_a_delete() -> None:
    for live in ("null", "", None):
        found = surveys.findings(surveys.read(argocd, items(item(targetState=deployment(3), liveState=live))))
        gone = found["apps/Deployment/shop/web"]
        assert (gone.action, gone.cause) == ("delete", "out_of_band")
        assert "hunter2" not in repr(gone)


def test_what_no_code_asks_for_is_unmanaged() -> None:
    for target in ("null", "", None):
        extra = item(targetState=target, liveState=deployment(1))
        found = surveys.scan(surveys.read(argocd, items(extra))).findings[0]
        assert (found.action, found.cause) == ("unmanaged", "informational")
        assert found.cause_reason == "it exists in the cluster and not in the code"
        pruned = surveys.scan(surveys.read(argocd, items(extra | {"requiresPruning": True}))).findings[0]
        assert (pruned.action, pruned.cause) == ("unmanaged", "out_of_band")


def test_said_to_be_modified_without_a_difference_is_unknown() -> None:
    same = deployment(3)
    what = surveys.only(surveys.read(argocd, items(item(targetState=same, liveState=same, modified=True))))
    assert (what.action, what.is_unknown) == ("update", True)
    assert surveys.only(surveys.read(argocd, items(item(modified=True)))).is_unknown


def test_all_of_a_secret_is_secret() -> None:
    first, second = (base64.b64encode(text).decode() for text in (b"first", b"second"))
    body = item("Secret", "", targetState=secret(first), liveState=secret(second))
    found = surveys.scan(surveys.read(argocd, items(body))).findings[0]
    assert found.address == "core/Secret/shop/web"
    assert [(c.path, c.is_sensitive) for c in found.changes] == [(("data", "opaque"), True)]
    for states in (
        {"targetState": secret(first), "liveState": "null"},
        {"targetState": "null", "liveState": secret(first)},
    ):
        survey = surveys.read(argocd, items(item("Secret", "", **states)))
        assert all(text not in repr(surveys.scan(survey)) for text in (first, "dQ=="))
    whole = item("Secret", "", targetState=secret(first) | {"data": None}, liveState=secret(second))
    assert second not in repr(surveys.scan(surveys.read(argocd, items(whole))))
    odd = item("Secret", "", targetState=secret(first) | {"data": [first]}, liveState=secret(second))
    assert first not in repr(surveys.scan(surveys.read(argocd, items(odd))))


def test_plus_signs_in_the_place_of_a_secret_are_secret_too() -> None:
    def signed(count: int) -> dict[str, object]:
        return {"kind": "Other", "spec": {"field": "+" * count}}

    body = item("Other", "x", predictedLiveState=signed(8), normalizedLiveState=signed(9))
    changes = surveys.scan(surveys.read(argocd, items(body))).findings[0].changes
    assert [(c.path, c.is_sensitive, c.before) for c in changes] == [(("spec", "field"), True, None)]


def application(*resources: dict[str, object], **status: object) -> dict[str, object]:
    parts = {"sync": {"status": "OutOfSync"}, "resources": list(resources), "reconciledAt": "2025-01-31T12:00:00Z"}
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "shop"},
        "status": parts | status,
    }


def listed(name: str, status: str, **parts: object) -> dict[str, object]:
    return {"version": "v1", "kind": "Service", "namespace": "shop", "name": name, "status": status} | parts


def test_an_application_says_which_but_not_in_what() -> None:
    body = application(
        listed("same", "Synced"),
        listed("other", "OutOfSync", health={"status": "Healthy"}),
        listed("gone", "OutOfSync", health={"status": "Missing"}),
        listed("extra", "OutOfSync", requiresPruning=True),
        listed("hook", "OutOfSync", hook=True),
        listed("node", "OutOfSync", namespace=None, group="g"),
    )
    survey = surveys.read(argocd, body)
    assert survey.timestamp == datetime(2025, 1, 31, 12, tzinfo=UTC)
    assert {what.address: (what.action, what.is_unknown, what.cause) for what in survey.observed} == {
        "core/Service/shop/other": ("update", True, None),
        "core/Service/shop/gone": ("delete", False, None),
        "core/Service/shop/extra": ("unmanaged", False, "out_of_band"),
        "g/Service/-/node": ("update", True, None),
    }
    assert survey.incomplete_reason == ""


def test_what_argo_cd_could_not_compare_resolves_nothing() -> None:
    for status in (
        {"sync": {"status": "Unknown"}},
        {"conditions": [{"type": "ComparisonError", "message": "SECRET"}]},
        {"resources": [listed("a", "Unknown")]},
    ):
        survey = surveys.read(argocd, application(listed("a", "Synced"), **status), hints=Hints(complete=True))
        assert survey.incomplete_reason.startswith("Argo CD ")
        assert "SECRET" not in survey.incomplete_reason
    warned = application(listed("a", "Synced"), conditions=[{"type": "OrphanedResourceWarning"}])
    assert surveys.read(argocd, warned).incomplete_reason == ""
    for nothing in (items(), {"items": None}, application()):
        assert "no resource is listed" in surveys.read(argocd, nothing).incomplete_reason
        assert surveys.read(argocd, nothing, hints=Hints(complete=True)).incomplete_reason == ""
    assert surveys.read(argocd, items(), hints=Hints(exit_code=20)).is_errored
    assert surveys.read(argocd, items(DRIFTED), hints=Hints(exit_code=1)).incomplete_reason == ""


def test_what_cannot_be_is_refused_by_its_place() -> None:
    assert "neither" in surveys.refusal(argocd, {"kind": "x"})
    assert surveys.refusal(argocd, {"status": "SECRET"}).startswith("status has not the shape that Argo CD")
    assert surveys.refusal(argocd, items({"kind": "a", "name": 1})).startswith("items[0].name has")
    assert surveys.refusal(argocd, items(), items(item(liveState="[1]"))).startswith("document 2: items[0] has")
    assert "not valid JSON" in surveys.refusal(argocd, items(item(liveState="{SECRET")))
    assert "deeper" in surveys.refusal(argocd, items(item(liveState="[" * 100 + "]" * 100)))
    assert "deeper" in surveys.refusal(argocd, items(item(liveState="[" * 100_000)))
    assert "already" in surveys.refusal(argocd, items(DRIFTED, DRIFTED))
    assert "no name" in surveys.refusal(argocd, items(DRIFTED | {"name": ""}))


EVERYTHING: list[object] = [
    items(
        DRIFTED,
        item("Secret", "", targetState=secret("YQ=="), liveState=secret("Yg==")),
        item("ConfigMap", "", targetState="null", liveState=deployment(1)),
        item("Job", "batch", targetState=deployment(1), liveState="null", requiresPruning=True),
    ),
    application(listed("other", "OutOfSync", health={"status": "Healthy"}), conditions=[{"type": "x"}]),
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_answer_is_read_or_refused(data: st.DataObject) -> None:
    surveys.holds(argocd, data.draw(surveys.mangled(EVERYTHING)), Hints())


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_state_is_read_or_refused(data: st.DataObject) -> None:
    target, live = data.draw(surveys.mangled([secret("YQ=="), deployment(3)]))
    body = items(item("Secret", "", targetState=target.decode(), liveState=live.decode()))
    surveys.holds(argocd, [surveys.text(body)], Hints())
