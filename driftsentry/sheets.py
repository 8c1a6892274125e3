"""CSV that spreadsheets open without calculating anything."""

import csv
import io
from collections.abc import Iterable

# What a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def lines(rows: Iterable[Iterable[object]]) -> str:
    """Rows as RFC 4180 writes them, every value in quotes. None is nothing."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL).writerows([[cell(value) for value in row] for row in rows])
    return file.getvalue()


def cell(value: object) -> str:
    """A value that no spreadsheet calculates: an apostrophe goes before what could begin a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
