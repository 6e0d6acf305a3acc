"""How long work gives way to requests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest

from aijobs.api import answering
from aijobs.api.answering import GivingWay, Requests


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    # Not `time.sleep`: other threads of this process sleep by it.
    monkeypatch.setattr(answering, "sleep", pauses.append)
    return pauses


@contextmanager
def being_answered(requests: Requests) -> Iterator[None]:
    """Another thread answers a request."""
    begun, over = Event(), Event()

    def answer() -> None:
        with requests.counted():
            begun.set()
            over.wait()

    thread = Thread(target=answer)
    thread.start()
    begun.wait()
    try:
        yield
    finally:
        over.set()
        thread.join()


def compute(way: GivingWay) -> None:
    """For as long as a stretch lasts."""
    until = time.perf_counter() + answering.STRETCH_SECONDS
    while time.perf_counter() < until:
        pass
    way()


def test_within_its_stretch_it_goes_on(slept: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "STRETCH_SECONDS", 60.0)
    GivingWay(Requests())()
    assert slept == []


def test_the_longer_it_pauses_the_more_others_want_to_compute(
    slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = Requests()
    way = GivingWay(requests)
    compute(way)
    with being_answered(requests):
        compute(way)
    compute(way)
    monkeypatch.setattr(answering, "IN_USE_SECONDS", 0.0)
    compute(way)
    assert slept == [
        answering.GLANCE_SECONDS,
        answering.PAUSE_SECONDS,
        answering.SHORT_PAUSE_SECONDS,
        answering.GLANCE_SECONDS,
    ]


def test_it_is_no_request_itself(slept: list[float]) -> None:
    requests = Requests()
    with requests.counted():
        compute(GivingWay(requests))
    assert slept == [answering.GLANCE_SECONDS]
