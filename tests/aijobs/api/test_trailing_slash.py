"""Every path works with and without a slash at its end, without a redirect."""

import pytest

from tests.aijobs.api.answers import NO_BATCH, NO_JOB, PROBE, data_of, error_of
from tests.clients import HTTP, Caller

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"


@pytest.mark.parametrize("slash", ["", "/"])
def test_jobs(owner: Caller, slash: str) -> None:
    job = data_of(owner.post(f"{JOBS}{slash}", PROBE), 201)
    assert data_of(owner.get(f"{JOBS}{slash}"))[0]["id"] == job["id"]
    assert data_of(owner.get(f"{JOBS}/{job['id']}{slash}"))["id"] == job["id"]
    assert owner.delete(f"{JOBS}/{job['id']}{slash}").status_code == 204
    assert data_of(owner.get(f"{JOBS}/types{slash}"))
    error_of(owner.get(f"{JOBS}/{NO_JOB}{slash}"), 404, "JOB_NOT_FOUND")


@pytest.mark.parametrize("slash", ["", "/"])
def test_batches(owner: Caller, slash: str) -> None:
    batch = data_of(owner.post(f"{BATCHES}{slash}", {"jobs": [PROBE]}), 201)
    assert data_of(owner.get(f"{BATCHES}/{batch['batch_id']}{slash}"))["batch_id"] == batch["batch_id"]
    assert owner.delete(f"{BATCHES}/{batch['batch_id']}{slash}").status_code == 204
    error_of(owner.get(f"{BATCHES}/{NO_BATCH}{slash}"), 404, "BATCH_NOT_FOUND")


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs", "/healthz", "/readyz"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_pages_for_everybody(db: None, path: str, slash: str) -> None:
    assert HTTP.get(path + slash).status_code == 200


@pytest.mark.parametrize("end", ["//", "%0A", "/%0A", "/."])
def test_nothing_else_at_the_end(owner: Caller, end: str) -> None:
    assert owner.get(f"{JOBS}/types{end}").status_code == 404
