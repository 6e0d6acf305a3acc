"""The broker dies, forgets, or says everything twice."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aijobs.states import QUEUES, EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import Load, counted
from tests.chaos.site import Site
from tests.integration.processes import wait_until


def test_dispatch_and_jobs_survive_a_broker_that_restarts_empty(site: Site, load: Load, judge: Judge) -> None:
    """And one API that never had any."""
    lonely = site.processes.api_without_broker()
    try:
        load.start()
        site.wait_for_completed(20)
        with broker_down(site):
            while_down = [*load.dispatch(counted()), *load.dispatch(counted(), base_url=lonely.base_url)]
        judge.sees_every_worker_serve()
        told = judge.passes()
    finally:
        site.kill(lonely)
    # Accepted with 201 as ever, and nothing had to be asked for twice.
    assert not load.refusals
    assert {job.attempt for job in told.jobs if job.id in while_down} == {1}


def test_workers_with_a_free_place_survive_the_broker(site: Site, load: Load, judge: Judge) -> None:
    """They wait for messages while they hold one: the moment at which Celery has most to tidy up."""
    site.wait_for_workers()
    running = [load.dispatch(counted(5.0))[0] for _ in site.pool]
    site.wait_for_run(*running)
    with broker_down(site):
        load.start()
    judge.sees_every_worker_serve()
    told = judge.passes()
    # What ran went on and ended.
    assert {job.attempt for job in told.jobs if job.id in running} == {1}


@contextmanager
def broker_down(site: Site) -> Iterator[None]:
    """Killed, missed by every worker, and started again without a memory."""
    before = {worker.log: len(worker.output()) for worker in site.pool}

    def missed() -> bool:
        return all("Cannot connect" in worker.output()[before[worker.log] :] for worker in site.pool)

    with site.down(site.valkey, signal.SIGKILL):
        yield
        wait_until(lambda: missed() or site.dead(), "workers that miss the broker")
        assert not site.dead(), f"ended by themselves: {site.dead()}"


def test_jobs_survive_flushall(site: Site, load: Load, judge: Judge) -> None:
    load.start()
    for completed in (10, 40, 70):
        site.wait_for_completed(completed)
        with site.broker() as broker:
            broker.flushall()
    judge.sees_every_worker_serve()
    told = judge.passes()
    assert not load.refusals
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}


def test_message_delivered_twice_runs_once(site: Site, load: Load, judge: Judge) -> None:
    with doubled(site) as messages:
        load.start()
        told = judge.passes()
    assert len(messages) >= len(told.jobs)
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}


QUEUE_NAMES = {queue.encode() for queue in QUEUES.values()}
ARGUMENT = re.compile(rb'"((?:[^"\\]|\\.)*)"')


@contextmanager
def doubled(site: Site) -> Iterator[list[bytes]]:
    """Every job message that anybody publishes is published once more, by MONITOR's account of it."""
    messages: list[bytes] = []
    ready = threading.Event()
    ended = threading.Event()

    def double() -> None:
        with site.broker() as watched, site.broker() as broker, watched.monitor() as monitor:
            connection = monitor.connection
            connection.send_command("PING")
            ready.set()
            while not ended.is_set():
                if not connection.can_read(timeout=0.2):
                    continue
                arguments = _unescaped(connection.read_response(disable_decoding=True))
                # Ours go to the other end of the list, which is read first.
                if arguments[:1] == [b"LPUSH"] and arguments[1] in QUEUE_NAMES:
                    for message in arguments[2:]:
                        broker.rpush(arguments[1].decode(), message)
                        messages.append(message)

    thread = threading.Thread(target=double, name="doubler")
    thread.start()
    try:
        assert ready.wait(60)
        yield messages
    finally:
        ended.set()
        thread.join()


def _unescaped(line: object) -> list[bytes]:
    assert isinstance(line, bytes)
    return [
        re.sub(rb"\\x([0-9a-f]{2})|\\(.)", _character, argument)
        for argument in ARGUMENT.findall(line.partition(b"] ")[2])
    ]


CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"a": b"\a", b"b": b"\b"}


def _character(found: re.Match[bytes]) -> bytes:
    return bytes.fromhex(found[1].decode()) if found[1] else CONTROLS.get(found[2], found[2])
