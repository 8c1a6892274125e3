"""Work that goes on, whatever happens in it."""

import asyncio
import logging

import pytest

from driftsentry import clockwork


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "PAUSE_SECONDS", 0)


async def test_work_that_fails_or_ends_is_begun_again_and_said(caplog: pytest.LogCaptureFixture) -> None:
    rounds, done = 0, asyncio.Event()

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise RuntimeError("a bug")
        if rounds == 3:
            done.set()
            await asyncio.Event().wait()

    with caplog.at_level(logging.ERROR):
        task = clockwork.keep_up("test", work)
        await asyncio.wait_for(done.wait(), 5)
    assert [record.message for record in caplog.records] == ["clockwork.failed"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
