"""DriftSentry's own report as structs, and what is said of a document that does not fit. See docs/report-format.md."""

from __future__ import annotations

import difflib
import re

import msgspec
from msgspec import UNSET, UnsetType

from driftsentry.ingest.formats.typed import Part, place_of
from driftsentry.ingest.limits import refuse_depth, refuse_hostile
from driftsentry.ingest.model import Cause, Mode, Noise, Refused

_unknown = re.compile(r"unknown field `(.*?)`(?: - at `\$|\Z)", re.DOTALL)
_missing = re.compile(r"missing required field `(\w+)`")


class _Strict(msgspec.Struct, gc=False, forbid_unknown_fields=True, omit_defaults=True, rename="camel"):
    """A key that is misspelt would be a fact that is lost."""


class Tool(_Strict):
    name: str
    version: str = ""


class Moved(_Strict, rename={"previous": "from", "current": "to"}):
    previous: str
    current: str


class Change(_Strict):
    """`sensitive` hides both values; the masks hide parts of them, each in the shape of its value."""

    path: list[str | int] | str
    before: Part = UNSET
    after: Part = UNSET
    sensitive: bool = False
    before_sensitive: Part = UNSET
    after_sensitive: Part = UNSET
    noise: Noise = ""
    why: str = ""


class Resource(_Strict):
    """`before` and `after` are whole objects, `sensitive` paths into them; or else `changes` says each difference."""

    address: str
    action: str = "update"
    type: str = ""
    name: str = ""
    module: str = ""
    provider: str = ""
    deposed: str = ""
    previous_address: str | None = None
    before: Part = UNSET
    after: Part = UNSET
    sensitive: list[list[str | int] | str] | None = None
    changes: list[Change] | None = None
    unknown: bool | None = None
    proposed: list[str] | None = None
    cause: Cause | UnsetType | None = UNSET
    cause_reason: str = ""


class Report(_Strict):
    driftsentry: int
    resources: list[Resource]
    tool: Tool | None = None
    timestamp: str | None = None
    complete: bool | None = None
    incomplete_reason: str = ""
    errored: bool = False
    duration_seconds: float | None = None
    moves: list[Moved] | None = None
    format: str = "plain"
    mode: Mode = "scan"
    drift_data: bool = True
    schema: str | None = msgspec.field(default=None, name="$schema")


_report = msgspec.json.Decoder(Report)
_NAMES = sorted(
    {name for struct in (Report, Resource, Change, Tool, Moved) for name in struct.__struct_encode_fields__}
)
_SEE = "docs/report-format.md describes the format."


def open_report(document: bytes) -> Report:
    """Raises Refused, which names the place, the key that is missing, and the known key that was perhaps meant."""
    try:
        report = _report.decode(document)
    except RecursionError:
        raise refuse_depth() from None
    except msgspec.ValidationError as error:
        raise refused(_complaint(error)) from None
    except (msgspec.DecodeError, ValueError):
        raise refuse_hostile("a string in it is not valid Unicode, or it is not valid JSON") from None
    if report.driftsentry != 1:
        raise refused('"driftsentry" is the version of the format, and 1 is the only one')
    return report


def refused(sentence: str) -> Refused:
    return Refused(422, "VALIDATION_ERROR", f"{sentence}. {_SEE}")


def _complaint(error: msgspec.ValidationError) -> str:
    text, place = str(error), place_of(error)
    if missing := _missing.search(text):
        return f'{place} has no "{missing[1]}"'
    if unknown := _unknown.search(text):
        near = difflib.get_close_matches(unknown[1][:64], _NAMES, n=1)
        return f"{place} has a key that is not known" + (f'; perhaps "{near[0]}" is meant' if near else "")
    return f"{place} has not the shape that it should have"
