"""Plans as CI sends them, from a line each."""

import json
from collections.abc import Iterable
from typing import Any

Entry = dict[str, Any]


def entry(address: str, before: Any, after: Any, kind: str = "") -> Entry:
    """One drift: the code says `before`, reality is `after`."""
    name = address.rpartition(".")[2]
    change = {"actions": ["delete" if after is None else "update"], "before": before, "after": after}
    return {
        "address": address,
        "mode": "managed",
        "type": kind or address.split(".")[-2],
        "name": name,
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "change": change,
    }


def size(name: str, after: str = "m5.4xlarge") -> Entry:
    """A machine of another size: medium."""
    return entry(f"aws_instance.{name}", {"instance_type": "m5.large"}, {"instance_type": after})


def door(name: str, port: int = 22) -> Entry:
    """A port that is open to the world: critical."""
    rule = {"from_port": port, "to_port": port, "protocol": "tcp", "cidr_blocks": ["10.0.0.0/8"]}
    opened = rule | {"cidr_blocks": ["0.0.0.0/0"]}
    return entry(f"aws_security_group.{name}", {"ingress": [rule]}, {"ingress": [opened]})


def noise(name: str) -> Entry:
    """Nothing against an empty list: informational."""
    return entry(f"aws_iam_role.{name}", {"managed_policy_arns": None}, {"managed_policy_arns": []})


def plan_of(entries: Iterable[Entry]) -> bytes:
    """A complete refresh-only plan."""
    document = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": {"root_module": {}},
        "resource_drift": list(entries),
        "complete": True,
        "errored": False,
    }
    return json.dumps(document).encode()
