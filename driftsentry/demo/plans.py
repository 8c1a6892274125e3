"""The words of the demo's tables, and plans as `terraform show -json` prints them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from driftsentry.drifts import Verdict

EMIL, ADA = DECIDERS = ("engineer@driftsentry.local", "admin@driftsentry.local")
ACCOUNT = "111122223333"
_ADDRESS = re.compile(r'((?:module\.\w+(?:\["?[\w-]+"?\])?\.)*)(\w+)\.(\w+)(?:\["?([\w-]+)"?\])?')
_REGISTRIES = {"terraform": "registry.terraform.io", "opentofu": "registry.opentofu.org"}
_VERSIONS = {"terraform": "1.9.8", "opentofu": "1.8.5"}

Changes = Mapping[str, tuple[Any, Any]]  # attribute: (before, after)
Ending = Literal["", "errored", "targeted"]


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did, `hours` after the drift was first seen. No verdict: a comment. `days`: an approval's end."""

    verdict: Verdict | None
    hours: float
    email: str
    text: str
    days: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """A drift that the reports `since` to `last` show, counted back from the newest one, which is 0."""

    address: str
    since: int
    changes: Changes
    acts: tuple[Act, ...] = ()
    last: int = 0
    secret: tuple[str, ...] = ()
    is_gone: bool = False
    is_ignored: bool = False  # by `ignore_changes` in the code: a normal plan proposes nothing


@dataclass(frozen=True, slots=True)
class Stack:
    """`hours`: the age of the newest report; before it, one a day. `ending`: how the newest one went wrong.

    `past`: for how many days more than ten it has reported.
    """

    slug: str
    hours: float
    seen: tuple[Seen, ...]
    is_refresh_only: bool = True
    ending: Ending = ""
    tool: Literal["terraform", "opentofu"] = "terraform"
    past: int = 0

    @property
    def reports(self) -> int:
        return int((240 - self.hours) // 24) + 1 + self.past

    def moment(self, number: int, now: datetime) -> datetime:
        return now - timedelta(hours=self.hours + 24 * number)


def approved(hours: float, email: str, reason: str, days: int = 0) -> Act:
    return Act(Verdict.APPROVED, hours, email, reason, days)


def rejected(hours: float, email: str, reason: str) -> Act:
    return Act(Verdict.REJECTED, hours, email, reason)


def said(hours: float, email: str, text: str) -> Act:
    return Act(None, hours, email, text)


def gone(address: str, since: int, attributes: dict[str, Any], acts: tuple[Act, ...] = (), last: int = 0) -> Seen:
    """An object that somebody deleted."""
    return Seen(address, since, {name: (value, None) for name, value in attributes.items()}, acts, last, is_gone=True)


def untouched(address: str, since: int, attribute: str = "tags") -> Seen:
    """What every provider reports after the first apply, although nobody did anything."""
    return Seen(address, since, {attribute: (None, {})}, is_ignored=True)


def rule(port: int, *ranges: str, to: int | None = None, about: str = "", protocol: str = "tcp") -> dict[str, Any]:
    """A rule of an AWS security group."""
    return {
        "cidr_blocks": list(ranges),
        "description": about,
        "from_port": port,
        "ipv6_cidr_blocks": [],
        "prefix_list_ids": [],
        "protocol": protocol,
        "security_groups": [],
        "self": False,
        "to_port": to or port,
    }


def allow(sid: str, actions: str | list[str], resources: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources, **more}


def trust(sid: str, *principals: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": list(principals)}}


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def plan(stack: Stack, number: int, moment: datetime) -> bytes:
    """What the tool printed for the report `number` of the stack."""
    ending = stack.ending if number == 0 else ""
    shown = [seen for seen in stack.seen if seen.since >= number >= seen.last and ending != "errored"]
    entries = [_entry(seen, stack) for seen in shown]
    document: dict[str, Any] = {
        "format_version": "1.2",
        "terraform_version": _VERSIONS[stack.tool],
        "planned_values": {"root_module": {}},
        "resource_drift": entries,
        "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "errored": ending == "errored",
    }
    if not entries:
        del document["resource_drift"]  # as the tools do
    if stack.tool == "terraform":
        document |= {"applyable": ending != "errored", "complete": not ending}
    if not stack.is_refresh_only:
        resources = [{name: entry[name] for name in ("address", "mode", "type", "name")} for entry in entries]
        document["planned_values"] = {"root_module": {"resources": resources}}
        document["resource_changes"] = [_proposal(entry, seen) for entry, seen in zip(entries, shown, strict=True)]
    return json.dumps(document, ensure_ascii=False).encode()


def _entry(seen: Seen, stack: Stack) -> dict[str, Any]:
    found = _ADDRESS.fullmatch(seen.address)
    assert found is not None, seen.address
    module, kind, name, index = found.groups()
    cloud = kind.partition("_")[0]
    changes = dict(seen.changes)
    if cloud == "aws" and "tags" in changes:
        changes["tags_all"] = changes["tags"]
    identity = {"id": f"{name.replace('_', '-')}-{index}" if index else name.replace("_", "-")}
    mask = dict.fromkeys(seen.secret, True)
    return {
        "address": seen.address,
        **({"module_address": module.rstrip(".")} if module else {}),
        "mode": "managed",
        "type": kind,
        "name": name,
        **({"index": int(index) if index.isdigit() else index} if index else {}),
        "provider_name": f"{_REGISTRIES[stack.tool]}/hashicorp/{cloud}",
        "change": {
            "actions": ["delete" if seen.is_gone else "update"],
            "before": identity | {attribute: before for attribute, (before, _after) in changes.items()},
            "after": None
            if seen.is_gone
            else identity | {attribute: after for attribute, (_, after) in changes.items()},
            "after_unknown": {},
            "before_sensitive": mask,
            "after_sensitive": False if seen.is_gone else mask,
        },
    }


def _proposal(entry: dict[str, Any], seen: Seen) -> dict[str, Any]:
    """What a normal plan would do about the drift: undo it, unless the code ignores it."""
    actions = ["create"] if seen.is_gone else ["no-op"] if seen.is_ignored else ["update"]
    change, told = entry["change"], ("address", "mode", "type", "name", "provider_name")
    return {
        **{name: entry[name] for name in told},
        "change": {"actions": actions, "before": change["after"], "after": change["before"], "after_unknown": {}},
    }
