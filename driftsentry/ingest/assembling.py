"""A finding out of judged lines: the last step, the same for every format."""

from __future__ import annotations

from driftsentry.ingest.diff import Line, Path
from driftsentry.ingest.fingerprint import Fingerprinter, Part, fingerprint_of
from driftsentry.ingest.model import Finding
from driftsentry.ingest.presenting import clean, present
from driftsentry.ingest.survey import Observed
from driftsentry.ingest.verdicts import Verdict

_NAME = 256  # characters of a name


class Assembler:
    """Makes findings with the server's key. `with_former`: also with the fingerprints of older versions."""

    def __init__(self, key: bytes, *, with_former: bool = False) -> None:
        self._key = key
        self._fingerprinter = Fingerprinter(key)
        self._with_former = with_former

    def digest(self, line: Line) -> str:
        return self._fingerprinter.digest(line)

    def source(self, *parts: Part) -> str:
        """A keyed hash over all that a finding is made of: where it is the same, so is the finding."""
        return self._fingerprinter.source(parts)

    def finding(
        self, what: Observed, lines: list[Line], verdict: Verdict, replacing: tuple[Path, ...] = (), source: str = ""
    ) -> Finding:
        """`what` names the resource and the action; its differences are in `lines`, sealed and marked."""
        changes, hidden, hidden_digest = present(lines, replacing, self._fingerprinter)
        names = (what.deposed, what.resource_type, what.resource_name, what.provider, what.module_address)
        deposed, resource_type, resource_name, provider, module_address = names
        if "\0" in what.address or "\0" in "".join(names) or max(map(len, names)) > _NAME:
            deposed, resource_type, resource_name, provider = (clean(name, _NAME) for name in names[:4])
            module_address = clean(what.module_address)
        return Finding(
            address=clean(what.address),
            deposed=deposed,
            previous_address=clean(what.previous_address) if what.previous_address else None,
            module_address=module_address,
            resource_type=resource_type,
            resource_name=resource_name,
            provider=provider,
            action=what.action,
            cause=verdict.cause,
            cause_reason=verdict.reason,
            fingerprint=fingerprint_of(self._key, what.action, changes, hidden_digest),
            changes=changes,
            hidden_changes=hidden,
            hidden_digest=hidden_digest,
            is_unknown=what.is_unknown,
            former_fingerprint=self._fingerprinter.former(what.action, lines) if self._with_former else "",
            source=source,
        )
