"""The parts of a plan that are decoded, and nothing else: the rest is skipped without becoming objects."""

from __future__ import annotations

import re
from functools import cache
from operator import attrgetter
from typing import TypeAlias, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from driftsentry.ingest import limits, pieces, sniff
from driftsentry.ingest.companions import COMPANION_ATTRIBUTES
from driftsentry.ingest.model import Refused

T = TypeVar("T")

Part: TypeAlias = Raw | UnsetType


class Document(msgspec.Struct, gc=False):
    """Top level. Every key is listed, so that what is left over is unknown or there twice."""

    format_version: Part = UNSET
    terraform_version: Part = UNSET
    variables: Part = UNSET
    planned_values: Part = UNSET
    proposed_unknown: Part = UNSET
    resource_drift: Part = UNSET
    resource_changes: Part = UNSET
    deferred_changes: Part = UNSET
    output_changes: Part = UNSET
    prior_state: Part = UNSET
    configuration: Part = UNSET
    relevant_attributes: Part = UNSET
    condition_results: Part = UNSET
    checks: Part = UNSET
    timestamp: Part = UNSET
    applyable: Part = UNSET
    complete: Part = UNSET
    errored: Part = UNSET
    action_invocations: Part = UNSET
    deferred_action_invocations: Part = UNSET
    # HCP Terraform's redacted plan has these, and none of the versions and values above.
    plan_format_version: Part = UNSET
    provider_format_version: Part = UNSET
    provider_schemas: Part = UNSET

    @property
    def is_redacted(self) -> bool:
        return self.plan_format_version is not UNSET or self.provider_schemas is not UNSET


class EntryChange(msgspec.Struct, gc=False):
    actions: list[str]
    before: Part = UNSET
    after: Part = UNSET
    after_unknown: Part = UNSET
    before_sensitive: Part = UNSET
    after_sensitive: Part = UNSET
    replace_paths: Part = UNSET
    importing: Part = UNSET
    generated_config: Part = UNSET
    before_identity: Part = UNSET
    after_identity: Part = UNSET


class Entry(msgspec.Struct, gc=False):
    """One element of `resource_drift`."""

    address: str
    change: EntryChange
    mode: str = "managed"
    type: str = ""
    name: str = ""
    module_address: str | None = None
    previous_address: str | None = None
    provider_name: str | None = None
    deposed: str | None = None
    index: Part = UNSET
    index_unknown: Part = UNSET
    action_reason: Part = UNSET


class ProposedActions(msgspec.Struct, gc=False):
    actions: list[str]


class Proposal(msgspec.Struct, gc=False):
    """One element of `resource_changes`."""

    address: str
    change: ProposedActions
    mode: str = "managed"
    deposed: str | None = None


class PlannedValues(msgspec.Struct, gc=False):
    root_module: Part = UNSET


class PriorResource(msgspec.Struct, gc=False):
    type: str
    mode: str
    values: Part = UNSET


class PriorModule(msgspec.Struct, gc=False):
    resources: list[PriorResource] | None = None
    child_modules: list[PriorModule] | None = None


class PriorValues(msgspec.Struct, gc=False):
    root_module: PriorModule | None = None


class PriorState(msgspec.Struct, gc=False):
    values: PriorValues | None = None


CompanionValues = msgspec.defstruct(
    "CompanionValues", [(name, Raw | UnsetType, UNSET) for name in COMPANION_ATTRIBUTES], gc=False
)
_raws = msgspec.json.Decoder(dict[str, Raw])
_encode = msgspec.json.Encoder().encode
_text = msgspec.json.Decoder(str)
_document = msgspec.json.Decoder(Document)
_marks = msgspec.json.Decoder(sniff.Marks)


def decode(decoder: msgspec.json.Decoder[T], raw: Raw | bytes, name: str) -> T:
    """Decodes a part whose grammar is known to be good. Raises Refused, which names the part and no value."""
    try:
        return decoder.decode(raw)
    except RecursionError:
        raise limits.refuse_depth() from None
    except msgspec.ValidationError:
        raise Refused(422, "VALIDATION_ERROR", f"{name} has not the shape that Terraform writes.") from None
    except (msgspec.DecodeError, ValueError):
        raise limits.refuse_hostile(f"a string in {name} is not valid Unicode") from None


def attributes_of(raw: Part, name: str) -> dict[str, Raw] | None:
    """The attributes of an object, undecoded; None for null."""
    if raw is UNSET or is_null(raw):
        return None
    limits.require_few_nodes(raw, name, limits.MAX_NODES_OF_ONE)
    return decode(_raws, raw, name)


def is_null(raw: Part) -> bool:
    return raw is UNSET or (len(raw) == 4 and bytes(raw) == b"null")


def read_document(body: bytes) -> Document:
    """The top level of a plan; the grammar of the whole body is checked on the way. Raises Refused."""
    try:
        document = _document.decode(body)
    except RecursionError:
        raise limits.refuse_depth() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(body, str(error)) from None
    if not _is_plan(document):
        raise sniff.foreign(_marks.decode(body))
    require_unique(body, document, "the document")
    return document


def _is_plan(document: Document) -> bool:
    if document.plan_format_version is not UNSET:
        return True
    parts = (document.planned_values, document.resource_changes, document.resource_drift)
    return document.format_version is not UNSET and any(part is not UNSET for part in parts)


@cache
def _fields(struct: type[msgspec.Struct]) -> tuple[attrgetter[tuple[object, ...]], tuple[int, ...]]:
    return attrgetter(*struct.__struct_fields__), tuple(len(name) + 4 for name in struct.__struct_encode_fields__)


def compact_size(struct: msgspec.Struct) -> int:
    """The bytes of an object that has neither white space, nor unknown keys, nor one twice."""
    getter, lengths = _fields(type(struct))
    present = [(value, n) for value, n in zip(getter(struct), lengths, strict=True) if value is not UNSET]
    raws = [len(value) + n for value, n in present if type(value) is Raw]
    if len(raws) == len(present):
        return 1 + sum(raws)
    return 1 + sum(raws) + sum(_size(value) + n for value, n in present if type(value) is not Raw and value is not None)


def _size(value: object) -> int:
    return compact_size(value) if isinstance(value, msgspec.Struct) else len(_encode(value))


def require_unique(data: Raw | bytes, struct: msgspec.Struct, name: str) -> None:
    """Raises Refused when an object has a key twice: the last one counts here, the first one for other readers.

    Only an object that has not its compact size is walked through.
    """
    rest = len(data) - compact_size(struct)
    if rest == 0:
        return
    if rest > limits.MAX_UNKNOWN:
        raise limits.refuse_hostile(f"{name} has more than {limits.MAX_UNKNOWN:,} bytes under unknown or repeated keys")
    _walk(data, name)


_key = re.compile(rb'[\s,{]*"((?:[^"\\]|\\.)*)"\s*:\s*')


def _walk(data: Raw | bytes, name: str) -> None:
    """Steps over the object key by key. A repeated key stands where the value of its last one does not."""
    view = memoryview(data)
    values = decode(_raws, data, name)
    seen = 0
    position = 0
    while match := _key.match(view, position):
        value = values.get(decode(_text, b'"' + match[1] + b'"', name))
        start = match.end()
        seen += 1
        if value is None or seen > len(values) or view[start : start + len(value)] != memoryview(value):
            raise limits.refuse_hostile(f"{name} has a key twice")
        position = start + len(value)


def _malformed(body: bytes, error: str) -> Refused:
    if pieces.end_of_first(error) is not None:
        return sniff.MoreFollows()
    if b'"provider_schemas"' in body[:512]:
        return sniff.foreign(sniff.Marks(provider_schemas=Raw(b"{}")))
    return pieces.refuse_broken(body, pieces.Broken(0, error), sniff.MAKE_PLAN)
