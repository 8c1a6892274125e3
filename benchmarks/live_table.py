"""What was measured, as Markdown."""

from collections.abc import Sequence

from benchmarks.live_rounds import Measured

HEAD = (
    "sockets",
    "server",
    "click to the last, ms (worst)",
    "answer to the last",
    "first to the last (worst)",
    "click x websockets",
    "x Socket.IO",
    "push x websockets",
    "x Socket.IO",
    "CPU a push, ms",
    "lost",
    "MB with all",
    "kB a socket, idle",
    "after the pushes",
)
WEBSOCKETS, SOCKETIO = "websockets broadcast", "Socket.IO on Express"


def table(found: Sequence[Measured]) -> str:
    """A row for each server and number of sockets. `x`: times the median of that peer in the same rounds.

    The push alone is from the first socket to the last.
    """
    return markdown([HEAD, *[_row(measured, found) for measured in found]])


def markdown(rows: Sequence[Sequence[str]]) -> str:
    head, *others = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *others])


def ratio(measured: Measured, found: Sequence[Measured], name: str, what: str) -> float | None:
    """`measured` beside the peer of that name with as many sockets; None where it was not measured."""
    peers = [each for each in found if each.name == name and each.sockets == measured.sockets]
    return measured.median(what) / peers[0].median(what) if peers else None


def _row(measured: Measured, found: Sequence[Measured]) -> tuple[str, ...]:
    beside = [
        ratio(measured, found, name, what)
        for what in ("click_to_last", "first_to_last")
        for name in (WEBSOCKETS, SOCKETIO)
    ]
    return (
        f"{measured.sockets:,}",
        measured.name,
        f"{measured.median('click_to_last'):.1f} ({measured.worst('click_to_last'):.1f})",
        f"{measured.median('answer_to_last'):.1f}",
        f"{measured.median('first_to_last'):.1f} ({measured.worst('first_to_last'):.1f})",
        *["" if value is None else f"{value:.2f}" for value in beside],
        f"{measured.median('cpu'):.1f}",
        f"{measured.lost:,}",
        f"{measured.active:.0f}",
        f"{_kilobytes(measured, measured.idle):.1f}",
        f"{_kilobytes(measured, measured.active):.1f}",
    )


def _kilobytes(measured: Measured, megabytes: float) -> float:
    """That a socket takes."""
    return (megabytes - measured.before) * 1000 / measured.sockets
