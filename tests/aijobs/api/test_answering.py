"""How long work gives way to requests."""

import time
from collections.abc import Iterator
from threading import Thread

import pytest

from aijobs.api import answering
from aijobs.api.answering import GivingWay


@pytest.fixture(autouse=True)
def idle() -> Iterator[None]:
    """No request is being answered, and the last one is long ago."""
    answering._answering.clear()
    answering._last_answer = time.perf_counter() - 2 * answering.IN_USE_SECONDS
    yield
    answering._answering.clear()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


def in_another_thread(*steps: object) -> None:
    thread = Thread(target=lambda: [step() for step in steps if callable(step)])
    thread.start()
    thread.join()


def compute(way: GivingWay) -> None:
    """For as long as a stretch lasts."""
    until = time.perf_counter() + answering.STRETCH_SECONDS
    while time.perf_counter() < until:
        pass
    way()


def test_within_its_stretch_it_goes_on(slept: list[float]) -> None:
    way = GivingWay()
    way._until = time.perf_counter() + 60
    way()
    assert slept == []


def test_the_longer_it_pauses_the_more_others_want_to_compute(slept: list[float]) -> None:
    way = GivingWay()
    compute(way)
    in_another_thread(answering.begin)
    compute(way)
    answering._answering.clear()
    in_another_thread(answering.begin, answering.end)
    compute(way)
    assert slept == [answering.GLANCE_SECONDS, answering.PAUSE_SECONDS, answering.SHORT_PAUSE_SECONDS]


def test_it_is_no_request_itself(slept: list[float]) -> None:
    answering.begin()
    compute(GivingWay())
    assert slept == [answering.GLANCE_SECONDS]
