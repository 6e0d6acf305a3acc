"""Nothing is missed and nothing is told twice: connections are cut, both processes restarted, hints dropped, and what
readers of streams and pages have is compared with the log. Transactions commit in another order than they began."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from aijobs import events, identifiers
from aijobs.engine import broker
from aijobs.events import START
from tests import engine
from tests.clients import Caller
from tests.integration.listening import Stream, Told
from tests.integration.processes import Api, Processes, unused_port, wait_until

pytestmark = pytest.mark.timeout(1200)
PAUSE_SECONDS = 0.05
# Of a connection; and of a request.
SILENCE_SECONDS = 10.0
# Of a transaction that commits late.
LATE_SECONDS = 0.3


@dataclass
class Reader:
    """Follows an address in a thread, and cuts its own connection again and again.

    The API sends who asks it on to the events process, each time with another ticket.
    """

    base_url: str
    path: str
    headers: dict[str, str]
    cuts: int
    cut: int = 0
    told: list[Told] = field(default_factory=list)
    position: str = ""
    stopped: threading.Event = field(default_factory=threading.Event)
    at_the_end: bool = False
    _stream: Stream | None = None

    def stop(self) -> None:
        """Also where nothing comes any more."""
        self.stopped.set()
        if self._stream is not None:
            self._stream.cut()

    def run(self) -> None:
        while not self.stopped.is_set() and not self.at_the_end:
            try:
                self._read_for_a_while()
            except (OSError, EOFError):
                # Cut off, or nobody serves at the moment.
                self.stopped.wait(PAUSE_SECONDS)

    def _read_for_a_while(self) -> None:
        # Once in a while without having read anything at all.
        few = random.randrange(6) if self.cut < self.cuts else 1_000_000
        place = {"Last-Event-ID": self.position} if self.position else {}
        stream = self._stream = self._open(place)
        try:
            if stream.status not in (200, 204):
                raise EOFError(f"nobody streams at the moment: {stream.status}")
            self.at_the_end = stream.status == 204
            told = stream.told() if stream.status == 200 else iter(())
            for _ in range(few):
                each = next(told, None)
                if each is None:
                    return
                self.told.append(each)
                self.position = each.id
            self.cut += 1
        finally:
            self._stream = None
            stream.close()

    def _open(self, place: dict[str, str]) -> Stream:
        stream = Stream(self.base_url, self.path, {**self.headers, **place}, seconds=SILENCE_SECONDS)
        if stream.status != 307:
            return stream
        stream.close()
        address = urlsplit(stream.headers["location"])
        path = f"{address.path}?{address.query}"
        return Stream(f"{address.scheme}://{address.netloc}", path, place, seconds=SILENCE_SECONDS)


@dataclass
class PageReader:
    """Reads the same log in a thread as pages, which the API answers, a few events at a time."""

    base_url: str
    headers: dict[str, str]
    told: list[dict[str, Any]] = field(default_factory=list)
    position: str = START.token
    stopped: threading.Event = field(default_factory=threading.Event)

    def stop(self) -> None:
        self.stopped.set()

    def run(self) -> None:
        with httpx.Client(base_url=self.base_url, headers={**self.headers, "Accept": "application/json"}) as http:
            while not self.stopped.is_set():
                try:
                    self._read_page(http)
                except httpx.HTTPError:
                    # Cut off, or nobody serves at the moment.
                    self.stopped.wait(PAUSE_SECONDS)

    def _read_page(self, http: httpx.Client) -> None:
        asked: dict[str, str | int] = {"starting_after": self.position, "limit": random.randint(1, 20)}
        page = http.get("/api/ai-jobs/events", params=asked).raise_for_status().json()
        self.told += page["data"]
        self.position = page["position"]
        if not page["pagination"]["has_more"]:
            self.stopped.wait(PAUSE_SECONDS)


@dataclass
class Writers:
    """Jobs of one tenant, as callers and workers make, start and end them."""

    owner: Caller
    stopped: threading.Event = field(default_factory=threading.Event)

    def ordinary(self) -> None:
        while not self.stopped.wait(PAUSE_SECONDS):
            for job_id in engine.dispatch(self.owner.tenant, random.randint(1, 3)):
                engine.complete(engine.start(job_id))

    def late(self) -> None:
        """What began early is committed after what began later."""
        while not self.stopped.is_set():
            [job_id] = engine.dispatch(self.owner.tenant)
            with transaction.atomic():
                run = engine.start(job_id)
                self.stopped.wait(random.uniform(0.0, LATE_SECONDS))
            engine.complete(run)


def in_thread(run: Callable[[], None]) -> threading.Thread:
    def run_and_close() -> None:
        try:
            run()
        finally:
            connection.close()
            broker.disconnect()

    thread = threading.Thread(target=run_and_close)
    thread.start()
    return thread


@dataclass
class Trouble:
    """Of the process that serves streams and of the API, and of the hints that the first one gets."""

    processes: Processes
    port: int
    api_port: int
    served: Api = field(init=False)
    api: Api = field(init=False)
    turn: int = 0

    def __post_init__(self) -> None:
        self.served = self.processes.events(port=self.port)
        self._start_api(wait=True)

    def _start_api(self, *, wait: bool) -> None:
        address = self.served.base_url
        self.api = self.processes.api(port=self.api_port, wait=wait, AIJOBS_EVENTS_URL=address)

    def make(self) -> None:
        self.turn += 1
        with redis.Redis.from_url(settings.BROKER_URL) as client:
            client.client_kill_filter(_type="pubsub")
        if self.turn % 4 == 3:
            _end(self.api, killed=self.turn % 8 == 3)
            # Whoever asks meanwhile asks again.
            self._start_api(wait=False)
        elif self.turn % 2 == 0:
            self._restart_streams()

    def _restart_streams(self) -> None:
        _end(self.served, killed=self.turn % 4 == 0)
        # One in two has a broker that never says anything.
        broker_url = f"unix://{self.processes.folder}/nobody.sock" if self.turn % 8 else settings.BROKER_URL
        self.served = self.processes.events(port=self.port, BROKER_URL=broker_url)


def _end(process: Api, *, killed: bool) -> None:
    if killed:
        process.kill()
    else:
        process.stop()


@pytest.mark.parametrize(("cuts", "troubles"), [(20, 4), pytest.param(200, 16, id="long", marks=pytest.mark.long)])
def test_readers_that_are_cut_off_have_the_log_in_the_end(
    processes: Processes, owner: Caller, cuts: int, troubles: int
) -> None:
    trouble = Trouble(processes, unused_port(), unused_port())
    headers = {"Authorization": f"Bearer {owner.key}", "X-Tenant-ID": owner.tenant.name}
    base_url, api_url = trouble.served.base_url, trouble.api.base_url
    followed = [engine.dispatch(owner.tenant)[0] for _ in range(2)]
    all_jobs = Reader(api_url, f"/api/ai-jobs/events?starting_after={START.token}", headers, cuts)
    filtered = Reader(base_url, f"/api/ai-jobs/events?status=completed&starting_after={START.token}", headers, cuts)
    of_jobs = [Reader(base_url, f"/api/ai-jobs/{public(each)}/events", headers, cuts) for each in followed]
    pages = PageReader(api_url, headers)
    readers: list[Reader | PageReader] = [all_jobs, filtered, *of_jobs, pages]
    writers = Writers(owner)
    threads = [in_thread(writers.ordinary), in_thread(writers.late), *(in_thread(each.run) for each in readers)]
    try:
        for share in range(1, troubles + 1):
            enough = share * cuts // troubles
            wait_until(lambda enough=enough: all_jobs.cut >= enough, "more cuts", 600)  # type: ignore[misc]
            trouble.make()
        for job_id in followed:
            engine.complete(engine.start(job_id))
        writers.stopped.set()
        for each in threads[:2]:
            each.join(60)
        log = events.of_tenant(owner.tenant.pk, START, 1_000_000).events
        ends = [each for each in log if each.type == "job.completed"]
        wait_until(lambda: len(all_jobs.told) >= len(log), "the whole log", 120)
        wait_until(lambda: len(pages.told) >= len(log), "the whole log in pages", 120)
        wait_until(lambda: len(filtered.told) >= len(ends), "all ends", 120)
        wait_until(lambda: all(each.at_the_end for each in of_jobs), "the ends of the jobs", 120)
    finally:
        writers.stopped.set()
        for reader in readers:
            reader.stop()
        for each in threads:
            each.join(60)
    assert all_jobs.cut >= cuts
    assert [each.event for each in all_jobs.told] == [each.shown for each in log]
    assert pages.told == [each.shown for each in log]
    assert [each.event for each in filtered.told] == [each.shown for each in ends]
    for reader, job_id in zip(of_jobs, followed, strict=True):
        assert [each.event for each in reader.told] == [each.shown for each in log if each.job_id == job_id]


def public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)
