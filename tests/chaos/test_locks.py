"""A worker freezes while it holds a lock in the database. Others may have to wait for it, and nobody else does."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import Load, doomed
from tests.chaos.proxy import Proxy, Rule
from tests.chaos.site import RECOVERY_SECONDS, Site
from tests.integration.processes import Running

# ReadyForQuery, inside of a transaction: what the statement has locked stays locked.
IN_TRANSACTION = b"Z\x00\x00\x00\x05T"


class Freezer:
    """Stops a worker once."""

    def __init__(self) -> None:
        self.worker: Running | None = None
        self.frozen = threading.Event()

    def freeze(self) -> None:
        if self.worker is not None and not self.frozen.is_set():
            os.killpg(self.worker.process.pid, signal.SIGSTOP)
            self.frozen.set()

    def thaw(self) -> None:
        if self.worker is not None:
            os.killpg(self.worker.process.pid, signal.SIGCONT)


class FreezeWithLocks(Rule):
    """Freezes the worker when its transaction has executed a statement that begins with these words."""

    def __init__(self, freezer: Freezer, statement: bytes) -> None:
        self.freezer = freezer
        # Parse: the name under which it is prepared. Bind: that name, after the portal's.
        self._parsed = re.compile(rb"P.{4}(\w+)\x00\s*" + re.escape(statement), re.DOTALL)
        self._bound: re.Pattern[bytes] | None = None
        self._asked = False

    def lets_request(self, data: bytes) -> bool:
        if found := self._parsed.search(data):
            self._bound = re.compile(rb"B.{4}\x00" + found[1] + rb"\x00", re.DOTALL)
        self._asked = self._bound is not None and self._bound.search(data) is not None
        return True

    def lets_answer(self, data: bytes) -> bool:
        if self._asked and data.endswith(IN_TRANSACTION):
            self.freezer.freeze()
        return True


@contextmanager
def frozen_worker(site: Site, load: Load, statement: bytes) -> Iterator[Freezer]:
    """A worker that has frozen after that statement, for as long as it is not thawed."""
    freezer = Freezer()
    folder = site.folder / "frozen"
    folder.mkdir()
    address = ".s.PGSQL.5432"
    proxy = Proxy(folder / address, site.postgresql.sockets / address, lambda: FreezeWithLocks(freezer, statement))
    worker = site.processes.worker(DATABASE_URL=f"postgres://postgres@/{quote(str(folder))}/aijobs")
    freezer.worker = worker
    try:
        load.start(330)
        assert freezer.frozen.wait(120), "never executed"
        yield freezer
    finally:
        freezer.thaw()
        site.kill(worker)
        proxy.close()
        (folder / address).unlink()
        folder.rmdir()


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(b"WITH settings AS MATERIALIZED", id="refill"),
        pytest.param(b"SELECT id FROM aijobs_batch", id="batch", marks=pytest.mark.long),
    ],
)
def test_worker_frozen_with_a_lock_does_not_keep_lost_jobs_of_others_waiting(
    site: Site, load: Load, judge: Judge, statement: bytes
) -> None:
    with frozen_worker(site, load, statement) as freezer:
        victims = [load.dispatch(doomed(), shop)[0] for shop in load.shops]
        for run in site.wait_for_run(*victims):
            os.kill(run.pid, signal.SIGKILL)
        killed = time.time()
        again = [site.wait_for_event(job_id, EventKind.STARTED, 2) for job_id in victims]
        assert max(moment.timestamp() for moment in again) - killed <= RECOVERY_SECONDS
        freezer.thaw()
        judge.passes()
