"""Connections in Django admin: the API's checks, and no secret."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.clients import Caller
from tests.workers.marketplaces.shopify.server import FakeShopify
from tests.workers.marketplaces.shops import connect
from workers.connections import credentials
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

SECRET = "shpat_do_not_tell_anybody"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def address(page: str, *arguments: object) -> str:
    return reverse(f"admin:marketplaces_connection_{page}", args=arguments)


def form(who: Caller, **changes: object) -> dict[str, Any]:
    return {
        "tenant": who.tenant.pk,
        "name": "shop",
        "connector": "shopify",
        "settings": '{"shop": "my-shop.myshopify.com"}',
        "credentials": json.dumps({"access_token": SECRET}),
        **changes,
    }


def test_a_connection_is_added_and_its_secret_never_shown(staff: Client, owner: Caller) -> None:
    assert staff.post(address("add"), form(owner)).status_code == 302
    row = Connection.objects.get()
    assert credentials.unseal(row) == {"access_token": SECRET}
    for page in (address("changelist"), address("change", row.pk), address("history", row.pk)):
        shown = staff.get(page)
        assert shown.status_code == 200
        assert SECRET not in shown.content.decode()
        assert row.sealed_credentials not in shown.content.decode()


REFUSED = [
    ({"settings": "{}"}, "settings.shop: is required"),
    ({"settings": "[1]"}, "Enter a JSON object, such as {}."),
    ({"settings": "{"}, "Enter a valid JSON."),
    ({"credentials": ""}, "credentials.access_token: is required"),
    ({"credentials": '{"token": "x"}'}, "credentials.token: is not a field here"),
    ({"name": "My Shop"}, "a-z"),
    ({"connector": "ebay"}, "Select a valid choice"),
]


def test_what_the_api_refuses_is_refused_here_too(staff: Client, owner: Caller) -> None:
    for changes, said in REFUSED:
        answer = staff.post(address("add"), form(owner, **changes))
        assert answer.status_code == 200, changes
        assert said in answer.content.decode(), changes
        assert SECRET not in answer.content.decode() or "credentials" not in changes
    assert not Connection.objects.exists()


def test_a_name_that_is_taken_is_refused(staff: Client, owner: Caller) -> None:
    staff.post(address("add"), form(owner))
    answer = staff.post(address("add"), form(owner))
    assert answer.status_code == 200
    assert "already exists" in answer.content.decode()


def test_an_empty_field_keeps_the_credentials_unless_they_would_go_elsewhere(staff: Client, owner: Caller) -> None:
    staff.post(address("add"), form(owner))
    row = Connection.objects.get()
    changed = '{"shop": "my-shop.myshopify.com", "api_version": "2026-07"}'
    page = address("change", row.pk)
    assert staff.post(page, form(owner, settings=changed, credentials="")).status_code == 302
    row.refresh_from_db()
    assert row.settings["api_version"] == "2026-07"
    assert credentials.unseal(row) == {"access_token": SECRET}
    elsewhere = staff.post(page, form(owner, settings='{"shop": "evil.myshopify.com"}', credentials=""))
    assert "must be sent again" in elsewhere.content.decode()


def test_tenant_and_name_never_change(staff: Client, owner: Caller, outsider: Caller) -> None:
    staff.post(address("add"), form(owner))
    row = Connection.objects.get()
    staff.post(address("change", row.pk), form(outsider, name="other"))
    row.refresh_from_db()
    assert (row.tenant_id, row.name) == (owner.tenant.pk, "shop")


def test_nothing_is_removed_here(staff: Client, owner: Caller) -> None:
    staff.post(address("add"), form(owner))
    assert staff.post(address("delete", Connection.objects.get().pk), {"post": "yes"}).status_code == 403


def test_connections_are_tried_by_an_action(staff: Client, owner: Caller, shop: FakeShopify) -> None:
    row = connect(owner, shop)
    told = staff.post(address("changelist"), {"action": "test", "_selected_action": [row.pk]}, follow=True)
    assert "My Shop" in told.content.decode()
    shop.token = "another"
    told = staff.post(address("changelist"), {"action": "test", "_selected_action": [row.pk]}, follow=True)
    assert "Shopify does not know the access token." in told.content.decode()
