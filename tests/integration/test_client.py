"""The package aijobs-client against the whole service: the API, its events process and a worker."""

import asyncio
from collections.abc import Iterator

import pytest

from aijobs.client import ApiError, AsyncClient, Client, Event, JobFailed
from aijobs.events import START
from tests.clients import Caller
from tests.integration.processes import Api, Processes, Running

BATCH = 3
THE_BEGINNING = START.token


@pytest.fixture(scope="module")
def _service(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An API that sends who waits to an events process."""
    group = Processes(tmp_path_factory.mktemp("client"))
    try:
        yield group.api(AIJOBS_EVENTS_URL=group.events().base_url).base_url
    finally:
        group.end()


@pytest.fixture
def with_streams(_service: str, worker: Running) -> str:
    return _service


@pytest.fixture
def without_streams(server: Api, worker: Running) -> str:
    return server.base_url


def test_a_job_is_dispatched_followed_and_its_result_fetched(with_streams: str, owner: Caller) -> None:
    with Client(with_streams, api_key=owner.key, tenant=owner.tenant.name) as client:
        job = client.dispatch("test_probe", {"label": "a"}, tags=["spring"], metadata={"order": 4711})
        assert [event["type"] for event in client.stream(job["id"])] == ["job.queued", "job.started", "job.completed"]
        assert client.result(job["id"])["label"] == "a"
        [found] = client.jobs(tag="spring", include=["params"])
        assert (found["id"], found["params"], found["metadata"]) == (job["id"], {"label": "a"}, {"order": 4711})
        assert list(client.stream(job["id"], after=found["seq"])) == []


def test_what_failed_is_raised_and_dispatched_again(with_streams: str, owner: Caller) -> None:
    with Client(with_streams, api_key=owner.key) as client:
        job = client.dispatch("test_probe", {"fail": "permanent"})
        with pytest.raises(JobFailed, match="PROBE_FAILED"):
            client.result(job["id"])
        again = client.retry(job["id"])
        assert again["retry_of"] == job["id"]
        assert client.wait(again["id"])["status"] == "failed"
        with pytest.raises(ApiError, match="JOB_NOT_CANCELLABLE"):
            client.cancel(again["id"])


def test_a_batch_is_dispatched_and_what_failed_of_it_repeated(with_streams: str, owner: Caller) -> None:
    with Client(with_streams, api_key=owner.key) as client:
        accepted = client.dispatch_batch(
            [
                {"type": "test_probe", "params": {}},
                {"type": "test_probe", "params": {"fail": "permanent"}, "depends_on": [0]},
            ]
        )
        ends = [client.wait(member["id"])["status"] for member in accepted["jobs"]]
        assert ends == ["completed", "failed"]
        repeated = client.retry_failed(accepted["batch_id"])
        assert len(repeated["jobs"]) == 1
        assert client.batch(accepted["batch_id"])["retries"] == [repeated["batch_id"]]
        client.cancel_batch(repeated["batch_id"])


def test_the_stream_of_all_jobs_goes_on_where_it_was_left(with_streams: str, owner: Caller) -> None:
    with Client(with_streams, api_key=owner.key) as client:
        first = client.dispatch("test_probe", {})
        client.wait(first["id"])
        [(position, event), *_] = client_log = _until(client, THE_BEGINNING, first["id"])
        assert [each["seq"] for _, each in client_log] == [1, 2, 3]
        second = client.dispatch("test_probe", {})
        later = _until(client, position, second["id"])
        assert [(each["job_id"], each["seq"]) for _, each in later] == [
            *((first["id"], seq) for seq in (2, 3)),
            *((second["id"], seq) for seq in (1, 2, 3)),
        ]
        assert event not in [each for _, each in later]


def _until(client: Client, after: str, job_id: str) -> list[tuple[str, Event]]:
    """What the stream tells after a position, until this job is completed."""
    told = []
    for position, event in client.events(after=after):
        told.append((position, event))
        if event["job_id"] == job_id and event["status"] == "completed":
            return told
    raise AssertionError("the stream has ended")


def test_many_tasks_wait_at_once(with_streams: str, owner: Caller) -> None:
    async def run() -> list[str]:
        async with AsyncClient(with_streams, api_key=owner.key) as client:
            jobs = await asyncio.gather(*(client.dispatch("test_probe", {"label": str(n)}) for n in range(BATCH)))
            results = await asyncio.gather(*(client.result(job["id"]) for job in jobs))
            return [result["label"] for result in results]

    assert asyncio.run(run()) == ["0", "1", "2"]


def test_without_an_events_process_it_polls(without_streams: str, owner: Caller) -> None:
    with Client(without_streams, api_key=owner.key) as client:
        job = client.dispatch("test_probe", {"label": "a"})
        assert client.result(job["id"])["label"] == "a"
        with pytest.raises(ApiError, match="STREAMING_UNAVAILABLE"):
            next(client.stream(job["id"]))
