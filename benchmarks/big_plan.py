"""A refresh-only plan as a large stack makes it: every resource another one, every value its own."""

import json
from typing import Any

DRIFTS = 10_000
# What differs, in turn: as people and tools do it, most of all tags and settings.
_KINDS = (
    *("tag", "setting", "phantom", "tag", "policy", "setting", "number", "tag", "setting", "secret"),
    *("tag", "setting", "phantom", "tag", "policy", "setting", "number", "tag", "member", "delete"),
)


def big_plan(drifts: int = DRIFTS, scan: int = 0) -> bytes:
    """UTF-8 JSON, about 5.2 kB a drift. `scan`: another one has another time, and the same drifts."""
    entries = [_entry(index) for index in range(drifts)]
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_drift": entries,
        "timestamp": f"2026-01-01T00:{scan:02}:00Z",
        "applyable": True,
        "complete": True,
        "errored": False,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _entry(index: int) -> dict[str, Any]:
    kind = _KINDS[index % len(_KINDS)]
    before = _attributes(index)
    after, actions = _changed(before, kind, index)
    return {
        "address": f"module.service[{index // 100}].aws_ecs_service.app[{index}]",
        "module_address": f"module.service[{index // 100}]",
        "mode": "managed",
        "type": "aws_ecs_service",
        "name": "app",
        "index": index,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": {
            "actions": actions,
            "before": before,
            "after": after,
            "after_unknown": {},
            "before_sensitive": {"secret_value": True, "tags": {}, "tags_all": {}, "network": [{}]},
            "after_sensitive": {"secret_value": True, "tags": {}, "tags_all": {}, "network": [{}]} if after else False,
        },
    }


def _attributes(index: int) -> dict[str, Any]:
    policy = {"Version": "2012-10-17", "Statement": [_statement(index, action) for action in ("Get", "Put", "List")]}
    tags = {"Name": f"service-{index}", "team": f"team-{index % 40}", "cost-center": str(1000 + index)}
    plain = {f"attribute_{number:02}": f"value {index} of {number}, as long as such values are" for number in range(26)}
    return plain | {
        "id": f"arn:aws:ecs:eu-west-1:000000000000:service/cluster/service-{index}",
        "desired_count": index % 17 + 2,
        "policy": json.dumps(policy),
        "subnets": [f"subnet-{index:08x}-{zone}" for zone in "abc"],
        "network": [{"assign": False, "groups": [f"sg-{index:08x}"], "tags": {}}],
        "secret_value": f"Correct-Horse-{index}",
        "labels": None,
        "tags": tags,
        "tags_all": tags,
    }


def _statement(index: int, action: str) -> dict[str, Any]:
    return {"Sid": action, "Effect": "Allow", "Action": [f"s3:{action}Object"], "Resource": f"arn:aws:s3:::b-{index}/*"}


def _changed(before: dict[str, Any], kind: str, index: int) -> tuple[dict[str, Any] | None, list[str]]:
    if kind == "delete":
        return None, ["delete"]
    after = dict(before)
    if kind == "tag":
        after["tags"] = after["tags_all"] = before["tags"] | {"owner": f"person {index}"}
    elif kind == "setting":
        after["attribute_07"] = f"changed by hand {index}"
    elif kind == "number":
        after["desired_count"] = 0
    elif kind == "policy":
        after["policy"] = before["policy"].replace("s3:GetObject", "s3:*")
    elif kind == "member":
        after["subnets"] = [*before["subnets"], f"subnet-{index:08x}-x"]
    elif kind == "secret":
        after["secret_value"] = f"Leaky-Pass-{index}"
    after["labels"] = {}
    return after, ["update"]
