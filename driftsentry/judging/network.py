"""Networks that were opened to the world."""

from __future__ import annotations

from collections.abc import Iterator

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.model import attribute_of, significant

_WORLD = frozenset({"0.0.0.0/0", "::/0", "*", "Internet", "internet", "any", "Any"})
_RANGES = frozenset(
    "cidr_blocks ipv6_cidr_blocks cidr_block ipv6_cidr_block cidr_ipv4 cidr_ipv6 source_ranges source_address_prefix "
    "source_address_prefixes authorized_networks public_access_cidrs ip_rules allowed_cidrs cidr cidrip".split()
)
_NO_WAY_IN = frozenset({"egress", "destination_ranges", "route", "outbound"})


def opened_to_the_world(finding: Finding) -> bool | str:
    """What lets everybody in now and did not before."""
    if "egress" in finding.resource_type or finding.resource_type.endswith(("_route", "_route_table")):
        return False
    opened: dict[tuple[str, str, str], None] = {}
    closed: set[tuple[str, str, str]] = set()
    for change in significant(finding):
        if not _NO_WAY_IN.intersection(map(str, change.path)):
            opened.update(dict.fromkeys(_exposures(change, change.after)))
            closed.update(_exposures(change, change.before))
    new = [exposure for exposure in opened if exposure not in closed]
    return _sentence(new) if new else False


def _sentence(exposures: list[tuple[str, str, str]]) -> str:
    block, address, ports = exposures[0]
    more = f" (and {len(exposures) - 1} more)" if len(exposures) > 1 else ""
    return f"{block} now allows {address}{f' on {ports}' if ports else ''}{more}"


def _exposures(change: Change, value: object) -> Iterator[tuple[str, str, str]]:
    block = str(change.path[0])
    if isinstance(value, dict):
        yield from _of_rule(block, value)
    elif isinstance(value, list):
        for item in value:
            yield from _exposures(change, item)
    elif isinstance(value, str) and value in _WORLD and attribute_of(change) in _RANGES:
        yield block, value, ""


def _of_rule(block: str, rule: dict[str, object]) -> Iterator[tuple[str, str, str]]:
    if str(rule.get("direction", "")).lower() == "outbound" or str(rule.get("access", "")).lower() == "deny":
        return
    for name, ranges in rule.items():
        if name in _RANGES:
            for address in ranges if isinstance(ranges, list) else [ranges]:
                if isinstance(address, str) and address in _WORLD:
                    yield block, address, _ports(rule)
        elif isinstance(ranges, list):
            for item in ranges:
                if isinstance(item, dict):
                    yield from _of_rule(block, item)


def _ports(rule: dict[str, object]) -> str:
    first, last = rule.get("from_port"), rule.get("to_port")
    if rule.get("protocol") in ("-1", -1, "all"):
        return "all ports"
    if first is None:
        single = rule.get("destination_port_range")
        return f"port {single}" if single else ""
    return f"port {first}" if first == last or last is None else f"ports {first} to {last}"
