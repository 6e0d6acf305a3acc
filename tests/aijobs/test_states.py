"""The lifecycle's words: which transitions are legal, in which queue a job waits, and what a batch adds up to."""

from hypothesis import strategies as st

from aijobs import batches
from aijobs.states import QUEUES, TERMINAL, TRANSITIONS, BatchStatus, EventKind, Priority, Status
from tests.drawing import draws


def test_every_status_says_what_may_follow() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_nothing_follows_an_end_and_every_other_status_leads_to_one() -> None:
    assert {status for status, following in TRANSITIONS.items() if not following} == TERMINAL
    assert all(following & (TERMINAL | {Status.RUNNING}) for following in TRANSITIONS.values() if following)


def test_every_end_has_its_event() -> None:
    assert {status.value for status in TERMINAL} <= set(EventKind.values)


def test_every_priority_has_a_queue_of_its_own() -> None:
    assert {priority.label: QUEUES[priority] for priority in Priority} == {
        "low": "ai-jobs.low",
        "normal": "ai-jobs.normal",
        "high": "ai-jobs.high",
    }
    assert Priority.LOW < Priority.NORMAL < Priority.HIGH


@draws(50, 1000, st.lists(st.sampled_from(Status), min_size=1, max_size=20))
def test_a_batch_is_over_when_all_its_jobs_are(statuses: list[Status]) -> None:
    counts = batches.counts(statuses)
    assert sum(counts.values()) == len(statuses)
    status = batches.status_of(counts)
    assert (status in ("completed", "failed", "cancelled")) == (set(statuses) <= TERMINAL)
    assert (status == BatchStatus.QUEUED) == (set(statuses) == {Status.QUEUED})
    assert (status == BatchStatus.COMPLETED) == (set(statuses) == {Status.COMPLETED})
    if status in (BatchStatus.FAILED, BatchStatus.CANCELLED):
        assert (status == BatchStatus.FAILED) == (Status.FAILED in statuses)
