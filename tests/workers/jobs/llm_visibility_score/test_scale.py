"""Assistants that take half a second are asked beside each other."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider, running
from tests.workers.jobs.llm_visibility_score.steps import PRAISE, QUESTIONS, result_of, run, saying, shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def providers(owner: Caller, settings: Any) -> Iterator[list[FakeProvider]]:
    """Three, of which each takes its time."""
    with ExitStack() as stack:
        servers = [stack.enter_context(running()) for _ in range(3)]
        settings.AIJOBS_OUTBOUND_ALLOW = [f"assistant:{server.address}" for server in servers]
        for number, server in enumerate(servers):
            server.seconds, server.answer = 0.5, saying(lambda _: PRAISE)
            configure(owner, server, f"assistant-{number}", requests_per_minute=6000)
        yield servers


def ask(owner: Caller, questions: list[str], samples: int) -> None:
    result = result_of(run(owner, questions=questions, samples=samples))
    assert result["processed_count"] == 3 * samples * len(questions)


def test_several_assistants_are_asked_several_questions_at_once(owner: Caller, providers: list[FakeProvider]) -> None:
    shop(owner)
    ask(owner, QUESTIONS, 1)
    assert all(server.most_at_once > 1 for server in providers)


@pytest.mark.long
def test_50_questions_thrice_to_three_assistants_take_less_than_a_minute(
    owner: Caller, providers: list[FakeProvider]
) -> None:
    shop(owner)
    began = time.monotonic()
    ask(owner, [f"Which bottle is the best for purpose {number}?" for number in range(50)], 3)
    seconds = time.monotonic() - began
    print(f"450 answers took {seconds:.1f} s")
    assert seconds < 60
