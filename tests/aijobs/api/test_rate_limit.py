"""429 RATE_LIMITED, and the headers before it."""

import re
from typing import Any

import pytest

from aijobs import auth
from aijobs.models import ApiKey, Tenant
from tests.aijobs.api.answers import PROBE, data_of, error_of
from tests.clients import HTTP, Caller, caller
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db
PATH = "/api/ai-jobs"


def limited(limit: int) -> Caller:
    """With a limit that no other test has: in Valkey it belongs to the ids, which may come again."""
    return caller(TenantFactory(rate_limit=limit))


def left_of(answer: Any) -> int:
    found = re.fullmatch(r'"requests";r=(\d+);t=(\d+)', answer["RateLimit"])
    assert found is not None
    return int(found[1])


def test_every_answer_says_what_is_left(owner: Caller) -> None:
    first, second = owner.get(PATH), owner.get(f"{PATH}/types")
    assert first["RateLimit-Policy"] == '"requests";q=60000;w=60'
    # A thousand come back in each second.
    assert all(59_000 < left_of(each) <= 60_000 for each in (first, second))
    assert left_of(owner.post(PATH, {"type": "nonsense"})) > 0


def test_one_too_many_is_refused_and_says_when_to_come_again() -> None:
    # A request comes back every half a minute.
    shop = limited(2)
    for _ in range(2):
        data_of(shop.get(PATH))
    refused = shop.post(PATH, PROBE)
    error_of(refused, 429, "RATE_LIMITED")
    assert 1 <= int(refused["Retry-After"]) <= 30
    assert refused["RateLimit-Policy"] == '"requests";q=2;w=60'
    # Both say the same.
    assert refused["RateLimit"] == f'"requests";r=0;t={refused["Retry-After"]}'
    # Another key of the tenant has an allowance of its own.
    data_of(caller(shop.tenant).get(PATH))


def test_a_redirection_does_not_say_what_is_left(owner: Caller, settings: Any) -> None:
    settings.AIJOBS_EVENTS_URL = "https://events.example.com"
    answer = owner.get(f"{PATH}/events")
    assert (answer.status_code, "RateLimit" in answer) == (307, False)
    assert answer["RateLimit-Policy"] == '"requests";q=60000;w=60'


def test_a_tenants_own_limit_counts_when_its_keys_are_read_again() -> None:
    shop = limited(5)
    data_of(shop.get(PATH))
    Tenant.objects.filter(pk=shop.tenant.pk).update(rate_limit=None)
    auth.cache.clear()
    assert shop.get(PATH)["RateLimit-Policy"] == '"requests";q=60000;w=60'


def test_who_has_no_key_is_not_counted(owner: Caller) -> None:
    assert ApiKey.objects.exists()
    for path in ("/api/schema", "/healthz", PATH):
        answer = HTTP.get(path)
        assert "RateLimit" not in answer
