"""The client against a server that answers what a test tells it: what it sends, sends again, and makes of answers."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aijobs.client import ApiError, JobCancelled, JobFailed, JobUnfinished, session
from tests.aijobs.client.conftest import KEY, PATIENCE

Use = Callable[..., Any]
JOB = {"id": "job_1", "type": "competitor_scan", "status": "queued"}
DONE = {**JOB, "status": "completed", "result": {"found": 2}}


def error(status: int, code: str, **headers: str) -> Response:
    body = {"error": {"code": code, "message": "No.", "details": [{"path": "params"}]}}
    return Response(json.dumps(body), status, {"X-Request-ID": "req_1", **headers}, mimetype="application/json")


def answers(httpserver: HTTPServer, uri: str, *responses: Response, method: str = "GET") -> list[Request]:
    """The server's answers at this path, one after the other and the last for ever; what it was sent is kept."""
    received: list[Request] = []

    def answer(request: Request) -> Response:
        request.get_data()
        received.append(request)
        return responses[min(len(received), len(responses)) - 1]

    httpserver.expect_request(uri, method=method).respond_with_handler(answer)
    return received


def data(value: object, status: int = 200, retry_after: str | None = None) -> Response:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Response(json.dumps({"data": value}), status, headers, mimetype="application/json")


def stream(*events: dict[str, object], last: str = "") -> Response:
    def parts() -> Iterator[str]:
        yield ": hello\n\n"
        for each in events:
            yield f"id: {each['seq']}\nevent: {each['type']}\ndata: {json.dumps(each, ensure_ascii=False)}\n\n"
        yield last

    return Response(parts(), mimetype="text/event-stream")


def event(seq: int, status: str = "running") -> dict[str, object]:
    # A line separator that is none in a stream.
    return {"seq": seq, "type": f"job.{status}", "job_id": "job_1", "status": status, "data": {"text": "a\u2028b"}}


def test_dispatch_sends_the_job_with_the_key_the_tenant_and_an_idempotency_key(
    use: Use, httpserver: HTTPServer
) -> None:
    received = answers(httpserver, "/api/ai-jobs", data(JOB, 201), method="POST")
    assert use("dispatch", "competitor_scan", {"skus": ["A"]}, priority="high", tags=["spring"]) == JOB
    (request,) = received
    assert request.json == {
        "type": "competitor_scan",
        "params": {"skus": ["A"]},
        "priority": "high",
        "tags": ["spring"],
    }
    assert request.headers["Authorization"] == f"Bearer {KEY}"
    assert request.headers["X-Tenant-ID"] == "acme"
    assert len(request.headers["Idempotency-Key"]) > 20


@pytest.mark.parametrize("status", [408, 425, 429, 502, 503, 504])
def test_what_is_refused_for_now_is_sent_again_under_the_same_idempotency_key(
    use: Use, httpserver: HTTPServer, status: int, pauses: list[float]
) -> None:
    later = error(status, "LATER", **{"Retry-After": "0"})
    received = answers(httpserver, "/api/ai-jobs", later, later, data(JOB, 201), method="POST")
    assert use("dispatch", "competitor_scan", {}) == JOB
    assert len({request.headers["Idempotency-Key"] for request in received}) == 1
    assert len(received) == 3
    # The second pause is twice the first one, and each up to half shorter.
    assert 0.125 <= pauses[0] <= 0.25 <= pauses[1] <= 0.5


def test_who_says_later_without_a_pause_for_ever_is_given_up(
    use: Use, httpserver: HTTPServer, pauses: list[float]
) -> None:
    received = answers(httpserver, "/api/ai-jobs/job_1", error(503, "LATER", **{"Retry-After": "0"}))
    with pytest.raises(ApiError, match="LATER"):
        use("job", "job_1")
    assert len(received) < 20
    assert sum(pauses) <= PATIENCE


def test_a_caller_s_own_idempotency_key_is_sent(use: Use, httpserver: HTTPServer) -> None:
    received = answers(httpserver, "/api/ai-jobs", data(JOB, 201), method="POST")
    use("dispatch", "competitor_scan", {}, idempotency_key="order-4711")
    assert received[0].headers["Idempotency-Key"] == "order-4711"


def test_two_requests_that_met_under_one_key_are_one_later(use: Use, httpserver: HTTPServer) -> None:
    met = error(409, "IDEMPOTENCY_CONFLICT", **{"Retry-After": "0"})
    answers(httpserver, "/api/ai-jobs", met, data(JOB, 201), method="POST")
    assert use("dispatch", "competitor_scan", {}) == JOB


@pytest.mark.parametrize(
    ("status", "code"), [(404, "JOB_NOT_FOUND"), (409, "JOB_NOT_CANCELLABLE"), (500, "INTERNAL_ERROR")]
)
def test_a_refusal_is_raised_with_all_that_it_says_and_not_sent_again(
    use: Use, httpserver: HTTPServer, status: int, code: str
) -> None:
    received = answers(httpserver, "/api/ai-jobs/job_1", error(status, code))
    with pytest.raises(ApiError, match=rf"No\. \({code}, HTTP {status}\)") as raised:
        use("job", "job_1")
    assert (raised.value.code, raised.value.status, raised.value.request_id) == (code, status, "req_1")
    assert raised.value.details == [{"path": "params"}]
    assert len(received) == 1


def test_a_batch_that_never_fits_is_not_sent_again(use: Use, httpserver: HTTPServer) -> None:
    received = answers(httpserver, "/api/ai-jobs/batch", error(429, "QUEUE_FULL"), method="POST")
    with pytest.raises(ApiError, match="QUEUE_FULL"):
        use("dispatch_batch", [{"type": "competitor_scan", "params": {}}])
    assert len(received) == 1


def test_a_pause_that_is_longer_than_the_client_s_patience_is_a_refusal(use: Use, httpserver: HTTPServer) -> None:
    answers(httpserver, "/api/ai-jobs/job_1", error(503, "DATABASE_BUSY", **{"Retry-After": "3600"}))
    with pytest.raises(ApiError) as raised:
        use("job", "job_1")
    assert raised.value.retry_after == 3600


def test_an_answer_of_something_before_the_service_is_an_error_too(use: Use, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/api/ai-jobs/job_1").respond_with_data("<h1>Forbidden</h1>", 403)
    with pytest.raises(ApiError) as raised:
        use("job", "job_1")
    assert (raised.value.code, raised.value.status) == ("UNEXPECTED_ANSWER", 403)


def test_a_service_that_is_not_there_is_a_transport_error(use_at: Callable[[str], Use]) -> None:
    # A port that is taken and on which nobody listens.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(httpx.ConnectError):
            use_at(f"http://127.0.0.1:{silent.getsockname()[1]}")("job", "job_1")


def check_refused(use: Use, httpserver: HTTPServer, method: str, sent: str, kind: str) -> None:
    """With a sentence that says what an ID of the kind looks like; and nothing is sent."""
    message = rf"is not a {kind} ID\. Use one that the service has given, for example {kind}_\w+\."
    with pytest.raises(ValueError, match=message):
        use(method, sent)
    assert httpserver.log == []


@pytest.mark.parametrize("method", ["job", "wait", "result", "stream", "cancel", "retry"])
@pytest.mark.parametrize(
    "job_id",
    [
        "",
        " ",
        "..",
        "../ai-jobs/batch",
        "events",
        "batch_1",
        "job_",
        "job_1/",
        "job_1?x=1",
        "job_1#",
        "job_1\n",
        None,
        5,
    ],
)
def test_what_is_not_a_job_id_is_refused_before_anything_is_sent(
    use: Use, httpserver: HTTPServer, method: str, job_id: str
) -> None:
    check_refused(use, httpserver, method, job_id, "job")


@pytest.mark.parametrize("method", ["batch", "cancel_batch", "retry_failed"])
@pytest.mark.parametrize("batch_id", ["", "batch_1/retry-failed", "..", "job_1"])
def test_what_is_not_a_batch_id_is_refused_before_anything_is_sent(
    use: Use, httpserver: HTTPServer, method: str, batch_id: str
) -> None:
    check_refused(use, httpserver, method, batch_id, "batch")


def test_a_list_is_walked_page_by_page(use: Use, httpserver: HTTPServer) -> None:
    pages = [
        {"data": [{"id": "job_3"}, {"id": "job_2"}], "pagination": {"next_cursor": "abc", "has_more": True}},
        {"data": [{"id": "job_1"}], "pagination": {"next_cursor": None, "has_more": False}},
    ]
    received = answers(httpserver, "/api/ai-jobs", *(Response(json.dumps(page)) for page in pages))
    found = use("jobs", status=["failed", "cancelled"], type="competitor_scan", include=["result"])
    assert [job["id"] for job in found] == ["job_3", "job_2", "job_1"]
    first, second = (request.args.to_dict() for request in received)
    assert first == {"status": "failed,cancelled", "type": "competitor_scan", "include": "result", "limit": "100"}
    assert second == {**first, "cursor": "abc"}


def test_a_result_is_waited_for_without_polling(use: Use, httpserver: HTTPServer) -> None:
    received = answers(httpserver, "/api/ai-jobs/job_1/wait", data({**JOB, "status": "running"}), data(DONE))
    assert use("result", "job_1") == {"found": 2}
    assert [request.args["timeout"] for request in received] == ["30", "30"]


def test_without_an_events_process_it_polls_when_the_service_says(use: Use, httpserver: HTTPServer) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/wait", error(503, "STREAMING_UNAVAILABLE", **{"Retry-After": "1"}))
    received = answers(httpserver, "/api/ai-jobs/job_1", data(JOB, 200, retry_after="0"), data(DONE))
    assert use("result", "job_1") == {"found": 2}
    assert len(received) == 2


def test_who_polls_asks_to_wait_again_when_the_service_says(use: Use, httpserver: HTTPServer) -> None:
    away = error(503, "STREAMING_UNAVAILABLE", **{"Retry-After": "0"})
    waits = answers(httpserver, "/api/ai-jobs/job_1/wait", away, data(DONE))
    polls = answers(httpserver, "/api/ai-jobs/job_1", data(JOB))
    assert use("result", "job_1") == {"found": 2}
    assert (len(waits), len(polls)) == (2, 1)


def test_waits_that_are_answered_before_their_time_are_not_asked_without_a_pause(
    use: Use, httpserver: HTTPServer, pauses: list[float]
) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/wait", data(JOB), data(JOB), data(DONE))
    assert use("wait", "job_1") == DONE
    assert pauses == [session.EARLY_PAUSE_SECONDS] * 2


@pytest.mark.parametrize("status", [429, 502, 504])
def test_where_an_events_process_does_not_answer_it_polls(use: Use, httpserver: HTTPServer, status: int) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/wait", Response("<h1>Bad Gateway</h1>", status, {"Retry-After": "9"}))
    answers(httpserver, "/api/ai-jobs/job_1", data(DONE))
    assert use("result", "job_1") == {"found": 2}


def test_where_nothing_listens_for_waits_it_polls(use: Use, httpserver: HTTPServer) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        location = f"http://127.0.0.1:{unused.getsockname()[1]}/api/ai-jobs/job_1/wait"
        answers(httpserver, "/api/ai-jobs/job_1/wait", Response(status=307, headers={"Location": location}))
        answers(httpserver, "/api/ai-jobs/job_1", data(DONE))
        assert use("result", "job_1") == {"found": 2}


@pytest.mark.parametrize(
    ("job", "raised"),
    [
        ({**JOB, "status": "failed", "error": {"code": "X", "message": "Broken.", "retry_count": 2}}, JobFailed),
        ({**JOB, "status": "cancelled", "cancellation": {"reason": "REQUESTED", "caused_by": None}}, JobCancelled),
    ],
)
def test_a_job_without_a_result_raises_how_it_ended(
    use: Use, httpserver: HTTPServer, job: dict[str, object], raised: type[JobFailed | JobCancelled]
) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/wait", data(job))
    with pytest.raises(raised) as ended:
        use("result", "job_1")
    assert isinstance(ended.value, JobFailed | JobCancelled)
    assert ended.value.job == job


def test_a_wait_ends_when_its_time_is_over_and_the_job_goes_on(use: Use, httpserver: HTTPServer) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/wait", data(JOB))
    with pytest.raises(JobUnfinished, match=r"job_1 is still queued after 0\.1 s"):
        use("wait", "job_1", timeout=0.1)


def test_a_stream_goes_on_where_it_was_cut_and_ends_with_the_job(use: Use, httpserver: HTTPServer) -> None:
    received = answers(
        httpserver,
        "/api/ai-jobs/job_1/events",
        stream(event(1), event(2), last="id: 3\ndata: {half"),
        error(503, "SERVER_STOPS", **{"Retry-After": "0"}),
        stream(event(3), event(4, "completed"), event(5)),
    )
    events = use("stream", "job_1")
    assert [each["seq"] for each in events] == [1, 2, 3, 4]
    assert events[0]["data"] == {"text": "a\u2028b"}
    assert [request.args.get("starting_after") for request in received] == [None, "2", "2"]
    assert received[0].headers["Accept"] == "text/event-stream"


def test_the_stream_of_all_jobs_tells_where_to_go_on(use: Use, httpserver: HTTPServer) -> None:
    received = answers(httpserver, "/api/ai-jobs/events", stream(event(7), event(8)))
    assert [(position, each["seq"]) for position, each in use("events", most=2, after="6", tag=["a", "b"])] == [
        ("7", 7),
        ("8", 8),
    ]
    assert received[0].args.to_dict(flat=False) == {"tag": ["a", "b"], "starting_after": ["6"]}


def test_the_stream_of_a_job_that_was_followed_to_its_end_is_empty(use: Use, httpserver: HTTPServer) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/events", Response(status=204))
    assert use("stream", "job_1", after=5) == []


def test_a_stream_that_is_cut_before_its_first_event_goes_on_at_its_own_beginning(
    use: Use, httpserver: HTTPServer
) -> None:
    opening = Response("id: 6\nretry: 100\n\n", mimetype="text/event-stream")
    received = answers(httpserver, "/api/ai-jobs/events", opening, stream(event(7)))
    use("events", most=1)
    assert [request.args.get("starting_after") for request in received] == [None, "6"]


def test_a_quiet_stream_that_is_cut_again_and_again_goes_on(use: Use, httpserver: HTTPServer) -> None:
    cut = Response("id: 6\nretry: 100\n\n", headers={"Content-Length": "1000"}, mimetype="text/event-stream")
    received = answers(httpserver, "/api/ai-jobs/events", *[cut] * 5, stream(event(7)))
    assert len(use("events", most=1)) == 1
    assert len(received) == 6


def test_a_stream_that_is_refused_says_so(use: Use, httpserver: HTTPServer) -> None:
    answers(httpserver, "/api/ai-jobs/job_1/events", error(404, "JOB_NOT_FOUND"))
    with pytest.raises(ApiError, match="JOB_NOT_FOUND"):
        use("stream", "job_1")


def test_a_stream_waits_for_an_events_process_that_will_be_back_soon(
    use: Use, httpserver: HTTPServer, pauses: list[float]
) -> None:
    away = error(503, "STREAMING_UNAVAILABLE", **{"Retry-After": "1"})
    answers(httpserver, "/api/ai-jobs/job_1/events", away, stream(event(1, "completed")))
    assert [each["seq"] for each in use("stream", "job_1")] == [1]
    assert pauses == [1.0]


@pytest.mark.parametrize("headers", [{"Retry-After": "30"}, {}])
def test_a_stream_that_there_is_not_is_refused_at_once(
    use: Use, httpserver: HTTPServer, headers: dict[str, str]
) -> None:
    received = answers(httpserver, "/api/ai-jobs/events", error(503, "STREAMING_UNAVAILABLE", **headers))
    with pytest.raises(ApiError, match="STREAMING_UNAVAILABLE"):
        use("events")
    assert len(received) == 1
