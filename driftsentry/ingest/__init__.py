"""Reports to findings: pure, without I/O, SQL, HTTP or a clock.

`unpack` undoes gzip, `parse` turns a report into a `Scan`, `mask_document` is what the CI client runs
before it sends. Whatever is wrong with a body is a `Refused`; nothing else is raised.
"""

from driftsentry.ingest.documents import mask_document, parse
from driftsentry.ingest.fingerprint import fingerprint_of
from driftsentry.ingest.formats.terraform_plan import Reading, alone
from driftsentry.ingest.model import (
    Change,
    Finding,
    Hints,
    Move,
    Refused,
    Scan,
    changes_from_json,
    changes_to_json,
)
from driftsentry.ingest.packing import Unpacking, unpack
from driftsentry.ingest.text import common_length
from driftsentry.ingest.values import read_time

__all__ = [
    "Change",
    "Finding",
    "Hints",
    "Move",
    "Reading",
    "Refused",
    "Scan",
    "Unpacking",
    "alone",
    "changes_from_json",
    "changes_to_json",
    "common_length",
    "fingerprint_of",
    "mask_document",
    "parse",
    "read_time",
    "unpack",
]
