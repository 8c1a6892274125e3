"""Verifying the chain while the server runs: in the background, one at a time, and kept as an entry of the log."""

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from driftsentry import clock, errors, events
from driftsentry.audit.actions import Verification, verify
from driftsentry.auth import Role, require_role
from driftsentry.db import Database
from driftsentry.events import Actor, Log

FAILED = "The last verification could not be finished. Start it again; the server's log says why it ended."
_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Round:
    """A verification under way; `found` fills while it walks."""

    actor: Actor
    started_at: datetime
    found: Verification


class Verifier:
    """Belongs to one process and database. A million entries take a minute or more, so nobody waits for it."""

    def __init__(self, db: Database, log: Log) -> None:
        self._db = db
        self._chain = log
        self._task: asyncio.Task[None] | None = None
        self.round: Round | None = None
        self.failure = ""

    async def start(self, actor: Actor) -> None:
        """Begin, unless somebody's is under way: its answer is the same. Raises `Forbidden`."""
        async with self._db.read() as tx:
            await require_role(tx, actor, Role.ADMIN)
        if self.round is None:
            self.failure = ""
            self.round = Round(actor, clock.now(), Verification())
            self._task = asyncio.create_task(self._run(self.round), name="audit.verify")

    async def wait(self, seconds: float) -> None:
        """Until it is done, but no longer than that."""
        if self._task:
            await asyncio.wait([self._task], timeout=seconds)

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self, round: Round) -> None:
        try:
            found = await verify(self._db, self._chain, found=round.found)
            async with self._db.write() as tx:
                events.record(
                    tx,
                    "audit.verified",
                    round.actor,
                    at=clock.now(),
                    entries=found.entries,
                    problems=len(found.problems),
                    found=found.problems,
                    head=found.head,
                )
        except Exception as problem:
            # Also one that nobody expected: what was done to a row may be such that it cannot even be read.
            level = logging.WARNING if isinstance(problem, errors.Unavailable) else logging.ERROR
            _log.log(level, "audit.verify_failed", exc_info=problem)
            self.failure = FAILED
        finally:
            self.round = None
