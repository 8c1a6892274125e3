"""The two ways in: a report to a scan, and a report to what may leave the machine it was made on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from driftsentry.ingest import formats, pieces, sniff, surveying
from driftsentry.ingest.formats import plain, plan_masking, terraform_log, terraform_log_messages, terraform_plan
from driftsentry.ingest.formats.plan_shape import decode
from driftsentry.ingest.formats.terraform_plan import WHOLE, Reading
from driftsentry.ingest.limits import refuse_depth
from driftsentry.ingest.model import Hints, Refused, Scan
from driftsentry.ingest.pieces import Broken, Piece
from driftsentry.ingest.sniff import MoreFollows
from driftsentry.ingest.survey import Survey
from driftsentry.ingest.text import to_utf8, where

T = TypeVar("T")

NO_HINTS = Hints()
_LOG_AND_PLAN = "There are a log and a plan in this body. Send the plan alone: it says all that the log does, and more."
_marks = msgspec.json.Decoder(sniff.Marks)


class _Document(NamedTuple):
    start: int
    text: bytes
    marks: sniff.Marks


def parse(body: bytes, *, stack: str, key: bytes, hints: Hints = NO_HINTS, reading: Reading = WHOLE) -> Scan:
    """Reads a report (unpacked, see `unpack`). `key` is the server's secret for digests, `stack` the slug. `reading`:
    how a plan is read, if it is one.

    Raises Refused for whatever is no report of a format that is known here, or a damaged one.
    """

    def plan(document: bytes) -> Scan:
        return terraform_plan.read(document, stack=stack, key=key, hints=hints, reading=reading)

    def survey(found: Survey) -> Scan:
        return surveying.scan_of(found, stack=stack, key=key, with_former=hints.with_former)

    return _guard(lambda: _read(to_utf8(body), hints, plan, survey))


def mask_document(body: bytes, *, stack: str, hints: Hints = NO_HINTS) -> bytes:
    """The report with every secret replaced by a digest, and without all that `parse` does not need.

    Parsing it gives the same scan as parsing `body`. Raises Refused like `parse`.
    """

    def plan(document: bytes) -> bytes:
        return plan_masking.mask(document, stack=stack)

    def survey(found: Survey) -> bytes:
        return plain.write(surveying.sealed(found, stack=stack))

    return _guard(lambda: _read(to_utf8(body), hints, plan, survey))


def _read(text: bytes, hints: Hints, plan: Callable[[bytes], T], survey: Callable[[Survey], T]) -> T:
    asked = formats.require_known(hints.format)
    sniff.refuse_binary(text)
    if asked in (None, terraform_plan.FORMAT) and sniff.begins_as_plan(text):
        try:
            return plan(text)  # nearly always: the body is a plan and nothing else
        except MoreFollows:
            pass
    name, documents = _find(text, asked)
    if name == terraform_plan.FORMAT:
        return plan(documents[0])
    return survey(formats.READERS[name](documents, hints=hints))


def _find(text: bytes, asked: str | None) -> tuple[str, Sequence[bytes]]:
    """The name of the format and the documents for it. Raises Refused."""
    if asked in (None, terraform_log.FORMAT) and sniff.is_log(text):
        lines = terraform_log_messages.lines_of(text)
        if not asked and any(sniff.begins_as_plan(line) for line in lines):
            raise Refused(400, "VALIDATION_ERROR", _LOG_AND_PLAN)
        return terraform_log.FORMAT, lines
    found = list(pieces.find(text))
    documents = [each for piece in found if isinstance(piece, Piece) for each in _documents(text, piece)]
    broken = next((piece for piece in found if isinstance(piece, Broken)), None)
    if not documents:
        raise _nothing(text, found, broken)
    named = _named(documents, asked)
    if broken and (named or len(documents) == 1):
        raise pieces.refuse_broken(text, broken, sniff.MAKE_PLAN)
    if not named:
        raise sniff.foreign(documents[0].marks)
    name = named[0][0]
    _require_one_report(text, named)
    return name, [each.text for _, each in named]


def _nothing(text: bytes, found: Sequence[Piece | Broken], broken: Broken | None) -> Refused:
    if broken:
        return pieces.refuse_broken(text, broken, sniff.MAKE_PLAN)
    if found:
        return sniff.unsupported(f"This is an empty JSON list: it says nothing. {sniff.MAKE_PLAN}")
    return sniff.refuse_text(text)


def _named(documents: Sequence[_Document], asked: str | None) -> list[tuple[str, _Document]]:
    """The documents that a format reads, with its name; what else there is counts as text."""
    told = [(sniff.format_of(each.marks), each) for each in documents]
    if asked:
        same = [(asked, each) for name, each in told if name == asked]
        return same or [(asked, each) for each in documents]
    return [(name, each) for name, each in told if name]


def _documents(text: bytes, piece: Piece) -> Iterator[_Document]:
    is_list = text[piece.start : piece.start + 1] == b"["
    for part in pieces.elements(text, piece) if is_list else (piece,):
        is_whole = part.start == 0 and len(text) - part.end < 2
        document = text if is_whole else text[part.start : part.end]
        yield _Document(part.start, document, decode(_marks, document, "the document"))


def _require_one_report(text: bytes, named: Sequence[tuple[str, _Document]]) -> None:
    """Raises Refused for two plans, or for what two tools wrote: nobody can say which one is meant."""
    first, start = named[0][0], where(text, named[0][1].start)
    for name, other in named[1:]:
        second = f"{formats.TITLES[name]} at {where(text, other.start)}"
        if name != first or name == terraform_plan.FORMAT:
            message = f"There are two reports in this body: {formats.TITLES[first]} at {start}, and {second}."
            raise Refused(400, "VALIDATION_ERROR", f"{message} Send each one as a report of its own stack.")


def _guard(work: Callable[[], T]) -> T:
    # The last line: nothing that a body does may become an error of the program. The original exception may
    # hold parts of the body, so it is not chained.
    try:
        return work()
    except RecursionError:
        raise refuse_depth() from None
    except MemoryError:
        raise Refused(413, "PAYLOAD_TOO_LARGE", "The document needs more memory than there is.") from None
