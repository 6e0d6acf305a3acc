"""The judge is judged: a peaceful history passes, and for every rule there is one that breaks it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from tests.chaos.checking import violations
from tests.chaos.history import Batch, Event, History, Job, PriceChange, Run

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))
BATCH = UUID(int=9)
PRODUCT, TENANT = 5, 7


def at(seconds: float) -> datetime:
    return EPOCH + timedelta(seconds=seconds)


def events(job_id: UUID, first_second: float, *kinds: str) -> list[Event]:
    """One a second; attempts as the engine counts them."""
    attempt = 0
    found = []
    for seq, kind in enumerate(kinds, start=1):
        attempt += kind == "started"
        found.append(Event(job_id, seq, kind, attempt, at(first_second + seq - 1)))
    return found


def job(job_id: UUID, **changes: object) -> Job:
    plain = Job(
        id=job_id,
        type="test_counted",
        status="completed",
        attempt=1,
        failures=0,
        event_seq=3,
        batch_id=None,
        position=None,
        error_code="",
        cancel_reason="",
        applied=0,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def run(job_id: UUID, attempt: int, began: float, ended: float | None) -> Run:
    return Run(job_id, attempt, 100 + attempt, at(began), None if ended is None else at(ended))


def peaceful() -> History:
    """A job that completes at once, one that is retried, and a pricing job that changes a price."""
    return History(
        accepted=dict.fromkeys([FIRST, SECOND, THIRD], frozenset({"completed"})),
        jobs=[
            job(FIRST),
            job(SECOND, attempt=2, failures=1, event_seq=5),
            job(THIRD, type="pricing_recalculate", applied=1),
        ],
        events=[
            *events(FIRST, 0, "queued", "started", "completed"),
            *events(SECOND, 0, "queued", "started", "lease_lost", "started", "completed"),
            *events(THIRD, 0, "queued", "started", "completed"),
        ],
        changes=[PriceChange(1, THIRD, PRODUCT, Decimal(10), Decimal(9))],
        imported={PRODUCT: Decimal(10)},
        prices={PRODUCT: Decimal(9)},
        active={TENANT: 0},
        runs=[run(FIRST, 1, 1.1, 1.9), run(SECOND, 1, 1.1, None), run(SECOND, 2, 3.1, 3.9)],
    )


def in_batch(on_failure: str = "stop") -> History:
    """A sequential batch of three: completed, failed, and what follows from that."""
    stops = on_failure == "stop"
    told = ("queued", "cancelled") if stops else ("queued", "started", "completed")
    last = job(
        THIRD,
        status=told[-1],
        attempt=int(not stops),
        event_seq=len(told),
        batch_id=BATCH,
        position=3,
        cancel_reason="PREDECESSOR_FAILED" if stops else "",
    )
    return History(
        accepted=dict.fromkeys([FIRST, SECOND, THIRD], frozenset({"completed", "failed", "cancelled"})),
        jobs=[
            job(FIRST, batch_id=BATCH, position=1),
            job(SECOND, batch_id=BATCH, position=2, status="failed", failures=1),
            last,
        ],
        events=[
            *events(FIRST, 0, "queued", "started", "completed"),
            *events(SECOND, 2, "queued", "started", "failed"),
            *events(THIRD, 4, *told),
        ],
        batches=[Batch(BATCH, True, on_failure, cancelled=False)],
        active={TENANT: 0},
        runs=[run(FIRST, 1, 1.1, 1.9), run(SECOND, 1, 3.1, 3.9), *([] if stops else [run(THIRD, 1, 5.1, 5.9)])],
    )


def change_job(history: History, job_id: UUID, **changes: object) -> None:
    history.jobs = [replace(each, **changes) if each.id == job_id else each for each in history.jobs]  # type: ignore[arg-type]


def retell(history: History, job_id: UUID, *kinds: str, first_second: float = 0, **changes: object) -> None:
    """Another course of events for a job, and a row that fits unless `changes` say otherwise."""
    told = events(job_id, first_second, *kinds)
    history.events = [event for event in history.events if event.job_id != job_id] + told
    change_job(history, job_id, **{"event_seq": len(told), "attempt": kinds.count("started"), **changes})


def change_event(history: History, job_id: UUID, seq: int, /, **changes: object) -> None:
    history.events = [
        replace(event, **changes) if (event.job_id, event.seq) == (job_id, seq) else event  # type: ignore[arg-type]
        for event in history.events
    ]


@pytest.mark.parametrize("history", [peaceful(), in_batch("stop"), in_batch("continue")])
def test_history_that_keeps_the_promises_passes(history: History) -> None:
    assert violations(history) == []


def lose_a_job(history: History) -> None:
    history.jobs = [each for each in history.jobs if each.id != FIRST]


def invent_a_job(history: History) -> None:
    history.accepted = {job_id: ends for job_id, ends in history.accepted.items() if job_id != FIRST}


def leave_running(history: History) -> None:
    retell(history, FIRST, "queued", "started", status="running")


def end_otherwise(history: History) -> None:
    retell(history, FIRST, "queued", "started", "failed", status="failed", failures=1)


def skip_a_seq(history: History) -> None:
    change_event(history, FIRST, 3, seq=4)


def miscount_events(history: History) -> None:
    change_job(history, FIRST, event_seq=4)


def begin_in_the_middle(history: History) -> None:
    change_event(history, FIRST, 1, kind="retried")


def complete_without_a_start(history: History) -> None:
    retell(history, FIRST, "queued", "completed")


def end_twice(history: History) -> None:
    retell(history, FIRST, "queued", "started", "completed", "completed")


def go_on_after_the_end(history: History) -> None:
    retell(history, SECOND, "queued", "started", "completed", "started", failures=0)


def say_something_else(history: History) -> None:
    change_job(history, FIRST, status="cancelled")


def skip_an_attempt(history: History) -> None:
    change_event(history, SECOND, 4, attempt=3)
    change_event(history, SECOND, 5, attempt=3)


def start_in_a_lease(history: History) -> None:
    retell(history, SECOND, "queued", "started", "started", "completed", failures=0)


def let_a_zombie_write(history: History) -> None:
    change_event(history, SECOND, 5, attempt=1)


def forget_a_failure(history: History) -> None:
    change_job(history, SECOND, failures=0)


def overspend(history: History) -> None:
    lost = ["started", "lease_lost"] * 4
    retell(history, SECOND, "queued", *lost, "started", "completed", failures=4)
    history.runs = [each for each in history.runs if each.job_id != SECOND]
    history.runs.append(run(SECOND, 5, 9.1, 9.9))


def run_twice(history: History) -> None:
    history.runs.append(run(FIRST, 1, 1.95, 1.99))


def complete_without_a_run(history: History) -> None:
    history.runs = [each for each in history.runs if each.job_id != FIRST]


def run_without_a_start(history: History) -> None:
    history.runs.append(run(FIRST, 2, 5.0, 5.1))


def run_too_early(history: History) -> None:
    history.runs = [replace(each, began=at(0.5)) if each.job_id == FIRST else each for each in history.runs]


def retry_what_still_runs(history: History) -> None:
    change_event(history, SECOND, 3, kind="retried")


def run_two_attempts_at_once(history: History) -> None:
    change_event(history, SECOND, 3, kind="retried")
    history.runs = [replace(each, ended=at(3.5)) if each.ended is None else each for each in history.runs]


def keep_capacity(history: History) -> None:
    history.active = {TENANT: 1}


def change_a_price_twice(history: History) -> None:
    history.changes.append(PriceChange(2, THIRD, PRODUCT, Decimal(9), Decimal(9)))
    change_job(history, THIRD, applied=2)


def lose_a_price_change(history: History) -> None:
    history.changes.clear()
    history.prices = history.imported


def write_for_a_job_that_failed(history: History) -> None:
    retell(history, THIRD, "queued", "started", "failed", status="failed", failures=1, applied=0)
    history.accepted = {**history.accepted, THIRD: frozenset({"failed"})}


def change_from_another_price(history: History) -> None:
    history.imported = {PRODUCT: Decimal(11)}


def overwrite_a_price(history: History) -> None:
    history.prices = {PRODUCT: Decimal(10)}


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lose_a_job, "accepted, and lost"),
        (invent_a_job, "nobody was told so"),
        (leave_running, "not terminal, but running"),
        (end_otherwise, "ended failed"),
        (skip_a_seq, "seq is [1, 2, 4]"),
        (miscount_events, "and the row's 4"),
        (begin_in_the_middle, "begins with retried"),
        (complete_without_a_start, "queued → completed is no transition"),
        (end_twice, "not one terminal event at the end"),
        (go_on_after_the_end, "completed → running is no transition"),
        (say_something_else, "the row is cancelled, the last event completed"),
        (skip_an_attempt, "attempts started as [1, 3]"),
        (start_in_a_lease, "attempt 2 started in the lease of attempt 1"),
        (let_a_zombie_write, "attempt 1 wrote completed in the lease of attempt 2"),
        (forget_a_failure, "1 events spent budget, the row says 0"),
        (overspend, "4 failures, and 3 attempts are allowed"),
        (run_twice, "attempt 1 ran 2 times"),
        (complete_without_a_run, "which never ran to its end"),
        (run_without_a_start, "no event says that it started"),
        (run_too_early, "ran before it started"),
        (retry_what_still_runs, "wrote retried, and its run never ended"),
        (run_two_attempts_at_once, "attempts 1 and 2 ran at once"),
        (keep_capacity, "1 jobs counted as active"),
        (change_a_price_twice, f"changed the price of product {PRODUCT} 2 times"),
        (lose_a_price_change, "says 1 prices written, and 0 are"),
        (write_for_a_job_that_failed, "says 0 prices written, and 1 are"),
        (change_from_another_price, "from a price that it did not have"),
        (overwrite_a_price, "costs 10, and its last change says 9"),
    ],
)
def test_broken_promise_is_seen(break_it: Callable[[History], None], told: str) -> None:
    history = peaceful()
    break_it(history)
    assert [line for line in violations(history) if told in line]


def start_before_the_predecessor_ended(history: History) -> None:
    change_event(history, SECOND, 2, at=at(1.5))


def go_on_although_it_stops(history: History) -> None:
    retell(history, THIRD, "queued", "started", "completed", first_second=4, status="completed", cancel_reason="")


def cancel_for_no_predecessor(history: History) -> None:
    retell(history, SECOND, "queued", "started", "completed", first_second=2, status="completed", failures=0)


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (start_before_the_predecessor_ended, "had ended"),
        (go_on_although_it_stops, "before it had ended failed"),
        (cancel_for_no_predecessor, "none of them stopped the batch"),
    ],
)
def test_broken_order_of_a_batch_is_seen(break_it: Callable[[History], None], told: str) -> None:
    history = in_batch("stop")
    break_it(history)
    assert [line for line in violations(history) if told in line]


def test_cancelling_for_a_predecessor_where_the_batch_goes_on_is_seen() -> None:
    history = in_batch("stop")
    history.batches = [replace(history.batches[0], on_failure="continue")]
    assert [line for line in violations(history) if "none of them stopped the batch" in line]
