"""The database restarts, freezes, refuses writes, or takes a write and its answer never arrives."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import httpx
import psutil
import pytest
from psycopg import sql

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import Load
from tests.chaos.proxy import Proxy, Rule
from tests.chaos.site import Site
from tests.integration.processes import wait_until


def test_immediate_restart_is_a_503_for_callers_and_a_pause_for_workers(site: Site, load: Load, judge: Judge) -> None:
    load.start()
    site.wait_for_completed(20)
    refused: list[httpx.Response] = []

    def is_refused() -> bool:
        refused.append(load.list_jobs())
        return refused[-1].status_code == 503

    with site.down(site.postgresql, signal.SIGQUIT):
        wait_until(is_refused, "a 503")
    assert refused[-1].json()["error"]["code"] == "SERVICE_UNAVAILABLE"
    assert int(refused[-1].headers["Retry-After"]) >= 1
    wait_until(lambda: load.list_jobs().status_code == 200, "the API's recovery", 60)
    judge.sees_every_worker_serve()
    judge.passes()
    assert {refusal.status for refusal in load.refusals} <= {503}
    assert all(refusal.retry_after for refusal in load.refusals)


# The limit of a request, and then some: longer than any of them waits.
FROZEN_SECONDS = 10
CALLERS = 8


def test_a_frozen_database_is_a_503_in_time_and_everything_goes_on_when_it_thaws(
    site: Site, load: Load, judge: Judge
) -> None:
    """Stopped like a machine that is moved: nothing is refused, and nothing is answered."""
    load.start()
    site.wait_for_completed(20)
    asked: list[tuple[int, float]] = []
    probed: list[tuple[int, float]] = []
    thawed = threading.Event()

    def ask(answers: list[tuple[int, float]], question: Callable[[], httpx.Response]) -> None:
        while not thawed.wait(0.05):
            began = time.monotonic()
            answers.append((question().status_code, time.monotonic() - began))

    callers = [threading.Thread(target=ask, args=(asked, load.list_jobs)) for _ in range(CALLERS)]
    callers.append(threading.Thread(target=ask, args=(probed, lambda: httpx.get(f"{site.api.base_url}/healthz"))))
    with frozen(site):
        for caller in callers:
            caller.start()
        threading.Event().wait(FROZEN_SECONDS)
    wait_until(lambda: load.list_jobs().status_code == 200, "the API's recovery", 60)
    thawed.set()
    for caller in callers:
        caller.join()
    assert {status for status, _ in asked} == {200, 503}
    assert max(seconds for _, seconds in asked) < 10
    assert {status for status, _ in probed} == {200}
    assert max(seconds for _, seconds in probed) < 5
    judge.sees_every_worker_serve()
    judge.passes()


@contextmanager
def frozen(site: Site) -> Iterator[None]:
    """The server and all of its sessions."""
    assert site.postgresql.process is not None
    server = psutil.Process(site.postgresql.process.pid)
    server.suspend()
    for session in server.children():
        session.suspend()
    try:
        yield
    finally:
        for session in server.children():
            session.resume()
        server.resume()


@pytest.mark.parametrize("code", ["53100", "40001"], ids=["disk_full", "serialization_failure"])
def test_refused_writes_are_written_again(site: Site, load: Load, judge: Judge, code: str) -> None:
    with refusing(site, code):
        load.start()
        load.wait()
        site.wait_for_the_end()
        [(refused,)] = site.ask("SELECT last_value FROM chaos_refused")
    judge.passes()
    assert refused >= 10
    # Dispatches were among them: accepted the next time, once. After a conflict that is at once, or nearly always.
    assert {refusal.status for refusal in load.refusals} <= {503}
    assert load.refusals or code == "40001"


REFUSE = """
CREATE SEQUENCE chaos_writes;
CREATE SEQUENCE chaos_refused MINVALUE 0 START 0;
SELECT nextval('chaos_refused');
CREATE FUNCTION chaos_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Sequences count also what is rolled back.
    IF nextval('chaos_writes') % TG_ARGV[0]::int = 0 AND (SELECT last_value < 40 FROM chaos_refused) THEN
        PERFORM nextval('chaos_refused');
        RAISE EXCEPTION 'refused for chaos' USING ERRCODE = {code};
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER chaos_updates BEFORE UPDATE ON aijobs_job FOR EACH ROW EXECUTE FUNCTION chaos_refuse(11);
CREATE TRIGGER chaos_inserts BEFORE INSERT ON aijobs_job FOR EACH ROW EXECUTE FUNCTION chaos_refuse(97);
CREATE TRIGGER chaos_events BEFORE INSERT ON aijobs_jobevent FOR EACH ROW EXECUTE FUNCTION chaos_refuse(41);
"""


@contextmanager
def refusing(site: Site, code: str) -> Iterator[None]:
    """Every so many writes of jobs and events one is refused with that error, forty times in all."""
    with site.connect() as database:
        database.execute(sql.SQL(REFUSE).format(code=sql.Literal(code)))
    try:
        yield
    finally:
        with site.connect() as database:
            database.execute("DROP FUNCTION chaos_refuse CASCADE; DROP SEQUENCE chaos_writes, chaos_refused")


# In a Bind message: a parameter of nine bytes.
BOUND_COMPLETED = b"\x00\x00\x00\x09completed"
# ReadyForQuery, outside of a transaction: what was asked for is committed.
COMMITTED = b"Z\x00\x00\x00\x05I"


class Scissors:
    """How many finishes shall still lose their answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.left = 0
        self.cut = 0

    def take(self) -> bool:
        with self._lock:
            if not self.left:
                return False
            self.left -= 1
            self.cut += 1
            return True


class CutAfterFinish(Rule):
    """Swallows the answer to the commit of a finish, and cuts the connection."""

    def __init__(self, scissors: Scissors) -> None:
        self.scissors = scissors
        self.finishing = False

    def lets_request(self, data: bytes) -> bool:
        self.finishing = self.finishing or BOUND_COMPLETED in data
        return True

    def lets_answer(self, data: bytes) -> bool:
        if not self.finishing or not data.endswith(COMMITTED):
            return True
        self.finishing = False
        return not self.scissors.take()


def test_finish_whose_answer_is_lost_is_neither_lost_nor_repeated(site: Site, load: Load, judge: Judge) -> None:
    scissors = Scissors()
    folder = site.folder / "cut"
    folder.mkdir()
    proxy = Proxy(
        folder / ".s.PGSQL.5432", site.postgresql.sockets / ".s.PGSQL.5432", lambda: CutAfterFinish(scissors)
    )
    # A finish is written again for as long as a lease lasts: long enough for one that is cut off several times.
    worker = site.processes.worker(
        DATABASE_URL=f"postgres://postgres@/{quote(str(folder))}/aijobs", AIJOBS_LEASE_SECONDS="3"
    )
    try:
        load.start()
        site.wait_for_completed(10)
        scissors.left = 8
        told = judge.passes()
        # The job whose answer was lost last has ended with all others: its worker may be about to find that out.
        wait_until(
            lambda: worker.output().count("the database does not answer") >= 8, "a worker that missed 8 answers"
        )
    finally:
        site.kill(worker)
        proxy.close()
        (folder / ".s.PGSQL.5432").unlink()
        folder.rmdir()
    assert scissors.cut == 8
    # Nobody took them for lost.
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}
