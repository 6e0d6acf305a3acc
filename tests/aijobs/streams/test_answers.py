"""Answers of the events process: taken part by part by a guest, and counted as those of the API are."""

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any
from unittest.mock import Mock

import pytest

from aijobs import scopes, sql
from aijobs.api import event_log
from aijobs.api.polling import ESTIMATES
from aijobs.auth import Principal, TenantAccess
from aijobs.streams import exchange
from aijobs.streams import serving as module
from aijobs.streams.application import EventsApplication
from aijobs.streams.exchange import PART_BYTES, Answer, Message, Request
from aijobs.streams.guests import Guests
from aijobs.streams.hub import Hub
from aijobs.streams.serving import Serving
from aijobs.tickets import Holder
from tests import engine
from tests.clients import Caller

LARGE = 3 * PART_BYTES


def request_of(path: str) -> Request:
    sent = [(b"host", b"localhost"), (b"accept", b"application/json")]
    scope = {"method": "GET", "path": path, "query_string": b"timeout=0", "headers": sent, "scheme": "http"}
    return Request(scope)


class Taker:
    """A caller that takes so many parts of an answer, and then nothing."""

    def __init__(self, parts: int, at_part: Callable[[], object] = lambda: None) -> None:
        self.left = parts
        self.at_part = at_part
        self.messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.at_part()
            if not self.left:
                await asyncio.Event().wait()
            self.left -= 1
        self.messages.append(message)

    @property
    def body(self) -> bytes:
        return b"".join(each.get("body", b"") for each in self.messages)


def test_a_large_answer_is_sent_part_by_part() -> None:
    taker, body = Taker(100), bytes(range(256)) * (LARGE // 256) + b"end"
    asyncio.run(Answer(request_of("/"), taker).whole(200, body))
    parts = taker.messages[1:]
    assert taker.body == body
    assert max(len(each["body"]) for each in parts) == PART_BYTES
    assert [each["more_body"] for each in parts] == [True] * 3 + [False]


def test_who_takes_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TAKE_SECONDS", 0.05)
    taker = Taker(2)
    with pytest.raises(TimeoutError):
        asyncio.run(Answer(request_of("/"), taker).whole(200, b"x" * LARGE))
    assert taker.body == b"x" * (2 * PART_BYTES)


KEYS = count(1_000_000)
JOB = "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"


async def nobody(pairs: object) -> set[tuple[int, int]]:
    return set()


@pytest.fixture
def serving(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Serving:
    """Of a process whose database has one job, which is over, and whose result is large."""
    settings.ALLOWED_HOSTS = ["localhost"]
    # An allowance that no other test has: in Valkey it belongs to the ids.
    key_id = next(KEYS)
    tenant = TenantAccess(key_id, "shop", "UTC", False, None, None, None, rate_limit=2)
    holder = Holder(Principal(key_id, frozenset(scopes.known()), (tenant,), None), tenant)
    answers: dict[object, object] = {
        event_log.job_page: {"data": [], "pagination": {"next_cursor": None, "has_more": False}},
        module.job_as_answered: (b"x" * LARGE, {}),
    }

    async def ask(function: Any, /, *arguments: Any, **named: Any) -> Any:
        if function is event_log.standings_of:
            return {wanted: event_log.Standing(3, True) for wanted in arguments[0]}
        return answers[function] if function in answers else function(*arguments, **named)

    monkeypatch.setattr(module, "identify", lambda request: holder)
    return Serving(Hub(nobody), Guests(nobody), ask)  # type: ignore[arg-type]  # nothing is looked for


def test_whoever_waits_is_a_guest_until_the_answer_is_taken(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "TAKE_SECONDS", 0.05)
    guests = serving.guests
    present: list[int] = []
    request, taker = request_of("/"), Taker(2, lambda: present.append(len(guests._present)))
    with pytest.raises(TimeoutError):
        asyncio.run(serving.wait(request, Answer(request, taker), JOB))
    assert (present, len(guests._present)) == ([1, 1, 1], 0)


def test_pages_and_waits_are_counted_together(serving: Serving) -> None:
    application = EventsApplication(None)  # type: ignore[arg-type]  # it is not started
    application._serving = serving
    told: list[int] = []
    for what in ("wait", "events", "events", "wait"):
        request, taker = request_of(f"/api/ai-jobs/{JOB}/{what}"), Taker(100)
        asyncio.run(application._serve(request, Answer(request, taker)))
        told.append(taker.messages[0]["status"])
    assert told == [200, 200, 429, 429]
    headers = dict(taker.messages[0]["headers"])
    assert headers[b"ratelimit-policy"] == b'"requests";q=2;w=60'
    assert 1 <= int(headers[b"retry-after"]) <= 30
    assert json.loads(taker.body)["error"]["code"] == "RATE_LIMITED"


@pytest.mark.django_db
def test_jobs_that_are_read_together_are_answered_as_each_by_itself(
    owner: Caller, outsider: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, theirs = TenantAccess.of(owner.tenant), TenantAccess.of(outsider.tenant)
    queued, running, done = engine.dispatch(owner.tenant, 3)
    [foreign] = engine.dispatch(outsider.tenant)
    engine.start(running)
    engine.complete(engine.start(done), {"label": "x"})
    wanted = [(mine, queued), (mine, running), (mine, done), (theirs, foreign), (mine, foreign), (theirs, queued)]
    forecasts = Mock(wraps=sql.rows)
    monkeypatch.setattr(sql, "rows", forecasts)
    found = module.unfinished_as_answered(wanted)
    assert forecasts.call_count == 1
    # One that has ended is read with its result, and nobody's by another tenant.
    assert {*found} == {(mine, queued), (mine, running), (theirs, foreign)}
    for (tenant, job_id), (body, headers) in found.items():
        alone, headers_alone = module.job_as_answered(tenant, job_id)
        assert _without_estimates(body) == _without_estimates(alone)
        assert headers["ETag"] == headers_alone["ETag"]


def _without_estimates(body: bytes) -> dict[str, object]:
    return {name: value for name, value in json.loads(body)["data"].items() if name not in ESTIMATES}
