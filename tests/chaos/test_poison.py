"""Jobs that cannot be run: each ends failed after its attempts, and the worker outlives it."""

from aijobs.states import Status
from tests.chaos.judge import Judge
from tests.chaos.load import FAILED, Load, single
from tests.chaos.site import Site

# How each way to go wrong is told to the caller.
CODES = {
    "hang": "WORKER_TIMEOUT",
    "sleep": "WORKER_TIMEOUT",
    "killed": "WORKER_TIMEOUT",
    "memory": "INTERNAL_ERROR",
    "raise": "INTERNAL_ERROR",
}


def test_poison_jobs_fail_after_their_attempts_and_take_no_worker_with_them(
    site: Site, load: Load, judge: Judge
) -> None:
    load.start()
    ids = {way: load.dispatch(single("test_poison", {"way": way}, "high", FAILED))[0] for way in CODES}
    judge.sees_every_worker_serve()
    told = judge.passes()
    jobs = {job.id: job for job in told.jobs}
    ended = {way: jobs[job_id] for way, job_id in ids.items()}
    assert {way: (job.status, job.error_code) for way, job in ended.items()} == {
        way: (Status.FAILED, code) for way, code in CODES.items()
    }
    assert {(job.attempt, job.failures) for job in ended.values()} == {(2, 2)}
    # Everybody else's jobs went through, and every place is free again.
    assert len(told.jobs) > 100
