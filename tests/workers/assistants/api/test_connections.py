"""GET, PUT and DELETE /api/assistants, and POST …/test: who may, what is checked, and that secrets stay secret."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection as database

from tests.clients import Caller, caller
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import KEY, MODEL, FakeProvider, Reply, error
from workers.assistants import connections
from workers.assistants.connections import AssistantNotConfigured
from workers.assistants.models import Account, Connection, Reservation
from workers.connections import credentials

pytestmark = pytest.mark.django_db

PATH = "/api/assistants"
SETTINGS = {"base_url": "https://api.openai.com/v1", "model": MODEL}


def body(**settings: object) -> dict[str, Any]:
    return {
        "connector": "openai_compatible",
        "settings": {**SETTINGS, **settings},
        "credentials": {"api_key": KEY},
    }


def put(who: Caller, wanted: object, name: str = "openai") -> Any:
    return who.request("PUT", f"{PATH}/{name}", wanted)


def problems(answer: Any) -> dict[str, str]:
    assert answer.status_code == 422, answer.content
    return {each["path"]: each["message"] for each in answer.json()["error"]["details"]}


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def told(who: Caller, name: str = "openai") -> dict[str, Any]:
    answer = who.post(f"{PATH}/{name}/test")
    assert answer.status_code == 200, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_a_teammate_sees_the_assistant_and_an_outsider_does_not(
    owner: Caller, teammate: Caller, outsider: Caller
) -> None:
    assert put(owner, body()).status_code == 201
    assert put(teammate, body()).status_code == 200
    assert [each["name"] for each in teammate.get(PATH).json()["data"]] == ["openai"]
    assert outsider.get(PATH).json()["data"] == []
    for answer in (
        outsider.get(f"{PATH}/openai"),
        outsider.delete(f"{PATH}/openai"),
        outsider.post(f"{PATH}/openai/test"),
        owner.get(f"{PATH}/other"),
        owner.get(f"{PATH}/local-retrieval"),
        owner.get(f"{PATH}/a%00b"),
    ):
        assert code(answer) == (404, "ASSISTANT_NOT_FOUND")
    # What the outsider does with the same name is done to an assistant of its own.
    theirs = {**body(model="theirs"), "credentials": {"api_key": "sk-of-the-outsider"}}
    assert put(outsider, theirs).status_code == 201
    row = Connection.objects.get(tenant=owner.tenant)
    assert (row.settings["model"], credentials.unseal(row)) == (MODEL, {"api_key": KEY})
    assert outsider.delete(f"{PATH}/openai").status_code == 204
    assert teammate.get(f"{PATH}/openai").json()["data"]["settings"] == SETTINGS
    assert teammate.delete(f"{PATH}/openai").status_code == 204
    assert not Connection.objects.exists()


def test_an_outsiders_test_neither_calls_nor_costs(owner: Caller, outsider: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, output_price_per_million=1000)
    assert code(outsider.post(f"{PATH}/openai/test")) == (404, "ASSISTANT_NOT_FOUND")
    assert provider.requests == []
    assert outsider.get("/api/assistant-usage").json()["data"]["cost"] == 0


def test_a_key_of_two_tenants_acts_for_the_one_that_it_names(owner: Caller, outsider: Caller) -> None:
    put(owner, body())
    for method, path in (("GET", ""), ("GET", "/openai"), ("PUT", "/openai"), ("DELETE", "/openai")):
        answer = owner.request(method, PATH + path, body(), **{"x-tenant-id": outsider.tenant.name})
        assert code(answer) == (403, "TENANT_MISMATCH")
    assert [row.tenant_id for row in Connection.objects.all()] == [owner.tenant.pk]


def test_each_method_needs_its_scope(owner: Caller) -> None:
    put(owner, body())
    reader, writer = (
        caller(owner.tenant, ("marketplaces:write", f"assistants:{each}")) for each in ("read", "write")
    )
    assert writer.get(f"{PATH}/openai").status_code == 403
    for method, path in (("PUT", "/openai"), ("DELETE", "/openai"), ("POST", "/openai/test")):
        assert (method, reader.request(method, PATH + path, body()).status_code) == (method, 403)


def test_an_assistant_is_shown_as_it_was_sent_without_its_key(owner: Caller) -> None:
    wanted = body(input_price_per_million=0.25, requests_per_minute=60)
    shown = put(owner, wanted).json()["data"]
    assert shown.pop("created_at") <= shown.pop("updated_at")
    assert shown == {
        "name": "openai",
        "connector": "openai_compatible",
        "settings": wanted["settings"],
        "credentials": ["api_key"],
    }


@pytest.mark.parametrize("sent", [None, {}, {"api_key": None}])
def test_a_server_of_ones_own_needs_no_key(owner: Caller, sent: object) -> None:
    wanted = {**body(), "credentials": sent}
    assert put(owner, wanted).json()["data"]["credentials"] == []
    assert Connection.objects.get().sealed_credentials == ""
    # Nothing can be sent to a wrong place.
    assert put(owner, {**wanted, "settings": {**SETTINGS, "base_url": "https://b.example/v1"}}).status_code == 200


def test_secrets_are_in_no_answer_no_log_and_not_in_the_database(
    owner: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [put(owner, body()), put(owner, body(nonsense=1)), put(owner, {**body(), "connector": "other"})]
    answers += [put(owner, {**body(), "credentials": {"api_key": [KEY]}})]
    answers += [owner.get(PATH), owner.get(f"{PATH}/openai")]
    for answer in answers:
        assert KEY.encode() not in answer.content
    assert KEY not in caplog.text
    with database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(each)::text FROM assistants_connection each")
        assert KEY not in cursor.fetchone()[0]
    assert credentials.unseal(Connection.objects.get()) == {"api_key": KEY}


WRONG: list[tuple[dict[str, object], str]] = [
    ({"model": ""}, "settings.model"),
    ({"model": "a b"}, "settings.model"),
    ({"base_url": "ftp://a.example"}, "settings.base_url"),
    ({"base_url": "https://user:pass@a.example/v1"}, "settings.base_url"),
    ({"input_price_per_million": -1}, "settings.input_price_per_million"),
    ({"requests_per_minute": 0}, "settings.requests_per_minute"),
    ({"timeout_seconds": 301}, "settings.timeout_seconds"),
    ({"api": "assistants"}, "settings.api"),
    ({"temperature": 1}, "settings.temperature"),
    ({"web_search": True}, "settings"),
]


def test_settings_are_checked(owner: Caller) -> None:
    for settings, path in WRONG:
        assert (settings, *problems(put(owner, body(**settings)))) == (settings, path)
    assert not Connection.objects.exists()


def test_all_wrong_fields_are_told_at_once(owner: Caller) -> None:
    wanted = {"connector": "openai_compatible", "settings": {}, "credentials": {"api_key": "a b"}, "more": 1}
    assert set(problems(put(owner, wanted, "A B"))) == {
        *("name", "more", "settings.base_url", "settings.model", "credentials.api_key")
    }
    assert problems(put(owner, {"connector": "other"})) == {"connector": "must be one of openai_compatible"}


def test_a_key_is_not_sent_to_another_server(owner: Caller) -> None:
    put(owner, body())
    elsewhere = {**body(base_url="https://evil.example/v1"), "credentials": None}
    assert problems(put(owner, elsewhere)) == {
        "credentials": "must be sent again, because a different base_url would send them elsewhere"
    }
    assert put(owner, {**body(model="other"), "credentials": None}).status_code == 200
    row = Connection.objects.get()
    assert (row.settings["model"], credentials.unseal(row)) == ("other", {"api_key": KEY})
    assert put(owner, {**elsewhere, "credentials": {}}).json()["data"]["credentials"] == []


def test_a_test_says_what_answered(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    configure(owner, provider, "searching", api="responses", web_search=True)
    found = {"ok": True, "code": None, "message": "127.0.0.1 answered with gpt-5-mini-2025-08-07."}
    assert (told(owner), told(owner, "searching")) == (found, found)
    # Nothing that some model refuses, and no search.
    assert [sorted(each.body) for each in provider.requests] == [["messages", "model"], ["input", "model", "store"]]


def test_a_test_says_what_is_wrong(owner: Caller, provider: FakeProvider, settings: Any) -> None:
    configure(owner, provider)
    for reply, expected in [
        (error(401, f"Incorrect: {KEY}", "invalid_request_error"), "CREDENTIALS_REFUSED"),
        (error(429, "Quota", "insufficient_quota"), "QUOTA_EXHAUSTED"),
        (error(429, "Slow down", "rate_limit_error"), "THROTTLED"),
        (error(500, "Oops", "server_error"), "UNAVAILABLE"),
        (Reply(b"<html>", 200), "INVALID_ANSWER"),
        (Reply(b"[" * 100_000, 200), "INVALID_ANSWER"),
    ]:
        provider.instead = [reply]
        answer = told(owner)
        assert (answer["ok"], answer["code"]) == (False, expected)
        assert KEY not in answer["message"]
    provider.models = set()
    assert told(owner)["code"] == "MODEL_NOT_FOUND"
    settings.AIJOBS_OUTBOUND_ALLOW = []
    assert told(owner)["code"] == "ADDRESS_REFUSED"


def test_a_test_is_paid_for_like_any_call(owner: Caller, outsider: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, input_price_per_million=1, output_price_per_million=1000)
    assert told(owner)["ok"]
    usage = owner.get("/api/assistant-usage").json()["data"]
    cost = 0.012021
    assert usage["cost"] == owner.get("/api/assistant-budget").json()["data"]["spent"] == cost
    assert usage["assistants"] == [
        {"assistant": "openai", "model": MODEL, "calls": 1, "input_tokens": 21, "output_tokens": 12, "cost": cost}
    ]
    assert outsider.get("/api/assistant-usage").json()["data"]["assistants"] == []
    # A call that was refused costs nothing, and leaves nothing reserved.
    provider.instead = [error(400, "No.", "invalid_request_error")]
    assert not told(owner)["ok"]
    assert owner.get("/api/assistant-usage").json()["data"] == usage
    assert not Reservation.objects.exists()
    assert Account.objects.get().reserved == 0


def test_a_budget_that_is_used_up_forbids_a_test_that_costs(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider, output_price_per_million=1000)
    owner.request("PUT", "/api/assistant-budget", {"monthly_limit": 0.01})
    answer = told(owner)
    assert (answer["ok"], answer["code"]) == (False, "BUDGET_EXCEEDED")
    assert provider.requests == []
    configure(owner, provider)
    assert told(owner)["ok"]


def test_a_test_of_a_thinking_model_needs_no_text(owner: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    provider.answer = lambda request: recorded.openai("", finish_reason="length")
    assert told(owner)["ok"]


def test_what_does_not_fit_this_release_says_so(owner: Caller, provider: FakeProvider) -> None:
    row = configure(owner, provider)
    Connection.objects.update(settings={})
    assert told(owner)["code"] == "INVALID_CONNECTION"
    Connection.objects.update(settings=row.settings, connector="of_another_release")
    assert told(owner)["code"] == "UNKNOWN_CONNECTOR"
    assert owner.get(f"{PATH}/openai").json()["data"]["connector"] == "of_another_release"


def test_a_rotation_encrypts_assistants_keys_too(owner: Caller, settings: Any, capsys: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = ["old" * 12]
    put(owner, body())
    settings.AIJOBS_CREDENTIALS_KEYS = ["new" * 12, "old" * 12]
    call_command("rotatecredentials")
    assert "The credentials of 1 connections" in capsys.readouterr().out
    settings.AIJOBS_CREDENTIALS_KEYS = ["new" * 12]
    assert credentials.unseal(Connection.objects.get()) == {"api_key": KEY}


def test_a_key_opens_only_with_the_assistant_that_it_is_for(owner: Caller) -> None:
    put(owner, body())
    Connection.objects.update(name="stolen")
    assert told(owner, "stolen")["code"] == "CREDENTIALS_UNREADABLE"


def test_a_job_may_only_ask_what_is_configured(owner: Caller, outsider: Caller, provider: FakeProvider) -> None:
    configure(owner, provider)
    configure(outsider, provider, "theirs")
    connections.admit(["openai"], owner.tenant.pk)
    connections.admit(["openai", "own"], owner.tenant.pk, "own")
    with pytest.raises(AssistantNotConfigured) as raised:
        connections.admit(["openai", "theirs", "nobodys"], owner.tenant.pk, "own")
    assert raised.value.message == (
        "The assistants theirs, nobodys are not configured. You have these assistants: openai, own. "
        "Configure others with PUT /api/assistants/{name}."
    )
    assert raised.value.details == {"missing": ["theirs", "nobodys"], "configured": ["openai", "own"]}


def test_a_tenant_without_assistants_is_told_so(owner: Caller) -> None:
    with pytest.raises(AssistantNotConfigured, match=r"The assistant openai is not .* assistants: none"):
        connections.admit(["openai"], owner.tenant.pk)


@pytest.mark.parametrize(
    ("reply", "wrong"),
    [
        (recorded.openai(""), "EMPTY_ANSWER"),
        (recorded.openai("", refusal="I cannot help with that."), "REFUSED"),
        (recorded.openai("", finish_reason="content_filter"), "REFUSED"),
    ],
    ids=["empty", "refused", "filtered"],
)
def test_a_test_that_gets_no_answer_says_so_and_is_paid_for(
    owner: Caller, provider: FakeProvider, reply: dict[str, Any], wrong: str
) -> None:
    """Whatever a job asks would fare no better."""
    configure(owner, provider, output_price_per_million=1000)
    provider.answer = lambda request: reply
    assert (told(owner)["ok"], told(owner)["code"]) == (False, wrong)
    assert owner.get("/api/assistant-usage").json()["data"]["cost"] > 0
