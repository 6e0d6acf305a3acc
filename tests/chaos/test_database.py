"""The database restarts, freezes, refuses writes, or takes a write and its answer never arrives."""

import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from urllib.parse import quote

import httpx
import psutil
import pytest
from psycopg import sql

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import PATIENCE_SECONDS, Load, counted
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
    wait_until(lambda: load.list_jobs().status_code == 200, "the API's recovery")
    judge.sees_every_worker_serve()
    judge.passes()
    assert {refusal.status for refusal in load.refusals} <= {503}
    assert all(refusal.retry_after for refusal in load.refusals)


CALLERS = 8


def test_a_frozen_database_is_a_503_in_time_and_everything_goes_on_when_it_thaws(
    site: Site, load: Load, judge: Judge
) -> None:
    """Stopped like a machine that is moved: nothing is refused, and nothing is answered."""
    load.start()
    site.wait_for_completed(20)
    healthz = f"{site.api.base_url}/healthz"
    with frozen(site), ThreadPoolExecutor(CALLERS) as callers:
        # Twice each: who came while all threads waited, and who came when the API knew.
        asked = [callers.submit(load.list_jobs) for _ in range(2 * CALLERS)]
        while wait(asked, timeout=0.2).not_done:
            assert httpx.get(healthz, timeout=PATIENCE_SECONDS).status_code == 200
        assert {each.result().status_code for each in asked} == {503}
    wait_until(lambda: load.list_jobs().status_code == 200, "the API's recovery")
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
        # So that some of the dispatches are refused, too.
        load.start(240)
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
    # A finish is written again for as long as a lease lasts: longer than eight new connections take a busy machine.
    worker = site.processes.worker(
        DATABASE_URL=f"postgres://postgres@/{quote(str(folder))}/aijobs", AIJOBS_LEASE_SECONDS="30"
    )
    try:
        load.start()
        site.wait_for_completed(10)
        scissors.left = 8

        def all_are_cut() -> bool:
            """The other workers take most of the load."""
            if scissors.left:
                load.dispatch(counted())
            return not scissors.left

        wait_until(all_are_cut, "eight finishes that lost their answers", 180)
        told = judge.passes()
        # The job whose answer was lost last has ended with all others: its worker may be about to find that out.
        wait_until(
            lambda: worker.output().count("discarding closed connection") >= 8, "a worker that missed 8 answers"
        )
    finally:
        site.kill(worker)
        proxy.close()
        (folder / ".s.PGSQL.5432").unlink()
        folder.rmdir()
    assert scissors.cut == 8
    # Nobody took them for lost.
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}
