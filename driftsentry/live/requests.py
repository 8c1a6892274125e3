"""What programs may say over the live feed, read as strictly as the bodies of the API."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from driftsentry import errors
from driftsentry.api import bodies

MESSAGE_BYTES = 64 * 1024
_Room = Annotated[str, Meta(min_length=1, max_length=220)]


class Request(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="type"):
    """The parent of all messages of programs."""


class Auth(Request, frozen=True, tag="auth"):
    token: Annotated[str, Meta(min_length=1, max_length=4000)]


class Join(Request, frozen=True, tag="join"):
    room: _Room


class Leave(Request, frozen=True, tag="leave"):
    room: _Room


class Comment(Request, frozen=True, tag="message"):
    """`client_id`: whatever the sender knows it by, for the answer."""

    room: _Room
    text: Annotated[str, Meta(min_length=1, max_length=4000)]
    client_id: Annotated[str, Meta(max_length=200)] | None = None


class Pong(Request, frozen=True, tag="pong"):
    pass


class Resume(Request, frozen=True, tag="resume"):
    after: Annotated[int, Meta(ge=0, le=2**63 - 1)]


Said = Auth | Join | Leave | Comment | Pong | Resume


def read(message: str | bytes) -> Said:
    """Raises `Invalid` for whatever is none of these."""
    if isinstance(message, bytes):
        raise errors.Invalid("Send JSON as text: this message is binary.")
    try:
        # "surrogatepass": half a pair is refused with a sentence like all other texts that are none.
        content = bodies.read_object(message.encode("utf-8", "surrogatepass"))
        said: Said = msgspec.convert(content, Said)
        return said
    except msgspec.ValidationError as problem:
        sentence = str(problem).replace("`", "")[:200]  # it may quote the message
        raise errors.Invalid(f"{sentence}.") from None
