"""Crashes and imports beside a running job: nothing is classified twice, lost, or stored on another text."""

import tracemalloc
from concurrent.futures import Future
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from aijobs.models import Job, Tenant
from tests import engine
from tests.clients import Caller
from tests.workers.changes.sessions import in_another_session
from tests.workers.jobs.return_classify.steps import (
    DEFECTIVE,
    TOO_SMALL,
    Killed,
    Watched,
    counts,
    dispatched,
    give_back,
    next_attempt,
    result_of,
    run,
    still_new,
    stored,
)
from workers.catalogue.models import Return
from workers.jobs import backlog
from workers.jobs.backlog import chunks
from workers.jobs.return_classify import classifying
from workers.running import execute

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "MOST_ROWS", 2)


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has seven new returns."""
    give_back(
        owner,
        "A",
        *[f"{TOO_SMALL} {number}" for number in range(4)],
        *[f"{DEFECTIVE} {number}" for number in range(3)],
    )
    return owner


def killed_job(who: Caller, classifier: Watched, call: int, **params: object) -> Job:
    job = Job.objects.get(id=dispatched(who, **params))
    classifier.kill_at(call)
    with pytest.raises(Killed):
        execute(engine.start(job.id))
    classifier.before_answer = lambda call: None
    return job


def test_after_a_crash_the_next_attempt_goes_on_where_the_last_one_was(seller: Caller, classifier: Watched) -> None:
    job = killed_job(seller, classifier, 3)
    assert still_new() == 3
    assert counts(next_attempt(job)) == (7, 7, 0)
    # Only the two that were in its hands when the process died were classified twice.
    assert (len(classifier.seen), len(set(classifier.seen))) == (9, 7)
    assert (job.processed, job.total) == (7, 7)


def test_a_limit_counts_what_earlier_attempts_have_stored(seller: Caller, classifier: Watched) -> None:
    job = killed_job(seller, classifier, 2, limit=5)
    assert counts(next_attempt(job)) == (5, 5, 2)
    assert still_new() == 2


def test_the_newest_are_classified_first_and_the_next_job_goes_on_with_the_others(owner: Caller) -> None:
    days = [now().date() - timedelta(days=each) for each in (3, 1, 2)]
    for day in days:
        give_back(owner, "A", TOO_SMALL, date=day)
    assert counts(run(owner, limit=2)) == (2, 2, 1)
    assert Return.objects.get(classified_with="").date == days[0]
    assert counts(run(owner, limit=2)) == (1, 1, 0)
    assert counts(run(owner)) == (0, 0, 0)


def test_reanalyzing_takes_all_once_whatever_happens(seller: Caller, classifier: Watched) -> None:
    run(seller)
    classifier.seen.clear()
    classifier.calls = 0
    job = killed_job(seller, classifier, 4, reanalyze=True)
    assert counts(next_attempt(job)) == (7, 7, 0)
    assert (len(classifier.seen), len(set(classifier.seen))) == (8, 7)


def test_what_is_stored_and_reported_depends_neither_on_chunks_nor_on_crashes(
    seller: Caller, classifier: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_result = result_of(next_attempt(killed_job(seller, classifier, 2)))
    first = stored()
    for most in (1, 500):
        monkeypatch.setattr(backlog, "MOST_ROWS", most)
        assert result_of(run(seller, reanalyze=True)) == first_result
        assert stored() == first


def test_returns_of_an_older_classifier_are_new(seller: Caller, classifier: Watched) -> None:
    run(seller)
    Return.objects.update(classified_with="older", reason="other")
    assert counts(run(seller)) == (7, 7, 0)
    assert Return.objects.filter(reason="other").count() == 0


@pytest.mark.parametrize("changed", [{"comment": DEFECTIVE}, {"reason_code": "DEFECTIVE"}])
def test_a_return_that_an_import_changes_while_it_is_classified_stays_new(
    seller: Caller, classifier: Watched, changed: dict[str, str]
) -> None:
    edited = Return.objects.order_by("-id")[0]

    def edit(call: int) -> None:
        if call == 1:
            Return.objects.filter(pk=edited.pk).update(**changed)

    classifier.before_answer = edit
    assert counts(run(seller)) == (7, 6, 1)
    edited.refresh_from_db()
    assert (edited.classified_with, edited.reason, edited.classified_at) == ("", "", None)
    assert counts(run(seller)) == (1, 1, 0)


def test_what_has_no_part_in_a_classification_may_change_meanwhile(seller: Caller, classifier: Watched) -> None:
    classifier.before_answer = lambda call: Return.objects.update(disposition="SELLABLE", quantity=2)
    assert counts(run(seller)) == (7, 7, 0)
    assert set(Return.objects.values_list("disposition", "quantity")) == {("SELLABLE", 2)}


def test_a_return_that_is_removed_while_it_is_classified_stays_away(seller: Caller, classifier: Watched) -> None:
    gone = Return.objects.order_by("-id")[0]
    classifier.before_answer = lambda call: Return.objects.filter(pk=gone.pk).delete()
    assert counts(run(seller)) == (7, 6, 0)
    assert Return.objects.count() == 6


def test_of_two_jobs_at_once_each_return_is_stored_by_one(seller: Caller, classifier: Watched) -> None:
    """The second one runs as a whole while the first classifies its first chunk."""
    other: list[Job] = []

    def run_the_other(call: int) -> None:
        if call == 1:
            other.append(run(seller))

    classifier.before_answer = run_the_other
    assert counts(run(seller)) == (2, 0, 0)
    assert counts(other[0]) == (7, 7, 0)
    # Only the chunk that the first one had in its hands was classified twice.
    assert len(classifier.seen) == 9


def test_a_run_that_lost_its_job_stores_nothing_more(seller: Caller, classifier: Watched) -> None:
    job_id = dispatched(seller)

    def lose(call: int) -> None:
        if call == 2:
            Job.objects.filter(id=job_id).update(attempt=F("attempt") + 1)

    classifier.before_answer = lose
    execute(engine.start(job_id))
    assert (classifier.calls, still_new()) == (2, 5)


def test_a_suspended_tenants_job_waits_with_what_it_has(seller: Caller, classifier: Watched) -> None:
    job_id = dispatched(seller)

    def suspend(call: int) -> None:
        if call == 2:
            Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=now())

    classifier.before_answer = suspend
    execute(engine.start(job_id))
    assert (Job.objects.get(id=job_id).status, still_new()) == ("queued", 5)
    Tenant.objects.filter(pk=seller.tenant.pk).update(suspended_at=None)
    engine.let_backoff_pass([job_id])
    Job.objects.filter(id=job_id).update(released_at=now() - timedelta(seconds=1))
    execute(engine.start(job_id))
    assert counts(Job.objects.get(id=job_id)) == (7, 7, 0)


def test_a_job_that_runs_out_of_time_keeps_what_it_has_and_says_so(
    seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifying, "CLASSIFY_SECONDS", -1.0)
    assert counts(run(seller)) == (2, 2, 5)


@pytest.mark.django_db(transaction=True)
def test_a_return_that_another_transaction_holds_is_not_waited_for(seller: Caller) -> None:
    held = Return.objects.order_by("-id")[0]
    with transaction.atomic():
        Return.objects.filter(pk=held.pk).update(comment=DEFECTIVE)
        job: Future[Job] = in_another_session(lambda: run(seller))
        assert result_of(job.result(60))["updated_count"] == 6
    held.refresh_from_db()
    assert (held.comment, held.classified_with) == (DEFECTIVE, "")


@pytest.mark.django_db(transaction=True)
def test_a_change_that_is_committed_while_a_return_is_classified_is_seen(seller: Caller, classifier: Watched) -> None:
    held = Return.objects.order_by("-id")[0]

    def edit(call: int) -> None:
        if call == 1:
            in_another_session(lambda: Return.objects.filter(pk=held.pk).update(comment=DEFECTIVE)).result(60)

    classifier.before_answer = edit
    assert counts(run(seller)) == (7, 6, 1)
    held.refresh_from_db()
    assert (held.comment, held.classified_with) == (DEFECTIVE, "")


# --- Chunks, and what they bound --------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3 * backlog.MOST_BYTES)))
def test_chunks_have_every_row_once_and_keep_their_bounds(sizes: list[int]) -> None:
    found = list(chunks(list(enumerate(sizes))))
    assert [each for ids in found for each in ids] == list(range(len(sizes)))
    assert all(len(ids) <= backlog.MOST_ROWS for ids in found)
    assert all(len(ids) == 1 or sum(sizes[each] for each in ids) <= backlog.MOST_BYTES for ids in found)


def test_long_comments_are_not_held_together(
    owner: Caller, outsider: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """24 MB of text go through within 16 MB, besides what a process loads with its first job."""
    give_back(outsider, "A", TOO_SMALL)
    execute(engine.start(dispatched(outsider)))
    monkeypatch.setattr(backlog, "MOST_ROWS", 500)
    give_back(owner, "A", *[f"{TOO_SMALL} {number} " + "It is a bottle. " * 62_500 for number in range(24)])
    job_id = dispatched(owner)
    claimed = engine.start(job_id)
    tracemalloc.start()
    try:
        execute(claimed)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert counts(Job.objects.get(id=job_id)) == (24, 24, 0)
    assert peak < 16_000_000
