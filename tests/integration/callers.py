"""What a consumer of the API does over HTTP."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.integration.processes import wait_until

OPEN = ("queued", "running")


@dataclass(frozen=True)
class Gate:
    """Jobs with the params `closed` run until it is opened."""

    file: Path

    @property
    def closed(self) -> dict[str, Any]:
        return {"until": str(self.file)}

    def open(self) -> None:
        self.file.touch()


def dispatch(http: httpx.Client, *, type: str = "test_probe", priority: str = "normal", **params: object) -> str:
    answer = http.post("/api/ai-jobs", json={"type": type, "params": params, "priority": priority})
    job_id: str = answer.raise_for_status().json()["data"]["id"]
    return job_id


def dispatch_batch(http: httpx.Client, params: list[dict[str, object]], **batch: object) -> list[str]:
    jobs = [{"type": "test_probe", "params": each} for each in params]
    answer = http.post("/api/ai-jobs/batch", json={"jobs": jobs, **batch}).raise_for_status()
    return [job["id"] for job in answer.json()["data"]["jobs"]]


def read(http: httpx.Client, job_id: str) -> dict[str, Any]:
    job: dict[str, Any] = http.get(f"/api/ai-jobs/{job_id}").raise_for_status().json()["data"]
    return job


def wait_for_status(http: httpx.Client, job_id: str, status: str, seconds: float = 90.0) -> dict[str, Any]:
    wait_until(lambda: read(http, job_id)["status"] == status, f"{job_id} {status}", seconds)
    return read(http, job_id)


def wait_for_the_end(http: httpx.Client, *job_ids: str, seconds: float = 90.0) -> list[dict[str, Any]]:
    """The jobs, once all of them are over."""
    for job_id in job_ids:
        wait_until(lambda job_id=job_id: read(http, job_id)["status"] not in OPEN, f"the end of {job_id}", seconds)  # type: ignore[misc]
    return [read(http, job_id) for job_id in job_ids]
