"""Retries: how often, how long until the next one, and what the caller sees of them."""

import random
from datetime import timedelta
from statistics import fmean

import pytest
from django.utils.timezone import now
from hypothesis import strategies as st

from aijobs.engine import lifecycle
from aijobs.engine.lifecycle import LONGEST_RETRY_AFTER_SECONDS, retry_delay
from aijobs.errors import TransientFailure
from aijobs.models import Job
from aijobs.registry import Context, Limits
from aijobs.states import Status
from tests import engine, jobs
from tests.drawing import draws
from tests.factories import TenantFactory
from tests.jobs import HASTY, LIMITS, ProbeParams, ProbeResult
from workers.running import execute


def limits(backoff: float, cap: float) -> Limits:
    return Limits(
        soft_seconds=1,
        hard_seconds=2,
        attempts=9,
        backoff_seconds=backoff,
        backoff_cap_seconds=cap,
        typical_seconds=1,
        typical_range=(1, 2),
    )


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0), (9, 10.0)])
def test_backoff_doubles_up_to_its_cap_with_full_jitter(failures: int, ceiling: float) -> None:
    """Uniform between nothing and the ceiling: 4,000 draws, means within four standard errors."""
    random.seed(failures)
    delays = [retry_delay(limits(2.0, 10.0), failures, None) for _ in range(4000)]
    assert 0 <= min(delays) < 0.01 * ceiling
    assert 0.99 * ceiling < max(delays) <= ceiling
    standard_error = ceiling / 12**0.5 / 4000**0.5
    assert abs(fmean(delays) - ceiling / 2) < 4 * standard_error


@draws(
    50,
    1000,
    st.floats(0.001, 1e6),
    st.floats(0.001, 1e6),
    st.integers(1, 1000),
    st.none() | st.floats(allow_nan=True, allow_infinity=True),
)
def test_delay_is_one_that_a_row_can_hold(
    backoff: float, cap: float, failures: int, retry_after: float | None
) -> None:
    delay = retry_delay(limits(backoff, cap), failures, retry_after)
    assert 0 <= delay <= max(cap, LONGEST_RETRY_AFTER_SECONDS)
    if retry_after is not None and 0 <= retry_after <= LONGEST_RETRY_AFTER_SECONDS:
        assert delay >= retry_after


@pytest.mark.django_db
@pytest.mark.parametrize(("kind", "attempts"), [("test_probe", LIMITS.attempts), ("test_hasty", HASTY.attempts)])
def test_job_has_the_attempts_of_its_type(kind: str, attempts: int) -> None:
    [job_id] = engine.dispatch(TenantFactory(), type=kind)
    for failures in range(attempts):
        job = Job.objects.get(id=job_id)
        assert (job.status, job.retry_count) == (Status.QUEUED, failures)
        Job.objects.filter(id=job_id).update(released_at=now(), run_after=now() - engine.LONG_AGO)
        engine.fail(engine.start(job_id), transient=True)
    job = Job.objects.get(id=job_id)
    # The failures before the final one.
    assert (job.status, job.failures, job.retry_count) == (Status.FAILED, attempts, attempts - 1)
    assert engine.kinds(job_id) == ["queued", *["started", "retried"] * (attempts - 1), "started", "failed"]


@pytest.mark.django_db
def test_retries_of_a_job_that_completes_are_counted() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.fail(engine.start(job_id), transient=True)
    Job.objects.filter(id=job_id).update(released_at=now(), run_after=now() - engine.LONG_AGO)
    engine.complete(engine.start(job_id))
    assert Job.objects.get(id=job_id).retry_count == 1


@pytest.mark.django_db
def test_retry_after_of_an_upstream_is_the_least_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(params: ProbeParams, context: Context) -> ProbeResult:
        raise TransientFailure("UPSTREAM_BUSY", "ask again later", retry_after=90.0)

    monkeypatch.setattr(jobs, "probe", busy)
    [job_id] = engine.dispatch(TenantFactory())
    before = now()
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    # The statement's clock is that of the test's transaction, which began a little earlier.
    assert before + timedelta(seconds=80) < job.run_after < before + timedelta(seconds=100)
    assert lifecycle.claim(job_id, engine.WORKER) is None
