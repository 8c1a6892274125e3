"""Recorded plans, and plans made by hand for what no recording shows."""

from __future__ import annotations

import json
from pathlib import Path

from driftsentry.ingest import Change, Finding, Hints, Scan, parse, unpack

RECORDED = Path(__file__).parent.parent / "recorded"
PUBLIC = Path(__file__).parents[3] / "shared" / "data" / "public"
KEY = b"a server key of thirty-two bytes"
STACK = "prod/shop"

PLANS = sorted(
    str(path.relative_to(RECORDED))
    for folder in ("tfplan", "tfplan-sequence", "story")
    for path in (RECORDED / folder).rglob("*.json")
)
PAIRS = sorted(str(path.parent.relative_to(RECORDED)) for path in RECORDED.glob("story/*/plan.json"))


def body(name: str) -> bytes:
    return unpack((RECORDED / name).read_bytes(), content_encoding="")


def scan(name: str, hints: Hints | None = None) -> Scan:
    return read(body(name), hints)


def read(document: bytes, hints: Hints | None = None) -> Scan:
    return parse(document, stack=STACK, key=KEY, hints=hints or Hints())


def entry(before: object, after: object, **fields: object) -> dict[str, object]:
    """One drift entry; `change` holds what else belongs into its change."""
    inner = fields.pop("change", {})
    assert isinstance(inner, dict)
    change = {"actions": ["update"], "before": before, "after": after} | inner
    return {"address": "demo.x", "mode": "managed", "type": "demo", "name": "x"} | fields | {"change": change}


def plan(*entries: dict[str, object], **top: object) -> bytes:
    """A refresh-only plan, unless `top` says otherwise."""
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_drift": list(entries),
        "complete": True,
        "errored": False,
    }
    return json.dumps(document | top, separators=(",", ":")).encode()


def only(found: Scan) -> Finding:
    assert len(found.findings) == 1
    return found.findings[0]


def changes(before: object, after: object, **fields: object) -> tuple[Change, ...]:
    return only(read(plan(entry(before, after, **fields)))).changes


def lines(before: object, after: object, **fields: object) -> list[tuple[object, ...]]:
    """(path, kind, before, after) of each change."""
    return [(c.path, c.kind, c.before, c.after) for c in changes(before, after, **fields)]


def by_address(found: Scan) -> dict[str, Finding]:
    return {finding.address: finding for finding in found.findings}
