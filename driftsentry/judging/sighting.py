"""A finding, judged, as far as its drift needs it: as columns. And the columns as a finding. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from driftsentry.ingest import Finding, changes_from_json, changes_to_json
from driftsentry.ingest.text import words_of
from driftsentry.judging.marking import Book, Marked, mark
from driftsentry.judging.severity import judge

ATTRIBUTES = 20
_json = msgspec.json.Encoder().encode
COLUMNS = (
    "module_address resource_type resource_name provider cause cause_reason action severity severity_rank"
    " severity_rule severity_reason fingerprint changes attributes hidden_changes search_text hidden_digest is_unknown"
    " ignored_changes source_digest"
).split()


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of a stack before a report is judged: (fingerprint, source) of its drifts that are not resolved, by
    (address, deposed). `has_former`: some are as older versions made them."""

    drifts: Mapping[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    has_former: bool = False


class Sighting(msgspec.Struct, frozen=True, gc=False):
    """A finding of a stack as far as its drift needs it. `facts`: its columns, None where nothing is new.

    `ignored`: how many lines each ignore rule hides, by its id.
    """

    address: str
    deposed: str
    fingerprint: str
    former_fingerprint: str
    cause: str
    action: str
    is_unknown: bool
    facts: dict[str, Any] | None
    ignored: Mapping[str, int]

    @property
    def key(self) -> tuple[str, str]:
        return self.address, self.deposed


def sight(finding: Finding, book: Book, seen: Seen) -> Sighting:
    """Mark a finding of a report, and judge it if it is new or changed: most of the time of a report. Pure."""
    known, _ = seen.drifts.get((finding.address, finding.deposed), ("", ""))
    # Without rules nothing of it is looked at: fresh from a report no line is marked.
    marked = mark(finding, book) if book.ignores or book.learned else Marked(finding)
    finding, ignored = marked.finding, marked.ignored
    return _bare(finding, None if known == finding.fingerprint else facts_of(finding, book, ignored), ignored)


def sight_again(address: str, deposed: str, source: str, seen: Seen) -> Sighting | None:
    """The sighting of a drift that is read from the very same bytes as the last time: nothing of it is looked into."""
    fingerprint, known = seen.drifts.get((address, deposed), ("", ""))
    if known != source:
        return None
    return Sighting(address, deposed, fingerprint, "", "out_of_band", "", False, None, {})


def _bare(finding: Finding, facts: dict[str, Any] | None, ignored: Mapping[str, int]) -> Sighting:
    return Sighting(
        finding.address,
        finding.deposed,
        finding.fingerprint,
        finding.former_fingerprint,
        finding.cause,
        finding.action,
        finding.is_unknown,
        facts,
        ignored,
    )


def facts_of(finding: Finding, book: Book, ignored: Mapping[str, int]) -> dict[str, Any]:
    """The finding, judged, as columns."""
    verdict = judge(finding, environment=book.environment, rules=book.rules)
    names = [_attribute(change.path) for change in finding.changes if change.noise in ("", "computed")]
    attributes = list(dict.fromkeys(names))[:ATTRIBUTES] if finding.action != "delete" else []
    return {
        "module_address": finding.module_address,
        "resource_type": finding.resource_type,
        "resource_name": finding.resource_name,
        "provider": finding.provider,
        "cause": finding.cause,
        "cause_reason": finding.cause_reason,
        "action": finding.action,
        "severity": verdict.severity.value,
        "severity_rank": verdict.severity.rank,
        "severity_rule": verdict.rule,
        "severity_reason": verdict.reason,
        "fingerprint": finding.fingerprint,
        "changes": changes_to_json(finding.changes),
        "attributes": _json(attributes).decode(),
        "hidden_changes": finding.hidden_changes,
        "search_text": " ".join(words_of(f"{book.stack} {finding.address} {' '.join(attributes)}")),
        "hidden_digest": finding.hidden_digest,
        "is_unknown": int(finding.is_unknown),
        "ignored_changes": sum(ignored.values()),
        "source_digest": finding.source,
    }


def finding_of(row: Any) -> Finding:
    """The finding that a drift was made of, from its columns by name."""
    return Finding(
        address=row["address"],
        deposed=row["deposed"],
        previous_address=None,
        module_address=row["module_address"],
        resource_type=row["resource_type"],
        resource_name=row["resource_name"],
        provider=row["provider"],
        action=row["action"],
        cause=row["cause"],
        cause_reason=row["cause_reason"],
        fingerprint=row["fingerprint"],
        changes=changes_from_json(row["changes"]),
        hidden_changes=row["hidden_changes"],
        hidden_digest=row["hidden_digest"],
        is_unknown=bool(row["is_unknown"]),
    )


def _attribute(path: tuple[str | int, ...]) -> str:
    """What a list calls a change: the attribute, and the key where that is a map of people's own."""
    parts = path[:2] if path[:1] in (("tags",), ("labels",)) else path[:1]
    return ".".join(str(part) for part in parts)
