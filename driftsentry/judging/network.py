"""Networks that were opened to the world."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from driftsentry.ingest.model import Change, Finding
from driftsentry.judging.model import attribute_of
from driftsentry.judging.naming import snake

_WORLD = frozenset({"0.0.0.0/0", "::/0", "*", "Internet", "internet", "any", "Any"})
# A range that holds an eighth of all addresses, or more, is no range of anybody's own. 2000::/3 is all that IPv6 has.
_WIDE = {".": 7, ":": 8}
_LONGEST = 43  # characters of the longest address of IPv6 with its prefix
_RANGES = frozenset(
    "cidr_blocks ipv6_cidr_blocks cidr_block ipv6_cidr_block cidr_ipv4 cidr_ipv6 source_ranges source_address_prefix "
    "source_address_prefixes authorized_networks public_access_cidrs ip_rules allowed_cidrs cidr cidr_ip cidrip "
    "authorized_ip_ranges api_server_authorized_ip_ranges allowed_ip_ranges allowed_ips load_balancer_source_ranges "
    "inbound_cidr_blocks ip_range_filter ip_address_range ip_address source_cidr_block allowed_cidr_blocks".split()
)
_NO_WAY_IN = frozenset({"egress", "destination_ranges", "route", "outbound", "security_group_egress"})


def is_world(text: str) -> bool:
    """Whether an address range lets everybody in."""
    return text in _WORLD or ("/" in text and len(text) <= _LONGEST and _is_wide(text))


def _is_wide(text: str) -> bool:
    address, _slash, prefix = text.partition("/")
    sign = ":" if ":" in address else "."
    return prefix.isdecimal() and sign in address and int(prefix) <= _WIDE[sign]


def opened_to_the_world(finding: Finding) -> bool | str:
    """What lets everybody in now and did not before."""
    opened: dict[tuple[str, str, str], None] = {}
    for change in finding.changes:
        if change.after is not None and not change.noise and (ways := _ways_in(change, change.after)):
            opened.update(dict.fromkeys(ways))
    if not opened:
        return False
    closed = {found for change in finding.changes if not change.noise for found in _ways_in(change, change.before)}
    new = [exposure for exposure in opened if exposure not in closed]
    return _sentence(new) if new else False


def _sentence(exposures: list[tuple[str, str, str]]) -> str:
    block, address, ports = exposures[0]
    more = f" (and {len(exposures) - 1} more)" if len(exposures) > 1 else ""
    return f"{block} now allows {address}{f' on {ports}' if ports else ''}{more}"


def _ways_in(change: Change, value: object) -> Sequence[tuple[str, str, str]]:
    """(block, addresses, ports) of what one side lets in. Nearly all values are none of that: they must cost little."""
    if isinstance(value, str):
        if not is_world(value) or snake(attribute_of(change)) not in _RANGES:
            return ()
    elif not isinstance(value, dict | list):
        return ()
    found = list(_exposures(change, value))
    is_out = found and not _NO_WAY_IN.isdisjoint(snake(part) for part in change.path if isinstance(part, str))
    return () if is_out else found


def _exposures(change: Change, value: object) -> Iterator[tuple[str, str, str]]:
    block = str(change.path[0]) if change.path else "it"
    if isinstance(value, dict):
        yield from _of_rule(block, value, is_named="authorized_networks" in change.path)
    elif isinstance(value, list):
        for item in value:
            yield from _exposures(change, item)
    elif isinstance(value, str) and is_world(value) and snake(attribute_of(change)) in _RANGES:
        yield block, value, ""


def _of_rule(block: str, rule: dict[str, object], *, is_named: bool = False) -> Iterator[tuple[str, str, str]]:
    """`is_named`: a network of Google Cloud's databases, {name, value}."""
    if str(rule.get("direction", "")).lower() == "outbound" or str(rule.get("access", "")).lower() == "deny":
        return
    for name, ranges in rule.items():
        if snake(name) in _RANGES or (is_named and name == "value"):
            for address in ranges if isinstance(ranges, list) else [ranges]:
                if isinstance(address, str) and is_world(address):
                    yield block, address, _ports(rule)
        elif isinstance(ranges, list):
            for item in ranges:
                if isinstance(item, dict):
                    yield from _of_rule(block, item)


def _ports(rule: dict[str, object]) -> str:
    said = {snake(name): value for name, value in rule.items()}
    first, last = said.get("from_port"), said.get("to_port")
    if said.get("protocol", said.get("ip_protocol")) in ("-1", -1, "all"):
        return "all ports"
    if first is None:
        single = said.get("destination_port_range")
        return f"port {single}" if single else ""
    return f"port {first}" if first == last or last is None else f"ports {first} to {last}"
