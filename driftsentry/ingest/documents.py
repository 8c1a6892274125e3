"""The two ways in: a report to a scan, and a report to what may leave the machine it was made on."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from driftsentry.ingest.formats import plan_masking, terraform_plan
from driftsentry.ingest.limits import refuse_depth
from driftsentry.ingest.model import Hints, Refused, Scan
from driftsentry.ingest.sniff import require_json, unsupported
from driftsentry.ingest.text import to_utf8

T = TypeVar("T")

NO_HINTS = Hints()
_READ = ("", "terraform_plan")


def parse(body: bytes, *, stack: str, key: bytes, hints: Hints = NO_HINTS) -> Scan:
    """Reads a report (unpacked, see `unpack`). `key` is the server's secret for digests, `stack` the slug.

    Raises Refused for whatever is no complete Terraform or OpenTofu plan in JSON.
    """
    if (hints.format or "") not in _READ:
        raise unsupported(
            "Only format=terraform_plan is read by this version. Leave `format` away to have it found out."
        )
    return _guard(lambda: terraform_plan.read(_document(body), stack=stack, key=key, hints=hints))


def mask_document(body: bytes, *, stack: str) -> bytes:
    """The report with every secret replaced by a digest, and without all that `parse` does not need.

    Parsing it gives the same scan as parsing `body`. Raises Refused like `parse`.
    """
    return _guard(lambda: plan_masking.mask(_document(body), stack=stack))


def _document(body: bytes) -> bytes:
    text = to_utf8(body)
    require_json(text)
    return text


def _guard(work: Callable[[], T]) -> T:
    # The last line: nothing that a body does may become an error of the program. The original exception may
    # hold parts of the body, so it is not chained.
    try:
        return work()
    except RecursionError:
        raise refuse_depth() from None
    except MemoryError:
        raise Refused(413, "PAYLOAD_TOO_LARGE", "The document needs more memory than there is.") from None
