"""Assistants are asked beside each other."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Event
from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import configure
from tests.workers.assistants.recorded import Json
from tests.workers.assistants.server import FakeProvider, Request, running
from tests.workers.jobs.llm_visibility_score.steps import PRAISE, QUESTIONS, result_of, run, saying, shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def providers(owner: Caller, settings: Any) -> Iterator[list[FakeProvider]]:
    """Three that can be asked as fast as one likes."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running()) for _ in range(3)]
        settings.AIJOBS_OUTBOUND_ALLOW = [f"assistant:{server.address}" for server in servers]
        for number, server in enumerate(servers):
            server.answer = saying(lambda _: PRAISE)
            configure(owner, server, f"assistant-{number}", requests_per_minute=6000)
        yield servers


def ask(owner: Caller, questions: list[str], samples: int) -> None:
    result = result_of(run(owner, questions=questions, samples=samples))
    assert result["processed_count"] == 3 * samples * len(questions)


def test_several_assistants_are_asked_several_questions_at_once(owner: Caller, providers: list[FakeProvider]) -> None:
    """Nobody is answered before each has been asked twice."""
    shop(owner)
    asked = Event()

    def answer(request: Request) -> Json:
        if all(len(server.requests) > 1 for server in providers):
            asked.set()
        assert asked.wait(60)
        return recorded.openai(PRAISE)

    for server in providers:
        server.answer = answer
    ask(owner, QUESTIONS[:2], 1)
    assert all(server.most_at_once > 1 for server in providers)


@pytest.mark.long
def test_50_questions_thrice_to_three_assistants_take_less_than_a_minute(
    owner: Caller, providers: list[FakeProvider]
) -> None:
    """Each takes half a second."""
    for server in providers:
        server.seconds = 0.5
    shop(owner)
    began = time.monotonic()
    ask(owner, [f"Which bottle is the best for purpose {number}?" for number in range(50)], 3)
    seconds = time.monotonic() - began
    print(f"450 answers took {seconds:.1f} s")
    assert seconds < 60
