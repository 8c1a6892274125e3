"""The live feed for Prometheus: the numbers of `/admin/status`."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

# Rooms of single drifts and stacks come and go by the thousand: a label for each would never end.
_ROOMS = ("drifts", "alerts", "alerts-list")


class Status(Protocol):
    """What the surface `live` says of itself."""

    @property
    def processes(self) -> Sequence[object]: ...
    @property
    def rooms(self) -> Mapping[str, int]: ...
    @property
    def pages(self) -> int: ...
    @property
    def programs(self) -> int: ...
    @property
    def pushed(self) -> int: ...
    @property
    def dropped(self) -> int: ...
    @property
    def told(self) -> int: ...
    @property
    def delays(self) -> tuple[float, float] | None: ...


class LiveFeed(Collector):
    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        kinds = {"page": status.pages, "program": status.programs}
        yield _gauge("driftsentry_sockets", "Open sockets of this process", "kind", kinds)
        yield GaugeMetricFamily("driftsentry_processes", "Processes on this database", len(status.processes))
        yield GaugeMetricFamily("driftsentry_rooms", "Rooms with somebody in them, of all processes", len(status.rooms))
        people = {room: status.rooms.get(room, 0) for room in _ROOMS}
        yield _gauge("driftsentry_room_members", "People in a room, in all processes", "room", people)
        counters = {
            "driftsentry_events_told": ("Events told by this process while somebody was connected", status.told),
            "driftsentry_frames_pushed": ("Frames given to sockets of this process", status.pushed),
            "driftsentry_slow_readers_dropped": ("Sockets closed because they read too slowly", status.dropped),
        }
        for name, (text, value) in counters.items():
            yield CounterMetricFamily(name, text, value)
        if status.delays:
            text = "From an event to its push by this process, of the last thousand"
            quantiles = dict(zip(("0.5", "0.99"), status.delays, strict=True))
            yield _gauge("driftsentry_push_delay_seconds", text, "quantile", quantiles)


def _gauge(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, amount in values.items():
        family.add_metric([value], amount)
    return family
