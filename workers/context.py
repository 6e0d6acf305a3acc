"""What a handler sees of its run, and the renewal of its lease."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import cast
from uuid import UUID

from django.conf import settings

from aijobs.engine import lifecycle
from aijobs.engine.lifecycle import Run
from aijobs.errors import RunCancelled, TransitionRefused
from aijobs.registry import R, Result

# Progress reaches the row at most this often; a lease is renewed at a third of its length.
PROGRESS_SECONDS = 1.0


class JobContext:
    """The one implementation of `registry.Context`. Used by the handler's thread; renewed by the heartbeat's."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.processed, self.total = run.processed, run.total
        # What the row says, and since when.
        self._written = (run.processed, run.total)
        self._renewed_at = time.monotonic()
        self.effect: Callable[[Result], Result] | None = None
        self.while_suspended = False
        self.lost = False
        # Somebody has asked the job to stop, and what was found until then.
        self.cancel_requested = False
        self.so_far: Callable[[], Result] | None = None

    @property
    def job_id(self) -> UUID:
        return self.run.id

    @property
    def tenant_id(self) -> int:
        return self.run.tenant_id

    @property
    def attempt(self) -> int:
        return self.run.attempt

    @property
    def failures(self) -> int:
        return self.run.failures

    def owned(self) -> AbstractContextManager[None]:
        return lifecycle.owned(self.run)

    def checkpoint(self) -> None:
        if self.lost:
            raise TransitionRefused(f"attempt {self.run.attempt} of job {self.run.id} is over")
        if self.cancel_requested:
            raise RunCancelled(f"job {self.run.id} is to stop")

    def when_stopped(self, so_far: Callable[[], Result]) -> None:
        self.so_far = so_far

    def progress(self, processed: int, total: int | None = None) -> None:
        # First: it is done, also where the run is to stop here.
        self.processed = processed
        if total is not None:
            self.total = total
        self.checkpoint()

    def commit_with(self, effect: Callable[[R], R], *, while_suspended: bool = False) -> None:
        self.effect, self.while_suspended = cast("Callable[[Result], Result]", effect), while_suspended

    def due_for_renewal(self) -> bool:
        """Whether there is progress to write, or a third of the lease is over."""
        if self.lost:
            return False
        changed = (self.processed, self.total) != self._written
        third: float = settings.AIJOBS_LEASE_SECONDS / 3
        return time.monotonic() - self._renewed_at >= (min(PROGRESS_SECONDS, third) if changed else third)

    def renew(self) -> None:
        """Renew the lease and write the progress. A run that is over, or is to stop, learns it at its checkpoints."""
        progress, began = (self.processed, self.total), time.monotonic()
        try:
            self.cancel_requested = lifecycle.renew(self.run.id, self.run.attempt, *progress)
        except TransitionRefused:
            self.lost = True
            return
        self._written, self._renewed_at = progress, began
