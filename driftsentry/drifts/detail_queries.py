"""SQL for the page of one drift: how often it was seen."""

from driftsentry.clock import to_text
from driftsentry.db import Tx
from driftsentry.drifts.model import Drift

MOST_SEEN = 1000


async def count_seen(tx: Tx, drift: Drift) -> int:
    """In how many complete reports it was since it came, or came back: all of them, while it is open. At most
    `MOST_SEEN` + 1; those that were incomplete are not counted."""
    came = drift.detected_at if drift.reopened else drift.first_seen_at
    amount = await tx.value(
        "SELECT count(*) FROM (SELECT 1 FROM reports WHERE stack_id = :stack_id AND received_at >= :came"
        " AND received_at < :gone AND is_complete = 1 AND is_late = 0 LIMIT :limit) AS seen",
        stack_id=drift.stack_id,
        came=to_text(came),
        gone=to_text(drift.resolved_at) if drift.status == "resolved" and drift.resolved_at else "9",
        limit=MOST_SEEN + 1,
    )
    return max(1, int(amount))
