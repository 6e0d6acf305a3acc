"""Asking for a job: the cache, the budgets, the accounts, and how many are asked at once."""

from collections.abc import Iterator
from concurrent.futures import ALL_COMPLETED
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, Event, Semaphore
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.errors import RunCancelled
from aijobs.outbound.failures import OutboundError, OutOfTime
from tests.clients import Caller
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import configure
from tests.workers.assistants.recorded import Json
from tests.workers.assistants.server import FakeProvider, Mishap, Request, error
from workers import pruning
from workers.assistants import accounting
from workers.assistants import asking as asking_module
from workers.assistants.accounting import BudgetExceeded
from workers.assistants.asking import LONGEST_WAIT, MOST_FAILURES, Asked, Asker, PauseTooLong
from workers.assistants.connections import open_assistant
from workers.assistants.connectors import AnyConnector
from workers.assistants.models import Account, Budget, Connection, MonthlyUsage, Reservation, StoredAnswer
from workers.assistants.protocols import Answer, Prompt, Usage

pytestmark = pytest.mark.django_db

DAY = date(2026, 3, 12)
# A thousandth of a dollar for a token of an answer: 12 of them cost 0.012.
PRICE: dict[str, Any] = {"output_price_per_million": 1000.0}
COST = Decimal("0.012")


def asker(who: Caller, max_cost: str | None = None, day: date = DAY, job_id: Any = None) -> Asker:
    return Asker(who.tenant.pk, job_id or identifiers.new_id(), day, Decimal(max_cost) if max_cost else None)


@contextmanager
def opened(who: Caller, name: str = "openai") -> Iterator[AnyConnector]:
    with open_assistant(who.tenant.pk, name) as found:
        yield found


def ask(asking: Asker, assistant: AnyConnector, prompt: Prompt) -> Answer:
    """The answer to one question; raises its problem."""
    [asked] = asking.ask_all([(assistant, prompt)])
    if asked.problem:
        raise asked.problem
    assert asked.answer is not None
    return asked.answer


def questions(assistant: AnyConnector, number: int, **more: Any) -> list[tuple[AnyConnector, Prompt]]:
    return [(assistant, Prompt(f"Question {index}?", **more)) for index in range(number)]


def codes(asked: list[Asked]) -> list[str | None]:
    return [each.problem.code if each.problem else None for each in sorted(asked, key=lambda each: each.index)]


def test_an_answer_is_paid_for_and_counted(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, **PRICE)
    with opened(owner) as assistant:
        asking = asker(owner)
        answer = ask(asking, assistant, Prompt("Which?"))
    assert answer == Answer("OK", usage=Usage(21, 12, COST), model="gpt-5-mini-2025-08-07")
    assert asking.used == Usage(21, 12, COST)
    usage = MonthlyUsage.objects.get()
    assert (usage.tenant_id, usage.assistant, usage.model, usage.calls) == (
        owner.tenant.pk,
        "openai",
        "gpt-5-mini",
        1,
    )
    assert (usage.input_tokens, usage.output_tokens, usage.cost) == (21, 12, COST)
    account = Account.objects.get()
    assert (account.spent, account.reserved) == (COST, Decimal(0))
    assert not Reservation.objects.exists()


def test_the_same_question_of_a_day_is_asked_once(owner: Caller, provider: FakeProvider) -> None:
    """Also by another job, after midnight, and after a crash: the day is that of the job's creation."""
    configure(owner, provider, **PRICE)
    job_id = identifiers.new_id()
    with opened(owner) as assistant:
        first = ask(asker(owner, job_id=job_id), assistant, Prompt("Which?", instructions="Short."))
        again = asker(owner, job_id=job_id)
        assert again.used == Usage(21, 12, COST)
        answer = ask(again, assistant, Prompt("Which?", instructions="Short."))
        assert (answer.text, answer.cached, answer.usage) == (first.text, True, Usage())
        assert ask(asker(owner), assistant, Prompt("Which?", instructions="Short.")).cached
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    "other",
    [
        Prompt("Which other?"),
        Prompt("Which?", sample=2),
        Prompt("Which?", instructions="Short."),
        Prompt("Which?", schema={"type": "string"}),
        Prompt("Which?", max_output_tokens=5),
    ],
)
def test_another_question_is_asked(owner: Caller, provider: FakeProvider, other: Prompt) -> None:
    configure(owner, provider)
    provider.answer = lambda request: recorded.openai('"OK"')
    with opened(owner) as assistant:
        ask(asker(owner), assistant, Prompt("Which?"))
        assert not ask(asker(owner), assistant, other).cached
    assert len(provider.requests) == 2


def test_another_day_another_tenant_and_another_model_ask_again(
    owner: Caller, outsider: Caller, provider: FakeProvider
) -> None:
    provider.models.add("other")
    for who in (owner, outsider):
        configure(who, provider)
        with opened(who) as assistant:
            assert not ask(asker(who), assistant, Prompt("Which?")).cached
    with opened(owner) as assistant:
        assert not ask(asker(owner, day=DAY + timedelta(days=1)), assistant, Prompt("Which?")).cached
    configure(owner, provider, model="other")
    with opened(owner) as assistant:
        assert not ask(asker(owner), assistant, Prompt("Which?")).cached
    # Prices and limits change no answer.
    configure(owner, provider, model="other", requests_per_minute=6000, **PRICE)
    with opened(owner) as assistant:
        assert ask(asker(owner), assistant, Prompt("Which?")).cached


def test_citations_are_kept(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    provider.answer = lambda request: recorded.perplexity("1. Nordvik", {"https://a.example/": "Bags"})
    with opened(owner) as assistant:
        first, second = (ask(asker(owner), assistant, Prompt("Which?")) for _ in range(2))
    assert first.citations == second.citations != ()


REFUSALS: list[tuple[Json, str]] = [
    (recorded.openai("", refusal="No."), "REFUSED"),
    (recorded.openai("", finish_reason="content_filter"), "REFUSED"),
    (recorded.openai("One, tw", finish_reason="length"), "ANSWER_CUT_OFF"),
    (recorded.openai("x" * 40_000), "ANSWER_TOO_LARGE"),
    (recorded.openai("no JSON"), "MALFORMED_ANSWER"),
]


@pytest.mark.parametrize(("reply", "code"), REFUSALS, ids=["refusal", "filter", "cut", "too long", "malformed"])
def test_a_refusal_is_paid_for_once_by_a_job(
    owner: Caller, outsider: Caller, provider: FakeProvider, reply: Json, code: str
) -> None:
    configure(owner, provider, **PRICE)
    provider.answer = lambda request: reply
    job_id, prompt = identifiers.new_id(), Prompt("Which?", schema={"type": "object"})
    with opened(owner) as assistant:
        first, again = (asker(owner, job_id=job_id) for _ in range(2))
        [refused] = first.ask_all([(assistant, prompt)])
        assert (codes([refused]), refused.usage.cost, first.was_answered) == ([code], COST, True)
        # After a crash, say.
        [told] = again.ask_all([(assistant, prompt)])
        assert (str(told.problem), told.usage) == (str(refused.problem), Usage())
        assert (again.used, again.was_answered, len(provider.requests)) == (Usage(), False, 1)
        assert asker(owner, job_id=job_id).used.cost == COST
        # Whoever dispatches another job wants to know once more.
        provider.answer = lambda request: recorded.openai("{}")
        assert ask(asker(owner), assistant, prompt).text == "{}"
        # That answer is then everybody's.
        assert ask(asker(owner, job_id=job_id), assistant, prompt).text == "{}"
    assert MonthlyUsage.objects.get().calls == 2


def test_what_the_provider_failed_at_is_asked_again(owner: Caller, provider: FakeProvider) -> None:
    """It has counted tokens, and so they are paid for; but the next call may fare better."""
    configure(owner, provider, **PRICE)
    job_id = identifiers.new_id()
    provider.answer = lambda request: recorded.openai("", finish_reason="error")
    with opened(owner) as assistant:
        assert codes(list(asker(owner, job_id=job_id).ask_all([(assistant, Prompt("Which?"))]))) == ["UNAVAILABLE"]
        provider.answer = lambda request: recorded.openai("OK")
        assert ask(asker(owner, job_id=job_id), assistant, Prompt("Which?")).text == "OK"
    assert MonthlyUsage.objects.get().cost == 2 * COST


def test_a_call_that_fails_costs_nothing(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, **PRICE)
    provider.instead = [error(400, "No.", "invalid_request_error")]
    with opened(owner) as assistant, pytest.raises(OutboundError, match="REQUEST_REFUSED"):
        ask(asker(owner), assistant, Prompt("Which?"))
    assert not Reservation.objects.exists()
    assert not MonthlyUsage.objects.exists()
    account = Account.objects.get()
    assert account.spent == account.reserved == 0


def test_where_the_provider_does_not_count_tokens_they_are_estimated(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, **PRICE)

    def uncounted(request: Request) -> Json:
        return {name: value for name, value in recorded.openai("x" * 30).items() if name != "usage"}

    provider.answer = uncounted
    with opened(owner) as assistant:
        assert ask(asker(owner), assistant, Prompt("y" * 60)).usage == Usage(20, 10, Decimal("0.01"))


# --- Budgets ----------------------------------------------------------------------------------------------------


def test_a_job_stops_before_it_passes_its_max_cost(owner: Caller, provider: FakeProvider) -> None:
    """Calls under way count with what they may cost: they are waited for before a question is given up."""
    configure(owner, provider, **PRICE)
    job_id = identifiers.new_id()
    with opened(owner) as assistant:
        # Each call may cost 0.020 and costs 0.012: the first four fit, as 0.036 and 0.020 are within 0.060.
        asking = asker(owner, "0.060", job_id=job_id)
        asked = list(asking.ask_all(questions(assistant, 7, max_output_tokens=20)))
        assert codes(asked) == [None] * 4 + ["BUDGET_EXCEEDED"] * 3
        assert asking.used.cost == 4 * COST
        # Those that were answered are had again.
        again = asker(owner, "0.060", job_id=job_id)
        assert codes(list(again.ask_all(questions(assistant, 7, max_output_tokens=20)))) == codes(asked)
    assert len(provider.requests) == 4


def test_a_tenant_stops_before_it_passes_its_month(owner: Caller, outsider: Caller, provider: FakeProvider) -> None:
    for who in (owner, outsider):
        configure(who, provider, **PRICE)
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal("0.060"))
    with opened(owner) as assistant:
        assert codes(list(asker(owner).ask_all(questions(assistant, 5, max_output_tokens=20)))) == [None] * 4 + [
            "BUDGET_EXCEEDED"
        ]
        with pytest.raises(BudgetExceeded, match="monthly budget"):
            ask(asker(owner), assistant, Prompt("One more?", max_output_tokens=20))
        assert ask(asker(owner), assistant, Prompt("Question 0?", max_output_tokens=20)).cached
    with opened(outsider) as assistant:
        assert ask(asker(outsider), assistant, Prompt("Which?")).text == "OK"


def test_what_costs_nothing_needs_no_budget(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(0))
    Account.objects.create(tenant=owner.tenant, month=accounting.month_of(now()), spent=Decimal(5))
    with opened(owner) as assistant:
        assert ask(asker(owner, "0"), assistant, Prompt("Which?")).text == "OK"
    configure(owner, provider, **PRICE)
    with opened(owner) as assistant, pytest.raises(BudgetExceeded):
        ask(asker(owner), assistant, Prompt("Which other?"))


def test_what_a_crash_has_reserved_is_free_after_a_while(owner: Caller) -> None:
    tenant_id = owner.tenant.pk
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    hold = accounting.reserve(tenant_id, Decimal("0.7"))
    assert hold is not None
    assert accounting.reserve(tenant_id, Decimal("0.7")) is None
    Reservation.objects.update(expires_at=now() - timedelta(seconds=1))
    assert accounting.reserve(tenant_id, Decimal("0.7")) is not None
    assert Account.objects.get().reserved == Decimal("0.7")
    # The call was only slow: it neither frees what another one has reserved since, nor counts twice.
    accounting.release(tenant_id, hold)
    assert Account.objects.get().reserved == Decimal("0.7")


def test_old_months_do_not_count(owner: Caller) -> None:
    Budget.objects.create(tenant=owner.tenant, monthly_limit=Decimal(1))
    last = (accounting.month_of(now()) - timedelta(days=1)).replace(day=1)
    Account.objects.create(tenant=owner.tenant, month=last, spent=Decimal(5))
    assert accounting.reserve(owner.tenant.pk, Decimal("0.7")) is not None


# --- How many at once, and who is not asked any more -------------------------------------------------------------


def test_assistants_are_asked_at_once_each_within_its_number(owner: Caller, provider: FakeProvider) -> None:
    for name in ("one", "two"):
        configure(owner, provider, name)
    # Nobody is answered before six ask.
    together = Barrier(6, timeout=60)

    def answer(request: Request) -> Json:
        together.wait()
        return recorded.openai("OK")

    provider.answer = answer
    with opened(owner, "one") as one, opened(owner, "two") as two:
        asked = list(asker(owner).ask_all([*questions(one, 9), *questions(two, 9)], at_once=3))
    assert sorted(each.index for each in asked) == list(range(18))
    assert codes(asked) == [None] * 18
    assert provider.most_at_once == 6


def test_a_key_that_is_refused_is_told_of_all_questions(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    provider.key = "another"
    with opened(owner) as assistant:
        asked = list(asker(owner).ask_all(questions(assistant, 40), at_once=2))
    assert codes(asked) == ["CREDENTIALS_REFUSED"] * 40
    assert len(provider.requests) <= 4


def test_after_a_long_retry_after_nothing_more_is_sent(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="45")]
    with opened(owner) as assistant:
        asked = list(asker(owner).ask_all(questions(assistant, 20), at_once=1))
    assert codes(asked) == ["THROTTLED"] * 20
    assert {getattr(each.problem, "retry_after", None) for each in asked} == {45.0}
    assert len(provider.requests) == 1


def test_a_provider_that_fails_again_and_again_is_left_alone(owner: Caller, provider: FakeProvider) -> None:
    """One question that it cannot answer says nothing of the others."""
    configure(owner, provider)
    provider.answer = lambda request: {} if request.prompt == "Question 1?" else recorded.openai("OK")
    with opened(owner) as assistant:
        asked = list(asker(owner).ask_all(questions(assistant, 4), at_once=1))
        assert codes(asked) == [None, "INVALID_ANSWER", None, None]
        provider.answer = lambda request: {}
        before = len(provider.requests)
        asked = list(asker(owner).ask_all(questions(assistant, 20, sample=2), at_once=1))
    assert codes(asked) == ["INVALID_ANSWER"] * 20
    assert len(provider.requests) == before + MOST_FAILURES


class Retrieval:
    name, model = "local-retrieval", "bm25"

    def ask(self, prompt: Prompt) -> Answer:
        return Answer(prompt.text.upper())


def test_the_services_own_assistant_is_asked_here(owner: Caller) -> None:
    [asked] = asker(owner).ask_all([(Retrieval(), Prompt("which?"))])
    assert asked.answer == Answer("WHICH?")
    assert not StoredAnswer.objects.exists()


@pytest.mark.parametrize(
    ("seconds", "said"), [(3_601, "a job waits for a pause of an hour at most"), (999_999, "Ask it again after 20")]
)
def test_a_pause_that_no_job_waits_for_is_a_problem_of_its_questions(
    owner: Caller, provider: FakeProvider, seconds: int, said: str
) -> None:
    configure(owner, provider)
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after=str(seconds))]
    with opened(owner) as assistant:
        asked = list(asker(owner).ask_all(questions(assistant, 5), at_once=1))
    assert {type(each.problem) for each in asked} == {PauseTooLong}
    assert codes(asked) == ["THROTTLED"] * 5
    assert said in str(asked[0].problem)
    assert len(provider.requests) == 1


def test_a_job_waits_only_as_long_as_its_answers_are_kept(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    busy = error(429, "Slow down.", "rate_limit_error", retry_after="600")
    with opened(owner) as assistant:
        for age, expected in ((LONGEST_WAIT - timedelta(hours=1), OutOfTime), (LONGEST_WAIT, PauseTooLong)):
            provider.instead = [busy]
            job_id = identifiers.first_id_at(now() - age)
            [asked] = asker(owner, job_id=job_id).ask_all([(assistant, Prompt(f"{age}?"))])
            assert isinstance(asked.problem, expected)
    assert LONGEST_WAIT < pruning.ANSWERS_KEPT


class Clock:
    """In place of the module `time`."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_after_its_time_nothing_more_is_asked_and_what_was_is_waited_for(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(owner, provider)
    job_id = identifiers.new_id()
    with opened(owner) as assistant:
        wanted = questions(assistant, 4)
        assert codes(list(asker(owner, job_id=job_id).ask_all(wanted[:2]))) == [None, None]
        asked = list(asker(owner, job_id=job_id).ask_all(wanted, seconds=-1))
        assert codes(asked) == [None, None, "OUT_OF_TIME", "OUT_OF_TIME"]
        clock = Clock()
        monkeypatch.setattr(asking_module, "time", clock)

        def answer(request: Request) -> Json:
            clock.now += 60
            return recorded.openai("OK")

        provider.answer = answer
        waiting = asker(owner, job_id=job_id).ask_all([*wanted, *questions(assistant, 2, sample=2)], 1, seconds=30)
        assert [next(waiting).index for _ in range(2)] == [0, 1]
        # The third is under way, and comes after the time is over.
        assert codes(list(waiting)) == [None, "OUT_OF_TIME", "OUT_OF_TIME", "OUT_OF_TIME"]


def test_a_call_that_never_ends_is_given_up_at_last(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "LAST_ANSWERS_SECONDS", 0.1)
    configure(owner, provider)
    provider.instead = [Mishap.HANGS]
    with opened(owner) as assistant:
        asked = list(asker(owner).ask_all(questions(assistant, 3), at_once=1, seconds=0.1))
        provider.ended.set()
    assert codes(asked) == ["OUT_OF_TIME"] * 3


def test_whoever_stops_loses_only_what_is_under_way(owner: Caller, provider: FakeProvider) -> None:
    """As a worker that dies: what came together with the answer that it looked at is stored, too."""
    configure(owner, provider)
    job_id = identifiers.new_id()
    together = Barrier(6, timeout=60)

    def answer(request: Request) -> Json:
        together.wait()
        return recorded.openai("OK")

    provider.answer = answer
    provider.instead = [Mishap.HANGS, Mishap.HANGS]
    with opened(owner) as assistant:
        asking = asker(owner, job_id=job_id).ask_all(questions(assistant, 8), at_once=8)
        for _ in range(6):
            next(asking)
        asking.close()  # type: ignore[attr-defined]  # it is a generator
        provider.answer = lambda request: recorded.openai("OK")
        asked = list(asker(owner, job_id=job_id).ask_all(questions(assistant, 8)))
        assert codes(asked) == [None] * 8
        assert len(provider.requests) == 10
        provider.ended.set()


def test_answers_that_came_together_are_stored_before_the_first_is_looked_at(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(owner, provider)
    # As if all had come while the job's thread was busy.
    monkeypatch.setattr(asking_module, "FIRST_COMPLETED", ALL_COMPLETED)
    with opened(owner) as assistant:
        asking = asker(owner).ask_all(questions(assistant, 3))
        next(asking)
        assert StoredAnswer.objects.count() == 3
        asking.close()  # type: ignore[attr-defined]  # it is a generator


def test_whoever_stops_leaves_a_reservation(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, **PRICE)
    first, asked_on = Semaphore(1), Event()
    usual = provider.answer

    def answer(request: Request) -> Json:
        # All but one of the questions are under way until the asker has stopped.
        assert first.acquire(blocking=False) or asked_on.wait(60)
        return usual(request)

    provider.answer = answer
    try:
        with opened(owner) as assistant:
            asking = asker(owner).ask_all(questions(assistant, 8), at_once=2)
            next(asking)
            asking.close()  # type: ignore[attr-defined]  # it is a generator
            assert Reservation.objects.count() == 1
    finally:
        asked_on.set()


# --- Assistants that are there no more ---------------------------------------------------------------------------


def test_a_run_goes_on_with_what_it_has_opened(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    with opened(owner) as assistant:
        Connection.objects.all().delete()
        assert ask(asker(owner), assistant, Prompt("Which?")).text == "OK"
    with pytest.raises(OutboundError, match="ASSISTANT_NOT_CONFIGURED"), opened(owner):
        pass


def test_what_a_tenant_has_spent_goes_with_it(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, **PRICE)
    with opened(owner) as assistant:
        ask(asker(owner), assistant, Prompt("Which?"))
    owner.tenant.delete()
    for model in (Account, Connection, MonthlyUsage, Reservation, StoredAnswer):
        assert not model.objects.exists()


def test_whoever_waits_for_an_answer_may_think_better_of_it(
    owner: Caller, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_module, "MEANWHILE_SECONDS", 0.01)
    configure(owner, provider)
    provider.instead = [Mishap.HANGS]

    def think_better_of_it() -> None:
        raise RunCancelled("the job is to stop")

    stopping = Asker(owner.tenant.pk, identifiers.new_id(), DAY, meanwhile=think_better_of_it)
    with opened(owner) as assistant:
        with pytest.raises(RunCancelled):
            ask(stopping, assistant, Prompt("Question?"))
        provider.ended.set()
