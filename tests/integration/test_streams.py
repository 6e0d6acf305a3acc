"""The events process: waits and streams of real jobs, over real connections."""

import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol
from uuid import UUID

import httpx
import psutil
import pytest
from django.utils.timezone import now

from aijobs import events, identifiers, tickets
from aijobs.auth import Principal, TenantAccess
from aijobs.engine import lifecycle
from aijobs.models import ApiKey, Tenant, Worker
from aijobs.states import Priority
from tests import engine
from tests.clients import Caller, caller
from tests.factories import TenantFactory
from tests.integration.listening import Stream
from tests.integration.processes import Api, Processes, wait_until

ORIGIN = "https://shop.example.com"
# The same in all processes of the suite, which name their cases by it.
UNKNOWN = UUID(int=1)


@pytest.fixture(scope="module")
def _streams(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    group = Processes(tmp_path_factory.mktemp("streams"))
    try:
        yield group.events(CORS_ALLOWED_ORIGINS=ORIGIN, AIJOBS_TENANT_STREAMS="3", AIJOBS_STREAMS="5")
    finally:
        group.end()


@pytest.fixture
def streams(_streams: Api, transactional_db: None) -> Api:
    return _streams


def headers_of(owner: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {owner.key}", "X-Tenant-ID": owner.tenant.name}


@pytest.fixture
def http(streams: Api, owner: Caller) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=streams.base_url, headers=headers_of(owner), timeout=120) as client:
        yield client


class Follow(Protocol):
    def __call__(self, base_url: str, path: str, headers: dict[str, str]) -> Stream: ...


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Opens streams, and closes them."""
    with ExitStack() as opened:

        def follow(base_url: str, path: str, headers: dict[str, str]) -> Stream:
            stream = Stream(base_url, path, headers)
            opened.callback(stream.close)
            return stream

        yield follow


def path_of(job_id: object, what: str = "events") -> str:
    return f"/api/ai-jobs/{identifiers.encode('job_', job_id)}/{what}"  # type: ignore[arg-type]


def test_a_job_is_followed_to_its_end(follow: Follow, streams: Api, owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    stream = follow(streams.base_url, path_of(job_id), headers_of(owner))
    told = stream.told()
    assert (stream.status, stream.headers["content-type"]) == (200, "text/event-stream")
    first = next(told)
    assert first.event == events.of_job(owner.tenant.pk, job_id, 0, 1)[0].shown
    run = engine.start(job_id)
    assert next(told).event["type"] == "job.started"
    engine.complete(run)
    last = next(told)
    assert (last.id, last.event["type"], last.event["status"]) == ("3", "job.completed", "completed")
    assert list(told) == []
    # Whoever comes again is told that this was all.
    again = follow(streams.base_url, path_of(job_id), {**headers_of(owner), "Last-Event-ID": "3"})
    assert again.status == 204
    whole = follow(streams.base_url, path_of(job_id) + "?starting_after=1", headers_of(owner))
    assert [each.id for each in whole.told()] == ["2", "3"]


def test_a_tenants_jobs_are_followed_from_any_place(follow: Follow, streams: Api, owner: Caller) -> None:
    engine.dispatch(owner.tenant)
    stream = follow(streams.base_url, "/api/ai-jobs/events", headers_of(owner))
    opening = next(stream.blocks())
    assert int(opening["retry"]) > 0
    told = stream.told()
    [job_id] = engine.dispatch(owner.tenant)
    first = next(told)
    assert first.event["job_id"] == identifiers.encode("job_", job_id)
    lifecycle.cancel(job_id, owner.tenant.pk)
    second = next(told)
    assert second.event["type"] == "job.cancelled"
    for place in ({"Last-Event-ID": first.id}, {"Last-Event-ID": opening["id"]}):
        later = follow(streams.base_url, "/api/ai-jobs/events", {**headers_of(owner), **place})
        expected = second if place["Last-Event-ID"] == first.id else first
        assert next(later.told()) == expected


def test_a_filter_chooses_events(follow: Follow, streams: Api, owner: Caller) -> None:
    [low] = engine.dispatch(owner.tenant, priority=Priority.LOW)
    start = events.of_tenant(owner.tenant.pk, events.START, 10).position.token
    query = f"?status=cancelled&priority=high&starting_after={start}"
    stream = follow(streams.base_url, f"/api/ai-jobs/events{query}", headers_of(owner))
    high = engine.dispatch(owner.tenant, priority=Priority.HIGH)[0]
    lifecycle.cancel(low, owner.tenant.pk)
    lifecycle.cancel(high, owner.tenant.pk)
    told = next(stream.told())
    assert (told.event["job_id"], told.event["type"]) == (identifiers.encode("job_", high), "job.cancelled")


def test_a_wait_ends_with_the_job(http: httpx.Client, owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    run = engine.start(job_id)
    answers: list[httpx.Response] = []
    waiting = threading.Thread(
        target=lambda: answers.append(http.get(path_of(job_id, "wait"), params={"timeout": 60}))
    )
    waiting.start()
    engine.complete(run, {"found": 1})
    waiting.join(60)
    [answer] = answers
    data = answer.json()["data"]
    assert (answer.status_code, data["status"], data["result"], data["seq"]) == (200, "completed", {"found": 1}, 3)
    api = owner.get(path_of(job_id, "").rstrip("/"))
    assert (api.json()["data"], api["ETag"]) == (data, answer.headers["etag"])
    # It is over: nobody waits.
    assert http.get(path_of(job_id, "wait"), params={"seq": 3}).json()["data"] == data


def test_a_wait_for_the_next_event_ends_with_it(http: httpx.Client, owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    assert http.get(path_of(job_id, "wait"), params={"seq": 0}).json()["data"]["seq"] == 1
    waited = http.get(path_of(job_id, "wait"), params={"timeout": 0})
    api = owner.get(path_of(job_id, "").rstrip("/"))
    assert waited.json()["data"]["status"] == "queued"
    assert waited.json()["data"].keys() == api.json()["data"].keys() >= {"queue"}
    assert waited.headers["etag"] == api["ETag"]
    assert int(waited.headers["retry-after"]) >= 1
    later = threading.Timer(0.3, lambda: engine.start(job_id))
    later.start()
    data = http.get(path_of(job_id, "wait"), params={"seq": 1, "timeout": 60}).json()["data"]
    later.join()
    assert (data["status"], data["seq"]) == ("running", 2)


@pytest.mark.parametrize(
    ("path", "sent", "status", "code"),
    [
        ("/api/ai-jobs/events", {"Authorization": "Bearer nobody"}, 401, "UNAUTHENTICATED"),
        ("/api/ai-jobs/events", {"Authorization": ""}, 401, "UNAUTHENTICATED"),
        ("/api/ai-jobs/events", {"X-Tenant-ID": "another"}, 403, "TENANT_MISMATCH"),
        ("/api/ai-jobs/events?x=1", {}, 422, "INVALID_FILTER"),
        ("/api/ai-jobs/events?status=odd", {}, 422, "INVALID_FILTER"),
        ("/api/ai-jobs/events?starting_after=x", {}, 422, "INVALID_FILTER"),
        ("/api/ai-jobs/events", {"Last-Event-ID": "7"}, 422, "INVALID_FILTER"),
        (f"{path_of(UNKNOWN)}", {}, 404, "JOB_NOT_FOUND"),
        (f"{path_of(UNKNOWN, 'wait')}", {}, 404, "JOB_NOT_FOUND"),
        (f"{path_of(UNKNOWN, 'wait')}?timeout=61", {}, 422, "INVALID_FILTER"),
        ("/api/ai-jobs/job_x/events", {}, 404, "JOB_NOT_FOUND"),
        ("/api/ai-jobs", {}, 404, "NOT_FOUND"),
        ("/api/ai-jobs/events", {"Host": "elsewhere.example"}, 400, "INVALID_REQUEST"),
    ],
)
def test_refusals_are_the_apis(
    http: httpx.Client, server: Api, path: str, sent: dict[str, str], status: int, code: str
) -> None:
    refused = http.get(path, headers=sent)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), refused.text
    assert refused.headers["x-request-id"]
    if code != "NOT_FOUND":
        http.headers.update(sent)
        assert httpx.get(server.base_url + path, headers=http.headers).json() == refused.json()


def test_nobody_follows_another_tenants_job(http: httpx.Client, outsider: Caller) -> None:
    [job_id] = engine.dispatch(outsider.tenant)
    for what in ("events", "wait"):
        assert http.get(path_of(job_id, what)).status_code == 404


def test_only_a_key_that_may_read_follows(streams: Api, owner: Caller) -> None:
    writer = caller(owner.tenant, ("ai-jobs:write",))
    refused = httpx.get(f"{streams.base_url}/api/ai-jobs/events", headers=headers_of(writer))
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "INSUFFICIENT_SCOPE")


def test_a_ticket_stands_for_a_key(streams: Api, owner: Caller, outsider: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    lifecycle.cancel(job_id, owner.tenant.pk)
    answer = owner.post("/api/ai-jobs/events/ticket")
    assert answer.status_code == 201
    ticket = answer.json()["data"]["ticket"]
    address = f"{streams.base_url}{path_of(job_id)}?ticket={ticket}"
    followed = httpx.get(address)
    assert (followed.status_code, followed.text.count("data:")) == (200, 2)
    assert httpx.get(address, headers={"X-Tenant-ID": outsider.tenant.name}).status_code == 403
    of_another = tickets.issue(
        Principal(ApiKey.objects.get(tenants=outsider.tenant).pk, frozenset(), (), None),
        TenantAccess.of(owner.tenant),
    )
    assert httpx.get(f"{streams.base_url}{path_of(job_id)}?ticket={of_another}").status_code == 403
    for wrong in ("nonsense", ticket[:-1], ticket.replace("-", "-1", 1)):
        assert httpx.get(f"{streams.base_url}{path_of(job_id)}?ticket={wrong}").status_code == 401


def test_too_many_are_told_when_to_come_again(follow: Follow, streams: Api, owner: Caller, outsider: Caller) -> None:
    def opened(of: Caller) -> Stream:
        return follow(streams.base_url, "/api/ai-jobs/events", headers_of(of))

    kept = [opened(owner) for _ in range(3)]
    refused = opened(owner)
    assert (refused.status, refused.headers["retry-after"]) == (429, "5")
    others = [opened(outsider), opened(outsider)]
    assert [each.status for each in (*kept, *others)] == [200] * 5
    full = opened(caller(TenantFactory()))
    assert (full.status, full.headers["retry-after"]) == (503, "5")
    for each in (*kept, *others, refused, full):
        each.close()
    wait_until(lambda: opened(owner).status == 200, "who has gone does not count")


def test_who_may_not_read_any_more_is_sent_away(follow: Follow, streams: Api, owner: Caller) -> None:
    stream = follow(streams.base_url, "/api/ai-jobs/events", headers_of(owner))
    assert stream.status == 200
    ApiKey.objects.filter(tenants=owner.tenant).update(revoked_at=now())
    assert list(stream.told()) == []


def test_who_waits_while_the_tenant_is_suspended_or_the_key_revoked_is_told_so(
    streams: Api, owner: Caller, outsider: Caller
) -> None:
    def is_there(of: Caller) -> bool:
        stream = Stream(streams.base_url, "/api/ai-jobs/events", headers_of(of))
        stream.close()
        # Of three, the wait is one and the stream another.
        return stream.headers["ratelimit"] == '"streams";r=1'

    def told(of: Caller, take_away: Callable[[], object]) -> tuple[int, str]:
        [job_id] = engine.dispatch(of.tenant)
        address = f"{streams.base_url}{path_of(job_id, 'wait')}?timeout=60"
        with ThreadPoolExecutor(1) as thread:
            asked = thread.submit(httpx.get, address, headers=headers_of(of), timeout=120)
            wait_until(lambda: is_there(of), "the wait")
            take_away()
            answer = asked.result()
        return answer.status_code, answer.json()["error"]["code"]

    suspended = told(owner, lambda: Tenant.objects.filter(pk=owner.tenant.pk).update(suspended_at=now()))
    assert suspended == (403, "TENANT_SUSPENDED")
    revoked = told(outsider, lambda: ApiKey.objects.filter(tenants=outsider.tenant).update(revoked_at=now()))
    assert revoked == (401, "UNAUTHENTICATED")


def test_browsers_of_other_sites_are_let_in_where_the_api_lets_them(
    follow: Follow, streams: Api, owner: Caller
) -> None:
    preflight = httpx.options(
        f"{streams.base_url}/api/ai-jobs/events",
        headers={"Origin": ORIGIN, "Access-Control-Request-Method": "GET"},
    )
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "last-event-id" in preflight.headers["access-control-allow-headers"]
    of_another = httpx.options(
        f"{streams.base_url}/api/ai-jobs/events",
        headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"},
    )
    assert "access-control-allow-origin" not in of_another.headers
    stream = follow(streams.base_url, "/api/ai-jobs/events", {**headers_of(owner), "Origin": ORIGIN})
    assert stream.headers["access-control-allow-origin"] == ORIGIN
    policy = re.fullmatch(r'"streams";q=(\d+);qu="concurrent-requests"', stream.headers["ratelimit-policy"])
    assert policy is not None
    most = int(policy[1])
    assert stream.headers["ratelimit"] == f'"streams";r={most - 1}'
    # As who was sent on by the API from a page of a third origin.
    ticket = owner.post("/api/ai-jobs/events/ticket").json()["data"]["ticket"]
    sent_on = follow(streams.base_url, f"/api/ai-jobs/events?ticket={ticket}", {"Origin": "null"})
    assert (sent_on.status, sent_on.headers["access-control-allow-origin"]) == (200, "null")
    nobody = httpx.get(f"{streams.base_url}/api/ai-jobs/events?tag=ticket=", headers={"Origin": "null"})
    assert "access-control-allow-origin" not in nobody.headers
    plain = httpx.options(f"{streams.base_url}/api/ai-jobs/events")
    assert (plain.status_code, plain.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    posted = httpx.post(f"{streams.base_url}/api/ai-jobs/events")
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    head = httpx.head(f"{streams.base_url}/api/ai-jobs/events", headers=headers_of(owner))
    assert (head.status_code, head.content) == (200, b"")


def test_pages_are_the_apis(http: httpx.Client, owner: Caller) -> None:
    job_id = engine.dispatch(owner.tenant, 3)[0]
    for path in ("/api/ai-jobs/events?limit=2", path_of(job_id)):
        page = http.get(path, headers={"Accept": "application/json"})
        api = owner.request("GET", path, accept="application/json")
        assert page.json() == api.json()
        assert page.json()["data"]
        assert page.headers.get("link") == api.get("Link")


def said_by(process: Api) -> list[Worker]:
    """What the process says of itself to staff."""
    own = {str(each.pid) for each in psutil.Process(process.process.pid).children(recursive=True)}
    return [each for each in Worker.objects.all() if each.id.split(":")[1] in own]


def test_a_process_that_ends_ends_its_streams(follow: Follow, processes: Processes, owner: Caller) -> None:
    process = processes.events(AIJOBS_TENANT_STREAMS="5")
    [job_id] = engine.dispatch(owner.tenant)
    wait_until(lambda: said_by(process), "the process has said that it is there")
    [itself] = said_by(process)
    assert (itself.name.startswith("events@"), itself.queues) == (True, [])
    paths = ("/api/ai-jobs/events", path_of(job_id)) * 2
    told = [follow(process.base_url, path, headers_of(owner)).told() for path in paths]
    for of_job in told[1::2]:
        assert next(of_job).event["type"] == "job.queued"
    answers: list[httpx.Response] = []
    address = f"{process.base_url}{path_of(job_id, 'wait')}?timeout=60"

    def wait() -> None:
        # One of the questions below may take its place for a moment.
        while (answer := httpx.get(address, headers=headers_of(owner), timeout=90)).status_code == 429:
            continue
        answers.append(answer)

    thread = threading.Thread(target=wait)
    thread.start()
    refused = f"{process.base_url}{path_of(job_id, 'wait')}?timeout=0"
    wait_until(lambda: httpx.get(refused, headers=headers_of(owner)).status_code == 429, "the wait is there")
    process.process.terminate()
    # Each ends as it should, and is not cut off.
    assert [list(each) for each in told] == [[], [], [], []]
    thread.join(90)
    assert answers[0].json()["data"]["status"] == "queued"
    assert process.process.wait(60) == 0
    assert not Worker.objects.filter(id=itself.id).exists()
