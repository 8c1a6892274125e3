"""What programs are told: events as JSON messages, as contract.md names them."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from driftsentry import alerts, drifts
from driftsentry.alerts import Alert
from driftsentry.api.v1.alerts import alert_output
from driftsentry.clock import to_text
from driftsentry.db import Database
from driftsentry.drifts import Row
from driftsentry.events import Actor, Event
from driftsentry.live.socket import Rooms, Socket
from driftsentry.live.wire import Frame


@dataclass(slots=True)
class Message:
    """An event for programs. `rooms`: who hears of it, by the first of them that a socket is in. `request_id`: of the
    message that made it, "" where none did: its sender gets an answer of his own. `only_for`: a user, "" for all."""

    type: str
    seq: int
    rooms: Sequence[str]
    data: dict[str, Any]
    request_id: str = ""
    only_for: str = ""
    _frames: dict[str, Frame] = field(default_factory=dict)

    def frame(self, rooms: Rooms) -> Frame | None:
        """For a socket that is in `rooms`; None where it is of no interest."""
        room = next((room for room in self.rooms if room in rooms), None)
        if room is None:
            return None
        if room not in self._frames:
            self._frames[room] = told(self.type, seq=self.seq, room=room, data=self.data)
        return self._frames[room]

    def frames_for(self, socket: Socket) -> list[Frame]:
        frame = self.frame(socket.rooms)
        is_own = self.request_id and self.request_id == socket.request_id
        is_for_others = self.only_for and self.only_for != socket.member.user_id
        return [frame] if frame and not is_own and not is_for_others else []


Describe = Callable[[Database, Sequence[Event]], Awaitable[Sequence[Message]]]


def told(type_: str, **fields: Any) -> Frame:
    return Frame(json.dumps({"type": type_, **fields}, ensure_ascii=True, separators=(",", ":")))


async def describe(db: Database, batch: Sequence[Event]) -> Sequence[Message]:
    """The events that programs hear of, in their order."""
    drift_ids = {event.drift_id for event in batch if event.drift_id is not None and event.kind in _DRIFT_KINDS}
    alert_ids = {event.data["alert_id"] for event in batch if event.kind == "alert.created"}
    rows: dict[int, Row] = {}
    created: dict[int, Alert] = {}
    if drift_ids or alert_ids:
        async with db.read() as tx:
            rows = {row.id: row for row in await drifts.select_rows(tx, sorted(drift_ids))}
            created = {alert.id: alert for alert in await alerts.select_some(tx, None, alert_ids)}
    messages = (_message(event, rows, created) for event in batch)
    return [message for message in messages if message is not None]


def _message(event: Event, rows: Mapping[int, Row], created: Mapping[int, Alert]) -> Message | None:
    if event.drift_id is not None and event.drift_id in rows:
        return _of_drift(event, event.drift_id, rows[event.drift_id])
    if event.kind == "alert.created":
        alert = created[event.data["alert_id"]]
        return Message("alert:created", event.seq, ("alerts",), msgspec.to_builtins(alert_output(alert)))
    if event.kind == "alert.read":
        data = {"id": _text(event.data.get("alert_id")), "upTo": _text(event.data.get("up_to"))}
        return Message("alert:read", event.seq, ("alerts",), data, only_for=event.data["user_id"])
    return None


# -- Drifts ------------------------------------------------------------------------------------------------------------


class _Turn(NamedTuple):
    """What a drift is after an event, where the event decides that."""

    type: str
    status: str | None
    is_snoozed: bool | None


_DRIFT_KINDS = {
    "drift.detected": _Turn("drift:created", "detected", False),
    "drift.changed": _Turn("drift:changed", "detected", False),
    "drift.filled": _Turn("drift:changed", "detected", None),
    "drift.snoozed": _Turn("drift:changed", "detected", True),
    "drift.woken": _Turn("drift:changed", "detected", False),
    "drift.ignored": _Turn("drift:changed", None, None),
    "drift.rejudged": _Turn("drift:changed", None, None),
    "drift.moved": _Turn("drift:changed", None, None),
    "drift.reopened": _Turn("drift:reopened", "detected", False),
    "drift.lapsed": _Turn("drift:reopened", "detected", False),
    "drift.resolved": _Turn("drift:resolved", "resolved", False),
    "drift.approved": _Turn("drift:approved", "approved", False),
    "drift.rejected": _Turn("drift:rejected", "rejected", False),
    "drift.commented": _Turn("message", None, None),
}


def _of_drift(event: Event, drift_id: int, row: Row) -> Message | None:
    turn = _DRIFT_KINDS.get(event.kind)
    if turn is None:
        return None
    room = f"drift:{drift_id}"
    if event.kind == "drift.commented":
        return Message(turn.type, event.seq, (room,), _comment(event), request_id=event.actor.request_id)
    is_decided = event.kind in ("drift.approved", "drift.rejected")
    data = _decision(event, drift_id) if is_decided else _facts(event, row, turn)
    return Message(turn.type, event.seq, ("drifts", room, f"stack:{row.stack}"), data)


def _decision(event: Event, drift_id: int) -> dict[str, Any]:
    verdict = event.kind.rpartition(".")[2]
    return {
        "id": str(drift_id),
        "status": verdict,
        f"{verdict}At": to_text(event.at),
        f"{verdict}By": _person(event.actor),
    }


def _facts(event: Event, row: Row, turn: _Turn) -> dict[str, Any]:
    """Names and words as in the lists of the API: no values, and none of what people wrote."""
    return {
        "id": str(row.id),
        "stack": row.stack,
        "environment": row.environment,
        "address": row.address,
        "deposed": row.deposed or None,
        "status": turn.status or row.status.value,
        "cause": event.data.get("cause", row.cause),
        "severity": event.data.get("severity", row.severity),
        "action": event.data.get("action", row.action),
        "snoozed": row.is_snoozed if turn.is_snoozed is None else turn.is_snoozed,
        "reason": event.kind.rpartition(".")[2],
        "after": event.data.get("after"),
        "by": {"kind": event.actor.kind, **_person(event.actor)},
        "reportId": event.report_id,
        "at": to_text(event.at),
    }


def _comment(event: Event) -> dict[str, Any]:
    """The text as somebody typed it. Its number in the log is its name: nothing else says which one it is."""
    return {
        "id": str(event.seq),
        "driftId": str(event.drift_id),
        "text": event.data["text"],
        "author": _person(event.actor),
        "at": to_text(event.at),
    }


def _person(actor: Actor) -> dict[str, str]:
    return {"id": actor.id, "name": actor.name}


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
