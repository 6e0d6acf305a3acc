"""Workers, brokers and messages are lost, and no job is."""

import httpx

from tests.clients import Caller
from tests.integration.callers import dispatch, wait_for_status, wait_for_the_end
from tests.integration.processes import Processes, empty_broker


def test_what_the_broker_lost_is_published_again(http: httpx.Client, processes: Processes) -> None:
    """With beat and the control worker as processes, as they run in production."""
    job_id = dispatch(http)
    empty_broker()
    processes.control(wait=False)
    processes.beat(wait=False)
    processes.worker()
    [job] = wait_for_the_end(http, job_id)
    assert job["status"] == "completed"


def test_job_of_a_killed_worker_is_run_by_another(http: httpx.Client, processes: Processes, sweeping: None) -> None:
    lost = processes.worker(AIJOBS_LEASE_SECONDS="1")
    job_id = dispatch(http, sleep=2)
    wait_for_status(http, job_id, "running")
    lost.kill()
    processes.worker()
    [job] = wait_for_the_end(http, job_id)
    assert (job["status"], job["retry_count"]) == ("completed", 1)


def test_job_of_a_stopping_worker_is_handed_back(http: httpx.Client, processes: Processes, sweeping: None) -> None:
    stopping = processes.worker(AIJOBS_SHUTDOWN_SECONDS="1")
    job_id = dispatch(http, sleep=4)
    wait_for_status(http, job_id, "running")
    stopping.stop()
    assert wait_for_status(http, job_id, "queued")["retry_count"] == 0
    processes.worker(AIJOBS_SHUTDOWN_SECONDS="10")
    [job] = wait_for_the_end(http, job_id)
    assert (job["status"], job["retry_count"]) == ("completed", 0)


def test_dispatch_while_the_broker_is_down_is_accepted_and_runs_later(
    processes: Processes, owner: Caller, sweeping: None
) -> None:
    lonely = processes.api_without_broker()
    headers = {"Authorization": f"Bearer {owner.key}"}
    with httpx.Client(base_url=lonely.base_url, headers=headers, timeout=30) as http:
        answers = [http.post("/api/ai-jobs", json={"type": "test_probe"}) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [201] * 5
        # The first met the refusal; nobody after it waits for a broker.
        assert max(answer.elapsed.total_seconds() for answer in answers[1:]) < 2
        processes.worker()
        jobs = wait_for_the_end(http, *[answer.json()["data"]["id"] for answer in answers])
    assert {job["status"] for job in jobs} == {"completed"}
