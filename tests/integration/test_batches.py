"""Batches in a real worker: one after the other, whatever happens to a member."""

from itertools import pairwise

import httpx
import pytest

from tests.integration.callers import dispatch_batch, read, wait_for_the_end
from tests.integration.processes import Running

FIVE: list[dict[str, object]] = [
    {"label": str(index), "fail": "permanent" if index == 2 else None} for index in range(5)
]


def test_batch_stops_at_a_failure(http: httpx.Client, worker: Running) -> None:
    ids = dispatch_batch(http, FIVE, sequential=True)
    jobs = wait_for_the_end(http, *ids)
    assert [job["status"] for job in jobs] == ["completed", "completed", "failed", "cancelled", "cancelled"]
    assert [job["cancellation"] for job in jobs[3:]] == [{"reason": "PREDECESSOR_FAILED", "caused_by": ids[2]}] * 2
    assert_one_after_the_other(jobs[:3])


def test_batch_goes_on_after_a_failure_where_it_says_so(http: httpx.Client, worker: Running) -> None:
    jobs = wait_for_the_end(http, *dispatch_batch(http, FIVE, sequential=True, on_failure="continue"))
    assert [job["status"] for job in jobs] == ["completed", "completed", "failed", "completed", "completed"]
    assert_one_after_the_other(jobs)


def test_retry_keeps_its_place(http: httpx.Client, worker: Running, sweeping: None) -> None:
    params: list[dict[str, object]] = [{"fail": "transient"}, {"label": "second"}]
    jobs = wait_for_the_end(http, *dispatch_batch(http, params, sequential=True, on_failure="continue"))
    assert [(job["status"], job["retry_count"]) for job in jobs] == [("failed", 2), ("completed", 0)]
    assert_one_after_the_other(jobs)


@pytest.mark.parametrize("sequential", [True, False])
def test_batch_of_twenty_completes(http: httpx.Client, worker: Running, sequential: bool) -> None:
    ids = dispatch_batch(http, [{"label": str(index)} for index in range(20)], sequential=sequential)
    wait_for_the_end(http, *ids)
    batch = http.get(f"/api/ai-jobs/batch/{read(http, ids[0])['batch_id']}").json()["data"]
    assert (batch["status"], batch["counts"]["completed"]) == ("completed", 20)


def assert_one_after_the_other(jobs: list[dict[str, str]]) -> None:
    for before, after in pairwise(jobs):
        assert before["completed_at"] <= after["started_at"]
