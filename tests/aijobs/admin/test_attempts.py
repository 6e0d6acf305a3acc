"""A job's attempts, as its events tell them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from aijobs.admin.attempts import MOST_ATTEMPTS, Attempt, attempts, chart
from aijobs.models import BUCKET_BOUNDS, BUCKETS, Job, JobEvent
from aijobs.states import EventKind, Status
from tests.factories import HourRollupFactory

START = datetime(2026, 3, 12, 14, 0, tzinfo=UTC)
FAILED = {"code": "PROBE_BUSY", "message": "busy"}


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def event(kind: EventKind, seconds: float, attempt: int = 0, data: object = None) -> JobEvent:
    return JobEvent(kind=kind, at=at(seconds), attempt=attempt, data=data)


def job(status: Status, attempt: int, due: float = 0) -> Job:
    return Job(status=status, attempt=attempt, created_at=START, run_after=at(due), type="test_probe")


QUEUED = event(EventKind.QUEUED, 0)
STARTED = event(EventKind.STARTED, 2, 1)
RETRIED = event(EventKind.RETRIED, 5, 1, FAILED)

TABLE: dict[str, tuple[Job, Sequence[JobEvent], list[Attempt]]] = {
    "waits": (job(Status.QUEUED, 0), [QUEUED], [Attempt(None, 0, 100, 0, "is to come")]),
    "runs": (job(Status.RUNNING, 1), [QUEUED, STARTED], [Attempt(1, 0, 2, 98, "is running")]),
    "cancelled": (
        job(Status.CANCELLED, 0),
        [QUEUED, event(EventKind.CANCELLED, 7)],
        [Attempt(None, 0, 7, 0, "cancelled")],
    ),
    "completed": (
        job(Status.COMPLETED, 1),
        [QUEUED, STARTED, event(EventKind.COMPLETED, 9, 1)],
        [Attempt(1, 0, 2, 7, "completed")],
    ),
    # The row still says when the last attempt was due.
    "retried": (
        job(Status.FAILED, 2, due=15),
        [QUEUED, STARTED, RETRIED, event(EventKind.STARTED, 16, 2), event(EventKind.FAILED, 20, 2, FAILED)],
        [Attempt(1, 0, 2, 3, "retried: PROBE_BUSY"), Attempt(2, 10, 1, 4, "failed: PROBE_BUSY")],
    ),
    "backs off": (
        job(Status.QUEUED, 1, due=300),
        [QUEUED, STARTED, RETRIED],
        [Attempt(1, 0, 2, 3, "retried: PROBE_BUSY"), Attempt(None, 95, 0, 0, "is to come")],
    ),
    "lost": (
        job(Status.QUEUED, 1, due=30),
        [QUEUED, STARTED, event(EventKind.LEASE_LOST, 30, 1, FAILED)],
        [Attempt(1, 0, 2, 28, "lease lost: PROBE_BUSY"), Attempt(None, 0, 70, 0, "is to come")],
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_attempts_follow_from_the_events(name: str) -> None:
    row, events, expected = TABLE[name]
    assert list(attempts(row, events, at(100))) == expected


def test_the_last_attempts_are_drawn_and_the_others_counted(db: None) -> None:
    events = [QUEUED]
    for number in range(1, MOST_ATTEMPTS + 6):
        events += [event(EventKind.STARTED, number, number), event(EventKind.HANDED_BACK, number, number)]
    drawn = chart(job(Status.QUEUED, MOST_ATTEMPTS + 5), events, at(100))
    assert len(drawn.rows) == MOST_ATTEMPTS
    assert drawn.note == f"These are the last {MOST_ATTEMPTS} of {MOST_ATTEMPTS + 6} attempts."


def test_what_is_usual_for_the_type_is_drawn_beside_them(db: None) -> None:
    buckets = [0] * BUCKETS
    buckets[20] = 100
    HourRollupFactory(start=START, waiting=buckets, running=buckets)
    drawn = chart(job(Status.QUEUED, 0), [QUEUED], at(7200))
    assert [row.label for row in drawn.rows] == ["not started", "usual (p50)", "slow (p95)"]
    usual, slow = drawn.rows[1].bars[-1].end, drawn.rows[2].bars[-1].end
    assert 2 * BUCKET_BOUNDS[19] < usual < slow < 2 * BUCKET_BOUNDS[20]
    # Another day's, and another type's, are not.
    assert len(chart(job(Status.QUEUED, 0), [QUEUED], at(172_800)).rows) == 1
