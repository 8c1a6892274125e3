"""Messages of `plan -json`, made by hand for what no recording shows."""

from __future__ import annotations

import json

from driftsentry.ingest import Hints, Scan
from tests.ingest import samples

START, END = "2026-11-21T19:11:44.000000Z", "2026-11-21T20:11:54.500000+01:00"


def message(
    kind: str | None, *, level: str = "info", at: str = START, module: str = "terraform.ui", **rest: object
) -> bytes:
    """One line."""
    head = {"@level": level, "@message": "s3cr3t", "@module": module, "@timestamp": at}
    tail = {"type": kind} if kind else {}
    return json.dumps(head | rest | tail, separators=(",", ":")).encode() + b"\n"


def resource(address: str) -> dict[str, object]:
    return {
        "addr": address,
        "module": "module.net" if address.startswith("module.net") else "",
        "resource": "aws_sqs_queue.x",
        "implied_provider": "aws",
        "resource_type": "aws_sqs_queue",
        "resource_name": "x",
        "resource_key": None,
    }


def change(kind: str, address: str, action: str, previous: str = "") -> bytes:
    inner: dict[str, object] = {"resource": resource(address), "action": action}
    if previous:
        inner["previous_resource"] = resource(previous)
    return message(kind, change=inner)


def drift(address: str, action: str = "update", previous: str = "") -> bytes:
    return change("resource_drift", address, action, previous)


def planned(address: str, action: str) -> bytes:
    return change("planned_change", address, action)


def summary(operation: str = "plan") -> bytes:
    counts = {"add": 0, "change": 0, "import": 0, "remove": 0, "operation": operation}
    return message("change_summary", at=END, changes=counts)


VERSION = message("version", terraform="1.11.4", ui="1.2")
REFRESH = message("refresh_start", hook={"resource": resource("a.b"), "id_key": "id", "id_value": "i-1"})
SUMMARY = summary()


def read(*lines: bytes, hints: Hints | None = None) -> Scan:
    return samples.read(b"".join(lines), hints)
