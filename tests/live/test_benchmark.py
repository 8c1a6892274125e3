"""The benchmark measures what it says: its browsers read frames as they come, and its table tells what was lost."""

from functools import partial
from pathlib import Path

from websockets.frames import Frame, Opcode

from benchmarks.live_frames import frames
from benchmarks.live_rounds import Measured, Push, scale
from benchmarks.live_servers import driftsentry, websockets_peer
from benchmarks.live_table import HEAD, table


def test_frames_are_found_wherever_the_bytes_were_cut() -> None:
    sizes = [0, 125, 126, 65535, 65536]
    stream = b"".join(Frame(Opcode.TEXT, b"x" * size).serialize(mask=False) for size in sizes)
    assert [end - start for _head, start, end in frames(stream)] == sizes
    ends = [end for _head, _start, end in frames(stream)]
    for cut in [*range(300), *[end + by for end in ends for by in range(-3, 12)]]:
        early = list(frames(stream[:cut]))
        place = early[-1][2] if early else 0
        late = list(frames(stream[place:]))
        assert [end - start for _head, start, end in early + late] == sizes


def test_what_was_lost_stands_in_the_table() -> None:
    pushes = [Push(1.0, 1.004, [1.002, 1.01], 2), Push(2.0, 2.004, [2.002, 0.0], 1)]
    found = Measured("DriftSentry", 2, pushes=pushes)
    row = dict(zip(HEAD, map(str.strip, table([found]).splitlines()[-1].strip("|").split("|")), strict=True))
    assert row["lost"] == "1"
    assert row["click to the last, ms (worst)"] == "6.0 (10.0)"
    assert row["first to the last (worst)"] == "4.0 (8.0)"


def test_one_round_beside_a_peer(tmp_path: Path) -> None:
    ours, peer = found = scale(20, 1, [partial(driftsentry, tmp_path / "ours", 5), websockets_peer], warm=1)
    assert [(each.name, each.lost, len(each.pushes)) for each in found] == [
        ("DriftSentry", 0, 1),
        ("websockets broadcast", 0, 1),
    ]
    assert ours.size > 1000
    assert abs(ours.size - peer.size) < 100  # the same bytes but for a number of an event or so
    for each in found:
        [push] = each.pushes
        assert push.clicked < min(push.arrived)
        assert push.frames == 20  # one for each socket: what the last one got was no other decision's
        assert min(each.before, each.idle, each.active) > 1
    assert len(table(found).splitlines()) == 4
