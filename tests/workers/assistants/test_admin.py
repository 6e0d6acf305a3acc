"""Assistants in Django admin: the API's checks, no secret, budgets, and what each month has cost."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.clients import Caller
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import KEY, FakeProvider
from tests.workers.assistants.test_accounting import spend
from workers.assistants.models import Budget, Connection, MonthlyUsage
from workers.connections import credentials

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def address(model: str, page: str, *arguments: object) -> str:
    return reverse(f"admin:assistants_{model}_{page}", args=arguments)


def form(who: Caller, **changes: object) -> dict[str, Any]:
    return {
        "tenant": who.tenant.pk,
        "name": "openai",
        "connector": "openai_compatible",
        "settings": '{"base_url": "https://api.openai.com/v1", "model": "gpt-5-mini"}',
        "credentials": json.dumps({"api_key": KEY}),
        **changes,
    }


def test_an_assistant_is_added_and_its_key_never_shown(staff: Client, owner: Caller) -> None:
    assert staff.post(address("connection", "add"), form(owner)).status_code == 302
    row = Connection.objects.get()
    assert credentials.unseal(row) == {"api_key": KEY}
    for page in (address("connection", "changelist"), address("connection", "change", row.pk)):
        shown = staff.get(page)
        assert shown.status_code == 200
        assert KEY not in shown.content.decode()
        assert row.sealed_credentials not in shown.content.decode()


def test_what_the_api_refuses_is_refused_here_too(staff: Client, owner: Caller) -> None:
    answer = staff.post(address("connection", "add"), form(owner, settings='{"model": "x"}'))
    assert "settings.base_url: is required" in answer.content.decode()
    staff.post(address("connection", "add"), form(owner))
    elsewhere = form(owner, settings='{"base_url": "https://evil.example/v1", "model": "x"}', credentials="")
    answer = staff.post(address("connection", "change", Connection.objects.get().pk), elsewhere)
    assert "must be sent again" in answer.content.decode()


def test_assistants_are_tried_and_removed(staff: Client, owner: Caller, provider: FakeProvider) -> None:
    row = configure(owner, provider)
    told = staff.post(
        address("connection", "changelist"), {"action": "test", "_selected_action": [row.pk]}, follow=True
    )
    assert "answered with gpt-5-mini-2025-08-07." in told.content.decode()
    assert staff.post(address("connection", "delete", row.pk), {"post": "yes"}).status_code == 302
    assert not Connection.objects.exists()


def test_a_budget_is_set_and_what_is_spent_is_shown(staff: Client, owner: Caller) -> None:
    spend(owner, "1.239")
    wanted = {"tenant": owner.tenant.pk, "monthly_limit": "50"}
    assert staff.post(address("budget", "add"), wanted).status_code == 302
    page = staff.get(address("budget", "changelist")).content.decode()
    assert "1.24" in page
    budget = Budget.objects.get()
    refused = staff.post(address("budget", "change", budget.pk), {"monthly_limit": "-1"})
    assert "greater than or equal to 0" in refused.content.decode()
    assert staff.post(address("budget", "change", budget.pk), {"monthly_limit": ""}).status_code == 302
    budget.refresh_from_db()
    assert budget.monthly_limit is None


def test_the_list_of_budgets_has_the_same_statements_for_any_number(
    staff: Client, owner: Caller, outsider: Caller
) -> None:
    spend(owner, "1.5")
    spend(outsider, "2.5")
    Budget.objects.create(tenant=owner.tenant, monthly_limit=50)
    with CaptureQueriesContext(connection) as first:
        staff.get(address("budget", "changelist"))
    Budget.objects.create(tenant=outsider.tenant, monthly_limit=50)
    with CaptureQueriesContext(connection) as second:
        page = staff.get(address("budget", "changelist")).content.decode()
    assert len(second) == len(first)
    assert "1.50" in page
    assert "2.50" in page


def test_what_a_month_has_cost_is_read_only(staff: Client, owner: Caller, outsider: Caller) -> None:
    spend(owner, "1.5", assistant="openai")
    spend(outsider, "2.5", assistant="theirs")
    page = staff.get(address("monthlyusage", "changelist")).content.decode()
    assert "1.50000000" in page
    assert "2.50000000" in page
    page = staff.get(address("monthlyusage", "changelist"), {"tenant": owner.tenant.name}).content.decode()
    assert "2.50000000" not in page
    row = MonthlyUsage.objects.filter(tenant=owner.tenant).get()
    assert staff.get(address("monthlyusage", "change", row.pk)).status_code == 200
    assert staff.post(address("monthlyusage", "delete", row.pk), {"post": "yes"}).status_code == 403
