"""The tabs of the list, and the statuses that an address may name beside them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product

from driftsentry.drifts.model import Kind, Status
from driftsentry.drifts.query_values import CAUSES, STATES
from driftsentry.judging import Severity


@dataclass(frozen=True, slots=True)
class Tab:
    """`says`: which kinds it holds. `trait`: what must be so of each drift beside that, as in `is:changed`."""

    key: str
    label: str
    says: Callable[[Kind], bool]
    is_by_urgency: bool = False
    trait: str = ""
    within: str = ""  # the tab of the page that it is a part of

    def count(self, counts: Mapping[Kind, int]) -> int:
        """How many drifts are of its kinds."""
        return sum(amount for kind, amount in counts.items() if self.says(kind))


def _is_open(kind: Kind) -> bool:
    return (kind.status, kind.cause) == ("detected", "out_of_band")


def _is_done(kind: Kind) -> bool:
    return kind.status != "detected" and kind.cause == "out_of_band"


def _is_critical(kind: Kind) -> bool:
    return kind.is_waiting and kind.severity == "critical"


TABS = {
    tab.key: tab
    for tab in (
        Tab("open", "Needs decision", STATES["open"], is_by_urgency=True),
        Tab("critical", "Critical", _is_critical, is_by_urgency=True),
        Tab("changed", "Changed since approval", _is_open, is_by_urgency=True, trait="changed"),
        Tab("informational", "Informational", STATES["informational"]),
        Tab("done", "Done", _is_done),
        Tab("snoozed", "Snoozed", STATES["snoozed"], is_by_urgency=True, within="open"),
        Tab("approved", "Approved", STATES["approved"], within="done"),
        Tab("rejected", "Rejected", STATES["rejected"], within="done"),
        Tab("resolved", "Resolved", STATES["resolved"], within="done"),
        Tab("all", "All", lambda _kind: True),
    )
}
KINDS = [
    Kind(status.value, cause, severity.value, is_snoozed)
    for status, cause, severity in product(Status, CAUSES, Severity)
    for is_snoozed in (False, True)
]
SHOWN = ("open", "critical", "changed", "informational", "done")
