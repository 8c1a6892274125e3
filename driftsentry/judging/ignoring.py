"""Which differences an ignore rule covers. Pure: the rules come in, and what is covered is answered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import msgspec

from driftsentry.ingest.model import HIDDEN, Change
from driftsentry.judging.globs import matches

GLOB_LENGTH = 500
ANY = "*"
# Deletions and replacements are never ignored, under whatever other words a tool puts beside them.
_GRAVE = frozenset({"delete", "replace"})
_REASON_SHOWN = 120
_encoder = msgspec.json.Encoder(decimal_format="number")

Path = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Ignore:
    """A rule that hides differences until `ends_at`.

    `path`: the attribute and all below it; None stands for any part. `value_glob` is over the text of the real value,
    see `value_text`. In globs `*` stands for any characters, and everything else for itself.
    """

    id: str
    stack_glob: str
    resource_type: str
    address_glob: str
    path: Path
    value_glob: str
    ends_at: datetime
    owner_name: str
    reason: str

    def covers(self, stack: str, resource_type: str, address: str) -> bool:
        """Whether the rule is about that resource. What may be hidden of it, `may_hide` says before."""
        return (
            matches(self.stack_glob, stack)
            and matches(self.resource_type, resource_type)
            and matches(self.address_glob, address)
        )

    def hides(self, change: Change) -> bool:
        """Whether it hides that line of a resource that it covers: none that is noise already, and none that makes
        the code replace the resource."""
        if change.noise or change.forces_replacement or len(change.path) < len(self.path):
            return False
        if any(part not in (None, is_) for part, is_ in zip(self.path, change.path, strict=False)):
            return False
        return self.value_glob == ANY or _matches_value(self.value_glob, change)

    @property
    def why(self) -> str:
        """The sentence that a hidden line bears."""
        reason = " ".join(self.reason.split())
        if len(reason) > _REASON_SHOWN:
            reason = reason[: _REASON_SHOWN - 1].rstrip() + "…"
        return f"ignored until {self.last_day} by {self.owner_name}: {reason}"

    @property
    def last_day(self) -> date:
        return (self.ends_at - timedelta(microseconds=1)).date()


def may_hide(action: str) -> bool:
    """Whether differences of a finding with this action may be ignored at all."""
    return _GRAVE.isdisjoint(action.split("+"))


def hiding(rules: Collection[Ignore], change: Change) -> Ignore | None:
    """The rule that hides the line: of several the one that ends last, so that it is told how long it stays so."""
    return max((rule for rule in rules if rule.hides(change)), key=lambda rule: (rule.ends_at, rule.id), default=None)


def value_text(change: Change) -> str:
    """What is real as a glob sees it; of what was removed, what the code says. A text is itself, the rest is JSON."""
    value = change.before if change.kind == "removed" else change.after
    return value if isinstance(value, str) else _encoder.encode(value).decode()


def _matches_value(glob: str, change: Change) -> bool:
    """A secret, or what holds one, is only covered by "every value": whatever changes in it cannot be seen."""
    if change.is_sensitive:
        return False
    text = value_text(change)
    return HIDDEN not in text and matches(glob, text)
