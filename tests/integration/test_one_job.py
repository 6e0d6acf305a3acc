"""One job from dispatch to its end, over every process that takes part."""

from typing import Any

import httpx

from tests.integration.processes import Processes, empty_broker, wait_until


def _dispatch(http: httpx.Client, **params: object) -> str:
    answer = http.post("/api/ai-jobs", json={"type": "test_probe", "params": params})
    job_id: str = answer.raise_for_status().json()["data"]["id"]
    return job_id


def _wait_for_the_end(http: httpx.Client, job_id: str) -> dict[str, Any]:
    def read() -> dict[str, Any]:
        job: dict[str, Any] = http.get(f"/api/ai-jobs/{job_id}").raise_for_status().json()["data"]
        return job

    wait_until(lambda: read()["status"] not in ("queued", "running"), f"the end of {job_id}")
    return read()


def test_a_worker_runs_what_was_dispatched(http: httpx.Client, processes: Processes) -> None:
    worker = processes.worker()
    job = _wait_for_the_end(http, _dispatch(http, label="integration"))
    assert job["result"] == {"label": "integration", "slept": 0.0}
    worker.stop()
    assert worker.process.returncode == 0


def test_what_the_broker_lost_is_published_again(http: httpx.Client, processes: Processes) -> None:
    job_id = _dispatch(http)
    empty_broker()
    processes.worker()
    processes.control()
    processes.beat()
    assert _wait_for_the_end(http, job_id)["status"] == "completed"
