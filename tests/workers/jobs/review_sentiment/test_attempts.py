"""Crashes, other jobs and imports beside a running job: nothing is done twice, lost, or stored on another text."""

import tracemalloc
from collections.abc import Callable
from concurrent.futures import Future
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from aijobs.engine import lifecycle
from aijobs.models import Job, Tenant
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import report
from tests.workers.changes.sessions import in_another_session
from tests.workers.jobs.review_sentiment.steps import (
    BLAME,
    PRAISE,
    SO_SO,
    VERSION,
    Keywords,
    dispatched,
    result_of,
    run,
    still_new,
    stored,
    write,
)
from workers.catalogue.models import Review
from workers.jobs import backlog
from workers.jobs.review_sentiment import analysing
from workers.running import execute

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The process ends here: nothing of the service handles it."""


def kill_at(call: int) -> Callable[[int], None]:
    def before_answer(current: int) -> None:
        if current == call:
            raise Killed

    return before_answer


@pytest.fixture(autouse=True)
def _chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_ROWS", 2)


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has seven new reviews."""
    write(owner, "A", *[PRAISE, BLAME, SO_SO] * 2, PRAISE)
    return owner


def next_attempt(job: Job) -> Job:
    engine.let_lease_expire(job.id)
    assert lifecycle.reclaim_expired() == 1
    execute(engine.start(job.id))
    job.refresh_from_db()
    return job


def killed_job(who: Caller, scorer: Keywords, call: int, **params: object) -> Job:
    job = Job.objects.get(id=dispatched(who, **params))
    scorer.before_answer = kill_at(call)
    with pytest.raises(Killed):
        execute(engine.start(job.id))
    return job


def test_after_a_crash_the_next_attempt_goes_on_where_the_last_one_was(seller: Caller, scorer: Keywords) -> None:
    job = killed_job(seller, scorer, 3)
    assert still_new() == 3
    # Analysed when the process died, and not stored.
    lost = {number for number, times in scorer.seen.items() if times} - {
        int(title.split()[-1]) for title in Review.objects.exclude(analysed_with="").values_list("title", flat=True)
    }
    result = result_of(next_attempt(job))
    assert (result["processed_count"], result["updated_count"], result["remaining_count"]) == (7, 7, 0)
    assert result["overall"]["review_count"] == 7
    assert {number for number, times in scorer.seen.items() if times > 1} == lost
    job.refresh_from_db()
    assert (job.processed, job.total) == (7, 7)


def test_a_limit_counts_what_earlier_attempts_have_stored(seller: Caller, scorer: Keywords) -> None:
    job = killed_job(seller, scorer, 2, limit=5)
    result = result_of(next_attempt(job))
    assert (result["processed_count"], result["remaining_count"], still_new()) == (5, 2, 2)


def test_an_attempt_does_not_repeat_what_the_one_before_has_analysed_again(seller: Caller, scorer: Keywords) -> None:
    run(seller)
    scorer.seen.clear()
    scorer.calls = 0
    job = killed_job(seller, scorer, 4, reanalyze=True)
    done = set(scorer.seen) - {max(scorer.seen), min(scorer.seen)}
    assert done
    result = result_of(next_attempt(job))
    assert (result["processed_count"], result["updated_count"]) == (7, 7)
    assert sum(scorer.seen.values()) == 7 + 1


def test_what_is_stored_depends_neither_on_chunks_nor_on_crashes(
    seller: Caller, scorer: Keywords, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_attempt(killed_job(seller, scorer, 2))
    first = stored()
    for most in (1, 500):
        monkeypatch.setattr(backlog, "MOST_ROWS", most)
        run(seller, reanalyze=True)
        assert stored() == first


def test_a_review_that_changes_while_it_is_analysed_stays_new(seller: Caller, scorer: Keywords) -> None:
    changed = Review.objects.order_by("-id")[0]

    def edit(call: int) -> None:
        if call == 1:
            Review.objects.filter(pk=changed.pk).update(body=BLAME)

    scorer.before_answer = edit
    result = result_of(run(seller))
    assert (result["processed_count"], result["updated_count"], result["remaining_count"]) == (7, 6, 1)
    changed.refresh_from_db()
    assert (changed.analysed_with, changed.label, changed.body) == ("", "", BLAME)
    assert result_of(run(seller))["updated_count"] == 1
    changed.refresh_from_db()
    assert changed.label == "negative"


def test_an_import_while_reviews_are_analysed_makes_new_what_it_changes(seller: Caller, scorer: Keywords) -> None:
    newest, second = Review.objects.order_by("-id")[:2]
    rows = f"A,{newest.external_id},{BLAME},true\nA,{second.external_id},{second.body},true\n".replace(BLAME, "Awful")
    table = f"sku,external_id,body,verified\n{rows}".replace(second.body, f'"{second.body}"')

    def import_again(call: int) -> None:
        if call == 1:
            assert report(seller, "reviews", table)["updated"] == 2

    scorer.before_answer = import_again
    assert result_of(run(seller))["updated_count"] == 6
    newest.refresh_from_db()
    second.refresh_from_db()
    assert (newest.body, newest.analysed_with) == ("Awful", "")
    # Who wrote it, and whether that was a buyer, is not what was analysed.
    assert (second.verified, second.analysed_with) == (True, VERSION)


def test_a_review_that_is_removed_while_it_is_analysed_stays_away(seller: Caller, scorer: Keywords) -> None:
    gone = Review.objects.order_by("-id")[0]

    def remove(call: int) -> None:
        Review.objects.filter(pk=gone.pk).delete()

    scorer.before_answer = remove
    result = result_of(run(seller))
    assert (result["updated_count"], result["remaining_count"], Review.objects.count()) == (6, 0, 6)


def test_of_two_jobs_at_once_each_review_is_stored_by_one(seller: Caller, scorer: Keywords) -> None:
    """The second one runs as a whole while the first analyses its first chunk."""
    other: list[Job] = []

    def run_the_other(call: int) -> None:
        if call == 1:
            other.append(run(seller))

    scorer.before_answer = run_the_other
    result = result_of(run(seller))
    assert (result_of(other[0])["updated_count"], result["updated_count"]) == (7, 0)
    # Only the chunk that the first one had in its hands was analysed twice.
    assert (result["processed_count"], sum(scorer.seen.values())) == (2, 9)
    assert still_new() == 0


def test_a_run_that_lost_its_job_stores_nothing_more(seller: Caller, scorer: Keywords) -> None:
    job_id = dispatched(seller)

    def lose(call: int) -> None:
        if call == 2:
            Job.objects.filter(id=job_id).update(attempt=F("attempt") + 1)

    scorer.before_answer = lose
    execute(engine.start(job_id))
    assert (scorer.calls, still_new()) == (2, 5)


def test_a_suspended_tenants_job_waits_with_what_it_has(seller: Caller, scorer: Keywords) -> None:
    job_id = dispatched(seller)

    def suspend(call: int) -> None:
        if call == 2:
            Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=now())

    scorer.before_answer = suspend
    execute(engine.start(job_id))
    assert (Job.objects.get(id=job_id).status, still_new()) == ("queued", 5)
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=None)
    engine.let_backoff_pass([job_id])
    Job.objects.filter(id=job_id).update(released_at=now() - timedelta(seconds=1))
    execute(engine.start(job_id))
    assert result_of(Job.objects.get(id=job_id))["updated_count"] == 7


def test_a_job_that_runs_out_of_time_keeps_what_it_has_and_says_so(
    seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysing, "ANALYSE_SECONDS", -1.0)
    result = result_of(run(seller))
    assert (result["updated_count"], result["remaining_count"]) == (2, 5)


@pytest.mark.django_db(transaction=True)
def test_a_review_that_another_transaction_holds_is_not_waited_for(seller: Caller, scorer: Keywords) -> None:
    held = Review.objects.order_by("-id")[0]
    with transaction.atomic():
        Review.objects.filter(pk=held.pk).update(body=BLAME)
        job: Future[Job] = in_another_session(lambda: run(seller))
        assert result_of(job.result(60))["updated_count"] == 6
    held.refresh_from_db()
    assert (held.body, held.analysed_with) == (BLAME, "")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_while_a_review_is_analysed_is_seen(seller: Caller, scorer: Keywords) -> None:
    held = Review.objects.order_by("-id")[0]

    def edit(call: int) -> None:
        if call == 1:
            in_another_session(lambda: Review.objects.filter(pk=held.pk).update(body=BLAME)).result(60)

    scorer.before_answer = edit
    assert result_of(run(seller))["updated_count"] == 6
    held.refresh_from_db()
    assert (held.body, held.analysed_with) == (BLAME, "")


# --- Chunks, and what they bound --------------------------------------------------------------------------------


def test_long_reviews_are_not_held_together(owner: Caller, outsider: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """16 MB of text go through within 12 MB, besides what a process loads with its first job."""
    write(outsider, "A", PRAISE)
    execute(engine.start(dispatched(outsider)))
    monkeypatch.setattr(backlog, "MOST_ROWS", 500)
    write(owner, "A", *[f"{PRAISE} {number} " + "It is a bottle. " * 62_500 for number in range(16)])
    job_id = dispatched(owner)
    claimed = engine.start(job_id)
    tracemalloc.start()
    try:
        execute(claimed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result_of(Job.objects.get(id=job_id))["updated_count"] == 16
    assert peak < 12_000_000
