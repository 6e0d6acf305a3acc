"""Where the API sends those who want streams and waits, and with what."""

import socket
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings

from aijobs import tickets
from aijobs.api import event_log
from aijobs.models import ApiKey, Tenant
from tests.aijobs.api.answers import data_of, error_of
from tests.clients import HTTP, Caller, caller

JOBS = "/api/ai-jobs"
EVENTS = "https://events.example.com"


@pytest.fixture(autouse=True)
def _events_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AIJOBS_EVENTS_URL", EVENTS)
    monkeypatch.setattr(settings, "ALLOWED_HOSTS", ["*"])


def with_ticket(path: str, ticket: str, **headers: str) -> Any:
    """As a browser's EventSource asks."""
    return HTTP.get(path, {"ticket": ticket}, headers=headers)


@pytest.mark.parametrize("what", ["events", "wait"])
def test_a_key_goes_on_as_a_ticket_to_the_address_of_the_settings(owner: Caller, what: str) -> None:
    path = f"{JOBS}/{owner.dispatch()['id']}/{what}"
    answer = owner.request("GET", f"{path}?ticket=another", host="evil.example.com")
    assert (answer.status_code, answer["Cache-Control"]) == (307, "no-store")
    address = urlsplit(answer["Location"])
    assert (f"{address.scheme}://{address.netloc}", address.path) == (EVENTS, path)
    [ticket] = parse_qs(address.query)["ticket"]
    assert tickets.redeem(ticket, None).tenant.name == owner.tenant.name
    assert owner.key not in answer["Location"]


def test_what_is_asked_for_goes_on_unchanged(owner: Caller) -> None:
    query = "tag=a%26b&tag=%C3%A9&starting_after="
    answer = owner.get(f"{JOBS}/events?{query}{data_of_position(owner)}")
    sent = parse_qs(urlsplit(answer["Location"]).query)
    assert (sent["tag"], len(sent["ticket"])) == (["a&b", "é"], 1)


def data_of_position(owner: Caller) -> str:
    owner.dispatch()
    position: str = owner.request("GET", f"{JOBS}/events", accept="application/json").json()["position"]
    return position


def test_a_browser_follows_with_its_ticket_which_gets_no_longer_by_that(owner: Caller) -> None:
    job = owner.dispatch()
    ticket = data_of(owner.post(f"{JOBS}/events/ticket"), 201)["ticket"]
    for path in (f"{JOBS}/{job['id']}/events", f"{JOBS}/{job['id']}/wait", f"{JOBS}/events"):
        answer = with_ticket(path, ticket)
        assert answer.status_code == 307, answer.content
        assert parse_qs(urlsplit(answer["Location"]).query) == {"ticket": [ticket]}
    page = with_ticket(f"{JOBS}/{job['id']}/events", ticket, accept="application/json").json()
    assert [each["type"] for each in page["data"]] == ["job.queued"]


def test_a_ticket_is_good_for_nothing_else(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    ticket = data_of(owner.post(f"{JOBS}/events/ticket"), 201)["ticket"]
    for path in (JOBS, f"{JOBS}/{job['id']}", f"{JOBS}/export", "/api/usage"):
        error_of(with_ticket(path, ticket), 401, "UNAUTHENTICATED")
    error_of(HTTP.post(f"{JOBS}/events/ticket?ticket={ticket}"), 401, "UNAUTHENTICATED")
    other = outsider.dispatch()
    error_of(with_ticket(f"{JOBS}/{other['id']}/events", ticket), 404, "JOB_NOT_FOUND")
    wrong = with_ticket(f"{JOBS}/events", ticket, **{"x-tenant-id": outsider.tenant.name})
    error_of(wrong, 403, "TENANT_MISMATCH")


def test_a_ticket_is_worth_no_more_than_its_key(owner: Caller) -> None:
    writer = caller(owner.tenant, ("ai-jobs:write",))
    error_of(writer.post(f"{JOBS}/events/ticket"), 403, "INSUFFICIENT_SCOPE")
    ticket = data_of(owner.post(f"{JOBS}/events/ticket"), 201)["ticket"]
    ApiKey.objects.filter(prefix=owner.key[:12]).update(scopes=["ai-jobs:write"])
    error_of(with_ticket(f"{JOBS}/events", ticket), 403, "INSUFFICIENT_SCOPE")


def test_without_an_events_process_there_are_pages_only(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "AIJOBS_EVENTS_URL", "")
    path = f"{JOBS}/{owner.dispatch()['id']}"
    for what in ("events", "wait"):
        answer = owner.get(f"{path}/{what}")
        error_of(answer, 503, "STREAMING_UNAVAILABLE")
        assert int(answer["Retry-After"]) > 0
    page = owner.request("GET", f"{path}/events", accept="application/json").json()
    assert [each["seq"] for each in page["data"]] == [1]


def test_while_the_events_process_of_this_machine_is_away_nobody_is_sent_to_it(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"{JOBS}/{owner.dispatch()['id']}"
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        monkeypatch.setattr(settings, "AIJOBS_EVENTS_URL", f"http://127.0.0.1:{port.getsockname()[1]}")
        for address in (f"{path}/events", f"{path}/wait", f"{JOBS}/events"):
            answer = owner.get(address)
            error_of(answer, 503, "STREAMING_UNAVAILABLE")
            assert 0 < int(answer["Retry-After"]) <= 5
            if address.endswith("events"):
                assert owner.request("GET", address, accept="application/json").status_code == 200
        assert owner.get(path).status_code == 200
        # In a container it is not seen.
        with monkeypatch.context() as container:
            container.setattr(settings, "PRODUCTION", True)
            assert owner.get(f"{path}/wait").status_code == 307
        port.listen()
        assert owner.get(f"{path}/wait").status_code == 307


def test_pages_of_the_log_link_to_the_next_one(owner: Caller) -> None:
    path = f"{JOBS}/{owner.dispatch()['id']}/events"
    owner.request("POST", path.replace("events", "cancel"))
    first = owner.request("GET", f"{path}?limit=1&starting_after=0", accept="application/json")
    address, _, relation = first["Link"].partition("; ")
    assert relation == 'rel="next"'
    last = owner.request("GET", address.strip("<>"), accept="application/json")
    assert [each["seq"] for page in (first, last) for each in page.json()["data"]] == [1, 2]
    assert "Link" not in last


def test_a_time_zone_that_is_gone_from_the_machine_is_utc(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(timezone="Mars/Olympus")
    query = "?start_date=2020-01-01"
    assert owner.get(f"{JOBS}/events{query}").status_code == 307
    assert owner.request("GET", f"{JOBS}/events{query}", accept="application/json").status_code == 200
    file = owner.get(f"{JOBS}/export{query}&format=csv")
    assert file.status_code == 200
    assert b"".join(file.streaming_content)


@pytest.mark.parametrize(
    ("accept", "pages"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", False),
        ("text/event-stream", False),
        ("application/json, text/event-stream", False),
        ("application/json;q=0", False),
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        ("application/json, text/plain, */*", True),
        ("application/*", True),
        ("application/json;q=0.5, text/event-stream;q=0.1", True),
        ("application/json;q=0.1, text/*;q=0.5", False),
        ("text/event-stream;q=0, */*;q=0.1", True),
        (",;q=x,/", False),
        ("application/json; a*=x''%41", False),
    ],
)
def test_json_comes_where_it_is_wanted_more_than_a_stream(accept: str, pages: bool) -> None:
    assert event_log.wants_pages(accept) == pages
