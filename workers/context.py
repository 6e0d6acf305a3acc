"""What a handler sees of its run, and the heartbeat that renews the lease while it works."""

import logging
import threading
import time
from collections.abc import Callable
from typing import cast
from uuid import UUID

from django.conf import settings
from django.db import connection

from aijobs import lifecycle
from aijobs.errors import TransitionRefused
from aijobs.lifecycle import Run
from aijobs.registry import R, Result

logger = logging.getLogger(__name__)

# Progress reaches the row at most this often; a lease is renewed at a third of its length.
PROGRESS_SECONDS = 1.0


class JobContext:
    """The one implementation of `registry.Context`. Used by the handler's thread; renewed by the heartbeat's."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.processed = 0
        self.total: int | None = None
        # What the row says.
        self.written: tuple[int, int | None] = (0, None)
        self.effect: Callable[[Result], Result] | None = None
        self.lost = False

    @property
    def job_id(self) -> UUID:
        return self.run.id

    @property
    def tenant_id(self) -> int:
        return self.run.tenant_id

    def progress(self, processed: int, total: int | None = None) -> None:
        if self.lost:
            raise TransitionRefused(f"attempt {self.run.attempt} of job {self.run.id} is over")
        self.processed = processed
        if total is not None:
            self.total = total

    def commit_with(self, effect: Callable[[R], R]) -> None:
        self.effect = cast("Callable[[Result], Result]", effect)


class Heartbeat:
    """One thread per worker process. It sleeps between runs, and never holds up a short one."""

    def __init__(self) -> None:
        self._current: JobContext | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def begin(self, context: JobContext) -> None:
        with self._changed:
            self._current = context
            self._changed.notify()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            self._thread.start()

    def end(self) -> None:
        with self._changed:
            self._current = None
            self._changed.notify()

    def _beat(self) -> None:
        while True:
            context = self._next_to_renew()
            try:
                self._renew(context)
            except Exception as error:
                # Whatever it is, the next beat tries again; if the lease runs out, the sweeper takes the job back.
                logger.warning("lease not renewed: %s", error)

    def _renew(self, context: JobContext) -> None:
        progress = (context.processed, context.total)
        try:
            lifecycle.renew(context.run.id, context.run.attempt, *progress)
            context.written = progress
        except TransitionRefused:
            context.lost = True
        finally:
            connection.close()

    def _next_to_renew(self) -> JobContext:
        """Wait until a run that is going on, and not lost, is due for renewal."""
        with self._changed:
            while True:
                context = self._current
                if context is None or context.lost:
                    self._changed.wait()
                elif self._stays(context):
                    return context

    def _stays(self, context: JobContext) -> bool:
        """Wait one interval; False when another run, or none, took its place meanwhile."""
        renew_at = time.monotonic() + settings.AIJOBS_LEASE_SECONDS / 3
        while self._current is context:
            left = renew_at - time.monotonic()
            if left <= 0:
                return True
            self._changed.wait(min(left, PROGRESS_SECONDS))
            if self._current is context and (context.processed, context.total) != context.written:
                return True
        return False


heartbeat = Heartbeat()
