"""What is stored of webhooks: sealed secrets, what is kept how long, and what staff see and are told."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from aijobs import identifiers, retention
from aijobs.models import Tenant, Webhook, WebhookCursor, WebhookDelivery
from aijobs.outbound.failures import Permanent
from aijobs.webhooks import endpoints, recording, replaying, secrets, watched
from tests import engine
from tests.aijobs.admin.test_admin import address
from tests.aijobs.webhooks.conftest import again, subscribe
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db

URL = "https://shop.example.com/hook"
OLD, NEW = "the first key of the service", "another key of the service"


def test_a_secret_opens_for_its_own_webhook_only(tenant: Tenant) -> None:
    mine, other = subscribe(tenant, URL), subscribe(tenant, URL)
    sealed = mine.webhook.sealed_secrets
    assert secrets.unseal(sealed, tenant_id=tenant.pk, webhook_id=mine.webhook.pk).current == mine.secret
    with pytest.raises(Permanent):
        secrets.unseal(sealed, tenant_id=tenant.pk, webhook_id=other.webhook.pk)


def test_secrets_outlive_the_key_that_sealed_them_if_they_are_rotated(tenant: Tenant, settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    shown, left = subscribe(tenant, URL), subscribe(tenant, URL)
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    with pytest.raises(CommandError, match=left.webhook.public_id):
        call_command("rotatecredentials", stdout=StringIO())
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW, OLD]
    call_command("rotatecredentials", stdout=(output := StringIO()))
    assert "The secrets of 2 webhooks" in output.getvalue()
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    webhook = again(shown.webhook)
    assert secrets.unseal(webhook.sealed_secrets, tenant_id=tenant.pk, webhook_id=webhook.pk).current == shown.secret
    # One that no key opens gets a new secret, without the old one.
    settings.AIJOBS_CREDENTIALS_KEYS = ["a third"]
    assert endpoints.rotate_secret(webhook.pk, tenant.pk).webhook.previous_until is None


def aged(delivery: WebhookDelivery, days: float) -> None:
    """As if it had been recorded so long ago."""
    older = identifiers.first_id_at(now() - timedelta(days=days))
    WebhookDelivery.objects.filter(pk=delivery.pk).update(id=older)


def test_deliveries_go_after_thirty_days_and_deleted_webhooks_after_them(tenant: Tenant) -> None:
    webhook = subscribe(tenant, URL).webhook
    kept = subscribe(tenant, URL).webhook
    old, young = (replaying.ping(webhook.pk, tenant.pk) for _ in range(2))
    aged(old, 30.1)
    assert retention.old_deliveries().rows == 1
    assert WebhookDelivery.objects.get() == young
    endpoints.delete(webhook.pk, tenant.pk)
    Webhook.objects.filter(pk=webhook.pk).update(deleted_at=now() - timedelta(days=31))
    assert retention.old_webhooks().rows == 0
    WebhookDelivery.objects.all().delete()
    assert retention.old_webhooks().rows == 1
    assert Webhook.objects.get() == kept


def test_the_log_is_read_from_a_webhooks_beginning_on_and_each_event_once(tenant: Tenant) -> None:
    """Within one transaction, nothing of it is below the horizon yet: what is read is committed elsewhere."""
    subscribe(tenant, URL)
    engine.dispatch(tenant)
    assert recording.record() == 0


def test_a_database_from_another_cluster_goes_on_with_what_happens_now(
    tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    webhook = subscribe(tenant, URL).webhook
    WebhookCursor.objects.update(transaction=2**50)
    Webhook.objects.update(since=2**50)
    recording.record()
    assert "another cluster" in caplog.text
    assert WebhookCursor.objects.get().transaction < 2**50
    assert again(webhook).since < 2**50


def count(watch: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(watch.count)
        [number] = cursor.fetchone()
    return int(number)


def test_staff_are_told_of_paused_webhooks_and_of_a_silent_worker(tenant: Tenant) -> None:
    paused, silent = watched.WATCHES
    webhook = subscribe(tenant, URL).webhook
    assert (count(paused), count(silent)) == (0, 0)
    Webhook.objects.update(paused_at=now(), pause_reason="It is away.")
    WebhookCursor.objects.update(looked_at=now() - timedelta(minutes=2))
    assert (count(paused), count(silent)) == (1, 1)
    assert paused.sentence(1).startswith("1 webhook was paused")
    assert silent.sentence(2).startswith("The webhooks of 2 tenants")
    recording.record()
    endpoints.delete(webhook.pk, tenant.pk)
    assert (count(paused), count(silent)) == (0, 0)


def test_the_admin_shows_how_they_fare_and_what_was_answered_as_text(tenant: Tenant, admin_client: Client) -> None:
    shown = subscribe(tenant, URL)
    webhook = shown.webhook
    subscribe(TenantFactory(), "https://other.example.com/")
    delivery = replaying.ping(webhook.pk, tenant.pk)
    WebhookDelivery.objects.update(response_status=500, response_body="<script>alert(1)</script>")
    Webhook.objects.filter(pk=webhook.pk).update(paused_at=now(), pause_reason="It has taken nothing.")
    listed = admin_client.get(address(Webhook, "changelist"), {"state": "paused"}).content.decode()
    assert webhook.public_id in listed
    assert "other.example.com" not in listed
    for query in ({"tenant": tenant.name}, {"q": webhook.public_id}, {"q": tenant.name}):
        assert "other.example.com" not in admin_client.get(address(Webhook, "changelist"), query).content.decode()
    page = admin_client.get(address(Webhook, "change", webhook.pk)).content.decode()
    assert "It has taken nothing." in page
    assert shown.secret not in page
    assert webhook.sealed_secrets not in page
    found = admin_client.get(address(WebhookDelivery, "changelist"), {"q": webhook.public_id}).content.decode()
    assert delivery.public_id in found
    page = admin_client.get(address(WebhookDelivery, "change", delivery.pk)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
