"""What a report says, in words that do not depend on the tool that wrote it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

Kind = Literal["added", "removed", "changed", "reordered"]
Noise = Literal["", "empty", "mirror", "computed", "volatile", "same_json", "order", "learned", "ignored"]
Cause = Literal["out_of_band", "informational"]
Mode = Literal["refresh_only", "normal", "destroy", "scan"]

HIDDEN = "(sensitive)"


class Change(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One line of an attribute diff, masked already.

    `path` is never joined: keys may be empty or hold dots, slashes and quotes. `before` and `after` are
    JSON values whose numbers are `int` or `Decimal`, so that no digit is lost; a secret inside a larger
    value is the string `HIDDEN`. Both are None when `is_sensitive`. `noise` is "" for a line that matters;
    `why` says in words why one does not. `digest`: 32 hexadecimal digits over all of the line, secrets included.
    """

    path: tuple[str | int, ...]
    kind: Kind
    before: object = None
    after: object = None
    is_sensitive: bool = False
    is_member: bool = False
    in_json: bool = False
    noise: Noise = ""
    forces_replacement: bool = False
    digest: str = ""
    why: str = ""


class Finding(msgspec.Struct, frozen=True, gc=False):
    """One drifted object of one report. (`address`, `deposed`) is unique in a stack.

    `action` is update, delete, replace, or what the tool said, verbatim, joined by "+".
    `fingerprint`: 64 hexadecimal digits over what differs, secrets included.
    `changes`: significant lines first; `hidden_changes` counts the lines that a limit left out, `hidden_digest` is
    over the significant ones among them. `is_unknown`: the tool says that it differs, but not in what.
    `former_fingerprint`: as versions before 0003 computed it. `source`: a keyed hash over all that it was made of, ""
    where nobody made one.
    """

    address: str
    deposed: str
    previous_address: str | None
    module_address: str
    resource_type: str
    resource_name: str
    provider: str
    action: str
    cause: Cause
    cause_reason: str
    fingerprint: str
    changes: tuple[Change, ...]
    hidden_changes: int
    hidden_digest: str = ""
    is_unknown: bool = False
    former_fingerprint: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A resource that the code renamed; its open drift follows it."""

    previous_address: str
    address: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A whole report. `resolves`: a drift that is missing here is gone; otherwise `incomplete_reason` says
    in one sentence why not. `timestamp` is aware, in UTC. `duration`: of the scan, in seconds, where the tool says it.
    """

    format: str
    tool: str
    tool_version: str
    mode: Mode
    timestamp: datetime | None
    resolves: bool
    incomplete_reason: str
    has_drift_data: bool
    is_errored: bool
    findings: tuple[Finding, ...]
    moves: tuple[Move, ...]
    duration: float | None = None


@dataclass(frozen=True, slots=True)
class Hints:
    """What the sender said beside the body: the format, the tool's exit code, whether the scan was whole.

    `direction` is for Pulumi, whose output does not say what it compared: "refresh" goes from the state to the cloud,
    "preview" from the cloud to the program. `with_former`: the server's own wish for `Finding.former_fingerprint`.
    """

    format: str | None = None
    exit_code: int | None = None
    complete: bool | None = None
    direction: Literal["refresh", "preview"] | None = None
    with_former: bool = False


class Refused(Exception):
    """A body that is not taken. `status` is 400, 413, 415 or 422; `code` is VALIDATION_ERROR,
    PAYLOAD_TOO_LARGE or UNSUPPORTED_FORMAT. `message` says what the body is and what to send instead; of
    the body itself it holds nothing but positions, because a plan holds secrets."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, code, message)
        self.status = status
        self.code = code
        self.message = message


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(tuple[Change, ...], float_hook=Decimal)


def changes_to_json(changes: tuple[Change, ...]) -> str:
    """JSON text of the lines; numbers keep every digit, so read it with `changes_from_json` only."""
    return _encoder.encode(changes).decode()


def changes_from_json(text: str) -> tuple[Change, ...]:
    """The lines that `changes_to_json` wrote. Raises msgspec.DecodeError for anything else."""
    return _decoder.decode(text)
