"""What was measured, as Markdown."""

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.live_table import markdown
from benchmarks.pages_rounds import BARE, EXPRESS, OURS, Measured

HEAD = (
    "drifts",
    "page",
    "kB",
    "requests a second",
    "ms (99 of 100)",
    "CPU a request, ms",
    "Express: requests a second",
    "ms (99 of 100)",
    "CPU a request, ms",
    "x Express",
    "x bare route",
)


def table(found: Mapping[int, Sequence[Measured]]) -> str:
    """`found`: by the number of drifts. `x`: times as many requests a second, the median over the rounds."""
    return markdown([HEAD, *[row for drifts, measured in found.items() for row in _rows(drifts, measured)]])


def ratio(one: Measured, other: Measured | None) -> float | None:
    """How many times as many requests a second `one` has answered in a round; its median."""
    if other is None:
        return None
    return statistics.median(mine / theirs for mine, theirs in zip(one.rates, other.rates, strict=True))


def _rows(drifts: int, found: Sequence[Measured]) -> list[tuple[str, ...]]:
    [bare] = [measured for measured in found if measured.name == BARE]
    peers = {measured.case.key: measured for measured in found if measured.name == EXPRESS}
    ours = [measured for measured in found if measured.name == OURS]
    rows: list[tuple[str, ...]] = [(f"{drifts:,}", "an empty route", "", *_numbers(bare), "", "", "", "", "")]
    for measured in ours:
        peer = peers.get(measured.case.key)
        ratios = [_times(ratio(measured, peer)), _times(ratio(measured, bare))]
        size = f"{measured.size / 1000:.0f}"
        rows.append((f"{drifts:,}", measured.case.label, size, *_numbers(measured), *_numbers(peer), *ratios))
    return rows


def _numbers(measured: Measured | None) -> tuple[str, str, str]:
    if measured is None:
        return "", "", ""
    times = f"{measured.median:.1f} ({measured.p99:.1f})"
    return f"{measured.rate:,.0f}", times, f"{statistics.median(measured.cpu):.2f}"


def _times(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
