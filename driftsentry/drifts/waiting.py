"""How much waits for a decision, as the frame of every page says it."""

from collections.abc import Mapping
from typing import NamedTuple

from driftsentry.db import Tx
from driftsentry.drifts import queries
from driftsentry.drifts.model import Kind


class Waiting(NamedTuple):
    """Numbers of drifts: all that somebody should decide on now, and those among them that are critical."""

    waiting: int
    critical: int


def waiting_in(counts: Mapping[Kind, int]) -> Waiting:
    now = {kind: amount for kind, amount in counts.items() if kind.is_waiting}
    return Waiting(sum(now.values()), sum(amount for kind, amount in now.items() if kind.severity == "critical"))


async def count_waiting(tx: Tx) -> Waiting:
    return Waiting(*await queries.count_waiting(tx))
