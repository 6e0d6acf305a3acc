"""Hints that something has happened to a tenant's jobs, for those who wait for it.

They are published in the broker, and may be lost without a word: the log decides, and is looked at once a second
without any hint.

Whoever says one does not wait: a thread of the process publishes it, several at a time. So a hint costs a run a few
microseconds, and a broker that does not answer costs it nothing.
"""

import os
import threading
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from uuid import UUID

from django.db import transaction

from aijobs.engine import broker

# More than anybody says while the broker takes its time. What comes then is dropped.
MOST_WAITING = 10_000
# In one round trip.
AT_ONCE = 500


def of_tenant(tenant_id: int) -> str:
    """What is said of a tenant: it has new jobs."""
    return str(tenant_id)


def of_job(tenant_id: int, job_id: UUID) -> str:
    return f"{tenant_id} {job_id.hex}"


def read(hint: str) -> tuple[int, UUID | None]:
    """The tenant, and the job if it names one. Raises ValueError for what nobody of us has said."""
    tenant, _, job = hint.partition(" ")
    return int(tenant), UUID(job) if job else None


def tell(tenant_id: int, job_id: UUID | None = None) -> None:
    """Say that something has happened, once it is committed."""
    hint = of_job(tenant_id, job_id) if job_id else of_tenant(tenant_id)
    transaction.on_commit(partial(_teller.say, hint))


class _Teller:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: SimpleQueue[str] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def say(self, hint: str) -> None:
        if self._waiting.qsize() < MOST_WAITING:
            self._waiting.put(hint)
        if self._thread is None:
            self._start()

    def _start(self) -> None:
        # At the exit of a process no thread starts, and nobody says anything any more.
        with self._lock, suppress(RuntimeError):
            if self._thread is None:
                thread = threading.Thread(target=self._publish, name="hints", daemon=True)
                thread.start()
                self._thread = thread

    def _publish(self) -> None:
        while True:
            hints = [self._waiting.get()]
            while len(hints) < AT_ONCE and not self._waiting.empty():
                hints.append(self._waiting.get())
            broker.hint(hints)

    def forget(self) -> None:
        """In a forked process, which has no such thread."""
        self.__init__()  # type: ignore[misc]  # as new


_teller = _Teller()
os.register_at_fork(after_in_child=_teller.forget)
