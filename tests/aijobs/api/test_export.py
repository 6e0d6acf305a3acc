"""GET /api/ai-jobs/export"""

import csv
import gc
import json
import tracemalloc
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError

from aijobs import exporting, identifiers
from aijobs.api import exports
from aijobs.filtering import JobFilter
from aijobs.models import Job
from tests import engine
from tests.aijobs.api.answers import error_of, paths_of
from tests.clients import Caller, caller
from tests.factories import ScheduleFactory, TenantFactory

PATH = "/api/ai-jobs/export"
pytestmark = pytest.mark.django_db


def public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def text_of(response: Any) -> str:
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content).decode()


def rows_of(owner: Caller, **query: str | int) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text_of(owner.get(PATH, format="csv", **query)))))


def test_a_file_to_download(owner: Caller) -> None:
    response = owner.get(PATH, format="csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="jobs-2')
    assert response["X-Request-ID"]
    assert text_of(response).startswith("id,tenant,type,status,")


def test_head_writes_no_file(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    error_of(owner.get(PATH, format="csv"), 503, "TOO_MANY_EXPORTS")
    response = owner.request("HEAD", f"{PATH}?format=csv")
    assert (response.status_code, response["Content-Type"]) == (200, "text/csv; charset=utf-8")
    assert "Content-Length" not in response


def test_it_has_the_tenants_jobs_that_match(owner: Caller, outsider: Caller) -> None:
    ids = engine.dispatch(owner.tenant, 3)
    engine.dispatch(outsider.tenant)
    engine.complete(engine.start(ids[1]), {"label": "ö"})
    assert [row["id"] for row in rows_of(owner)] == [public(each) for each in ids]
    assert [row["id"] for row in rows_of(owner, status="queued")] == [public(ids[0]), public(ids[2])]
    assert rows_of(owner, type="test_hasty") == []
    assert rows_of(owner, end_date="2020-01-01") == []
    assert len(rows_of(owner, start_date="2020-01-01")) == 3
    lines = text_of(owner.get(PATH, format="ndjson", status="completed")).splitlines()
    [row] = [json.loads(line) for line in lines]
    assert (row["id"], row["status"], row["result"], row["params"]) == (
        public(ids[1]),
        "completed",
        {"label": "ö"},
        {},
    )


def test_both_forms_have_all_that_a_job_shows(owner: Caller) -> None:
    run_at, expires_at = "2999-01-01T00:00:00.000Z", "2999-01-02T00:00:00.000Z"
    _, (first, second) = engine.dispatch_graph(owner.tenant, [[], [1]])
    schedule = ScheduleFactory(tenant=owner.tenant)
    Job.objects.filter(id=second).update(
        tags=["=a", "b, c"],
        metadata={"z": 1, "a": "ö"},
        run_at=run_at,
        expires_at=expires_at,
        retry_of=first,
        schedule=schedule,
    )
    engine.fail(engine.start(first))
    shown = owner.get(f"/api/ai-jobs/{public(second)}").json()["data"]
    caused_by = shown.pop("cancellation")["caused_by"]
    [row] = rows_of(owner, status="cancelled")
    [line] = [json.loads(line) for line in text_of(owner.get(PATH, format="ndjson", status="cancelled")).splitlines()]
    for name in ("depends_on", "tags", "metadata"):
        assert json.loads(row[name]) == line[name] == shown[name], name
    for name in ("run_at", "expires_at", "retry_of", "schedule_id", "batch_id"):
        assert row[name] == line[name] == shown[name], name
    assert row["metadata"] == Job.objects.with_text_of().get(id=second).metadata_text
    assert row["caused_by"] == line["caused_by"] == caused_by == public(first)
    # Estimates and the place in the log are of the moment, and what is nested has columns of its own.
    apart = {"estimated_completion_at", "queue", "seq", "progress", "error", "result", "params"}
    assert {*shown} - apart <= {*row} == {*line} - {"params", "result"}


def test_what_a_job_does_not_have_is_null_or_an_empty_cell(owner: Caller) -> None:
    engine.dispatch(owner.tenant)
    [line] = [json.loads(line) for line in text_of(owner.get(PATH, format="ndjson")).splitlines()]
    assert "" not in line.values()
    absent = {name for name, value in line.items() if value is None}
    assert absent >= {"request_id", "idempotency_key", "error_code", "error_message", "cancel_reason", "caused_by"}
    [row] = rows_of(owner)
    assert {name for name, cell in row.items() if cell == ""} == absent - {"result"}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ({}, "format"),
        ({"format": "xlsx"}, "format"),
        ({"format": "csv", "limit": 5}, "limit"),
        ({"format": "csv", "status": "asleep"}, "status"),
        ({"format": "csv", "batch_id": "7"}, "batch_id"),
    ],
)
def test_what_it_does_not_know_it_refuses(owner: Caller, query: dict[str, str], path: str) -> None:
    assert path in paths_of(error_of(owner.get(PATH, **query), 422, "INVALID_FILTER"))


def test_who_asks_while_the_database_is_away_is_told_so(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was a 500 without content: the file had begun."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection to 10.0.0.1 failed")

    monkeypatch.setattr(JobFilter, "stretch", away)
    error_of(owner.get(PATH, format="csv"), 503, "SERVICE_UNAVAILABLE")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1"])
def test_no_cell_is_a_formula(owner: Caller, text: str) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    Job.objects.filter(id=job_id).update(request_id=text)
    assert rows_of(owner)[0]["request_id"] == f"'{text}"


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_memory_does_not_grow_with_the_rows(owner: Caller, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(exporting, "JOBS_AT_ONCE", 20)
    monkeypatch.setattr(exporting, "DOCUMENTS_AT_ONCE", 20)
    for _ in range(20):
        engine.dispatch(owner.tenant, 20, params={"label": "x" * 200})
    chunks = iter(owner.get(PATH, format=form).streaming_content)
    for _ in range(100):
        next(chunks)
    tracemalloc.start()
    try:
        rest = sum(1 for _ in chunks)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert rest >= 300
    # A page of rows, and not the 300 that are left: those would be 1.5 MB.
    assert most < 750_000


def test_documents_that_are_stored_packed_are_read_few_at_a_time(owner: Caller) -> None:
    """A job may have a megabyte that the database packs to a hundredth: ninety of them were in memory together."""
    engine.dispatch(owner.tenant, 80)
    Job.objects.update(result={"label": "x" * 500_000})
    tracemalloc.start()
    try:
        lines = sum(1 for chunk in owner.get(PATH, format="ndjson").streaming_content if chunk)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == 80
    # They are 40 MB. Of those that are read there are several copies.
    assert most < 30_000_000


def test_a_tenant_has_one_file_written_at_a_time(owner: Caller, outsider: Caller) -> None:
    first = owner.get(PATH, format="csv")
    for _ in range(2):
        refused = owner.get(PATH, format="ndjson")
        error_of(refused, 429, "EXPORT_BUSY")
        assert int(refused["Retry-After"]) > 0
    text_of(outsider.get(PATH, format="csv"))
    text_of(first)
    text_of(owner.get(PATH, format="ndjson"))


def test_who_comes_while_files_of_others_are_written_is_told_when_to_come_again(
    owner: Caller, outsider: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What other tests have left counts until then.
    gc.collect()
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    third = caller(TenantFactory())
    # Of those that come at one moment none is begun before the last one has been asked for.
    written = [owner.get(PATH, format="csv"), outsider.get(PATH, format="csv")]
    refused = third.get(PATH, format="csv")
    error_of(refused, 503, "TOO_MANY_EXPORTS")
    assert int(refused["Retry-After"]) > 0
    text_of(written.pop())
    text_of(third.get(PATH, format="csv"))
    written.pop().close()


@pytest.mark.parametrize("form", exporting.FORMATS)
def test_whoever_sends_it_has_a_turn_where_nothing_matches(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    monkeypatch.setattr(exporting, "JOBS_AT_ONCE", 2)
    engine.dispatch(owner.tenant, 7)
    chunks = list(owner.get(PATH, format=form, status="completed").streaming_content)
    assert chunks.count(exporting.END_OF_STRETCH) >= 3


def test_a_file_that_nobody_has_any_more_is_not_in_the_way(owner: Caller) -> None:
    assert owner.get(PATH, format="csv").status_code == 200
    gc.collect()
    text_of(owner.get(PATH, format="csv"))
