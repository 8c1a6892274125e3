"""Values for the templates of reports, with hostile text wherever text comes from outside."""

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace as Thing

from driftsentry.drifts.model import Row, Status
from driftsentry.reports.bars import Bar
from driftsentry.reports.history import Line, Part

NOW = datetime(2026, 11, 21, 19, 6, tzinfo=UTC)


def report(evil: str) -> Thing:
    return Thing(
        received_at=NOW, scanned_at=NOW, mode="refresh_only", tool="terraform", tool_version=evil, is_complete=False,
        is_late=True, incomplete_reason=evil, detected=1, changed=2, unchanged=3, reopened=4, resolved=5,
        informational=6, run_id=evil, run_url="javascript:alert(1)//" + evil, commit_hash=evil, token_name=evil,
        token_id=evil, id="r1", held=24, is_waiting=True, announced=7, stack=evil, format=evil,
    )  # fmt: skip


def line(evil: str) -> Line:
    return Line(report(evil), evil, "1 new", "3 s")  # type: ignore[arg-type]


def part(evil: str, number: int = 1) -> Part:
    row = Row(
        id=90, stack=evil, environment=evil, address=evil, deposed=evil, status=Status.DETECTED, cause="out_of_band",
        action=evil, severity="high", severity_reason=evil, attributes=(evil,), version=1, detected_at=NOW,
        updated_at=NOW, reopened=0, decided_by=evil, decided_at=NOW, fingerprint="ab" * 32, has_other_facts=True,
    )  # fmt: skip
    return Part(f"part{number}", "Opened", [replace(row, id=90 + number)], 3)


def values_of(name: str, evil: str) -> dict[str, object]:
    """What the templates `reports/*` and the page of a stack need beside the values of all templates."""
    if not name.startswith(("reports/", "stacks/show")):
        return {}
    return {
        "reports": [line(evil)],
        "about": line(evil),
        "bars": [Bar(report(evil), evil, state, 12, 5, 3) for state in ("complete", "incomplete", "late")],  # type: ignore[arg-type]
        "took": "0.8 s",
        "compared": Thing(older=report(evil), newer=report(evil), passing=2, is_capped=True),
        "part": part(evil),
        "parts": [part(evil, 1), part(evil, 2)],
        "choices": [line(evil)],
        "previous_id": "r0",
        "next_id": "r2",
    }
