"""The messages of the log of `plan -json`: how they lie in a body, and what of each one is decoded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec
from msgspec import UNSET, Raw

from driftsentry.ingest import limits
from driftsentry.ingest.formats.plan_shape import Part, decode, is_null, require_unique
from driftsentry.ingest.model import Refused

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

MAX_LINES = 500_000
_START = b'{"@level"'


class Message(msgspec.Struct, gc=False):
    level: Part = msgspec.field(default=UNSET, name="@level")
    message: Part = msgspec.field(default=UNSET, name="@message")
    module: Part = msgspec.field(default=UNSET, name="@module")
    time: str | None = msgspec.field(default=None, name="@timestamp")
    type: str | None = None
    terraform: Part = UNSET
    tofu: Part = UNSET
    ui: Part = UNSET
    change: Part = UNSET
    changes: Part = UNSET
    diagnostic: Part = UNSET
    hook: Part = UNSET
    outputs: Part = UNSET


class Resource(msgspec.Struct, gc=False):
    addr: str
    module: str = ""
    resource: str = ""
    implied_provider: str = ""
    resource_type: str = ""
    resource_name: str = ""
    resource_key: Part = UNSET


class ResourceChange(msgspec.Struct, gc=False):
    resource: Raw
    action: str
    previous_resource: Part = UNSET
    reason: Part = UNSET
    importing: Part = UNSET
    generated_config: Part = UNSET


class Diagnostic(msgspec.Struct, gc=False):
    severity: str = ""
    summary: str = ""


class Summary(msgspec.Struct, gc=False):
    operation: str = ""


class Hook(msgspec.Struct, gc=False):
    action: str = ""


_message = msgspec.json.Decoder(Message)
_change = msgspec.json.Decoder(ResourceChange)
_resource = msgspec.json.Decoder(Resource)
_diagnostic = msgspec.json.Decoder(Diagnostic)
_summary = msgspec.json.Decoder(Summary)
_hook = msgspec.json.Decoder(Hook)
_text = msgspec.json.Decoder(str)


def lines_of(text: bytes) -> Sequence[bytes]:
    """The messages of a log between other text; the last one may be cut. Raises Refused."""
    if text.count(b"\n") > MAX_LINES:
        raise limits.refuse_hostile(f"it has more than {MAX_LINES:,} lines")
    return list(_messages(text.split(b"\n")))


def _messages(lines: Sequence[bytes]) -> Iterator[bytes]:
    for line in lines:
        # What stderr printed without a line's end stands in front of a message.
        start = 0 if line.startswith(b"{") else line.find(_START)
        if start >= 0:
            yield line[start:]


def read_message(document: bytes, name: str) -> Message | None:
    """None for what is no JSON: a line that was cut. Raises Refused."""
    try:
        return _message.decode(document)
    except msgspec.ValidationError:
        raise Refused(422, "VALIDATION_ERROR", f"{name} has not the shape that Terraform writes.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # A lone surrogate may be complained of as if the text ended there; this one does not.
        is_unicode = any(word in str(error) for word in ("truncated", "surrogate", "hex escape"))
        if is_unicode and document.rstrip().endswith(b"}"):
            raise limits.refuse_hostile(f"a string in {name} is not valid Unicode") from None
        return None


def read_change(message: Message, name: str) -> tuple[ResourceChange, Resource, str]:
    """The change, its resource, and the address that it had before, or ""."""
    change = _decode_unique(_change, message.change, name)
    resource = _decode_unique(_resource, change.resource, name)
    moved = change.previous_resource
    previous = "" if moved is UNSET or is_null(moved) else _decode_unique(_resource, moved, name).addr
    if not resource.addr or max(len(resource.addr), len(previous)) > limits.MAX_ADDRESS:
        text = f"{name} has no address, or one of more than {limits.MAX_ADDRESS:,} characters."
        raise Refused(422, "VALIDATION_ERROR", text)
    return change, resource, previous


def _decode_unique(decoder: msgspec.json.Decoder[S], raw: Part, name: str) -> S:
    data = Raw(b"null") if raw is UNSET else raw
    value = decode(decoder, data, name)
    require_unique(data, value, name)
    return value


def summary_of(message: Message, name: str) -> Summary:
    return _read(_summary, message.changes, Summary(), name)


def diagnostic_of(message: Message, name: str) -> Diagnostic:
    return _read(_diagnostic, message.diagnostic, Diagnostic(), name)


def hook_of(message: Message, name: str) -> Hook:
    return _read(_hook, message.hook, Hook(), name)


def version_of(message: Message, name: str) -> str:
    """Terraform and OpenTofu write it under their own name."""
    return _read(_text, message.terraform if message.tofu is UNSET else message.tofu, "", name)[:64]


def _read(decoder: msgspec.json.Decoder[T], raw: Part, absent: T, name: str) -> T:
    return absent if raw is UNSET else decode(decoder, raw, name)
