"""GET and PUT /api/assistant-budget, and GET /api/assistant-usage."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.clients import Caller, caller
from tests.workers.assistants.test_accounting import spend
from workers.assistants.models import Budget, MonthlyUsage

pytestmark = pytest.mark.django_db

BUDGET, USAGE = "/api/assistant-budget", "/api/assistant-usage"


def put(who: Caller, limit: object) -> Any:
    return who.request("PUT", BUDGET, {"monthly_limit": limit})


def test_a_tenant_sets_its_own_budget(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    shown = owner.get(BUDGET).json()["data"]
    assert (shown["monthly_limit"], shown["spent"]) == (None, 0)
    assert put(owner, 12.5).json()["data"]["monthly_limit"] == 12.5
    assert teammate.get(BUDGET).json()["data"]["monthly_limit"] == 12.5
    assert outsider.get(BUDGET).json()["data"]["monthly_limit"] is None
    assert put(owner, None).json()["data"]["monthly_limit"] is None
    assert put(owner, 0).json()["data"]["monthly_limit"] == 0
    assert Budget.objects.get().monthly_limit == 0


def test_a_budget_is_checked(owner: Caller) -> None:
    for body in ({}, {"monthly_limit": -1}, {"monthly_limit": "5"}, {"monthly_limit": 1, "more": 1}):
        assert owner.put(BUDGET, body).status_code == 422, body


def test_scopes(owner: Caller) -> None:
    reader, writer = (caller(owner.tenant, (f"assistants:{access}",)) for access in ("read", "write"))
    assert [reader.get(path).status_code for path in (BUDGET, USAGE)] == [200, 200]
    assert [writer.get(path).status_code for path in (BUDGET, USAGE)] == [403, 403]
    assert (put(reader, 1).status_code, put(writer, 1).status_code) == (403, 200)


def test_what_this_month_has_cost_is_shown(owner: Caller, outsider: Caller) -> None:
    spend(owner, "1.25", assistant="cheap")
    spend(owner, "2.50", assistant="dear")
    spend(owner, "2.50", assistant="dear")
    spend(outsider, "9", assistant="dear")
    shown = owner.get(USAGE).json()["data"]
    assert shown["cost"] == owner.get(BUDGET).json()["data"]["spent"] == 6.25
    assert [(each["assistant"], each["calls"], each["cost"]) for each in shown["assistants"]] == [
        ("dear", 2, 5.0),
        ("cheap", 1, 1.25),
    ]
    assert shown["assistants"][0]["input_tokens"] == 20
    assert owner.get(USAGE, month=shown["month"]).json()["data"] == shown


def test_another_month_is_asked_for(owner: Caller) -> None:
    MonthlyUsage.objects.create(
        tenant=owner.tenant, month=date(2026, 3, 1), assistant="a", model="m", cost=Decimal("0.00000012")
    )
    assert owner.get(USAGE, month="2026-03").json()["data"]["cost"] == 1.2e-7
    assert owner.get(USAGE, month="2026-04").json()["data"]["assistants"] == []


def test_other_months_are_refused(owner: Caller) -> None:
    for query in ("month=2026-13", "month=26-03", "month=", "month=2026-03-01", "year=2026"):
        answer = owner.get(f"{USAGE}?{query}")
        assert (query, answer.status_code, answer.json()["error"]["code"]) == (query, 422, "INVALID_FILTER")
