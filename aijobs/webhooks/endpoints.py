"""Webhooks: making, changing and deleting them, their secrets, and resuming them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from django.db import transaction
from django.utils.timezone import now

from aijobs import identifiers, sql
from aijobs.engine import statements
from aijobs.errors import InvalidParams, TooManyWebhooks, WebhookNotFound
from aijobs.models import Webhook
from aijobs.outbound.failures import Permanent
from aijobs.outbound.guard import refusal
from aijobs.outbound.purposes import Purpose
from aijobs.webhooks import recording, secrets

ROTATION = timedelta(hours=24)
PATIENCE = "1s"
# Deliveries that are due at once when a webhook goes on. Others wait for their moment: whoever resumes it waits here.
MOST_DUE_AT_ONCE = 5_000
# What an endpoint's health is where nothing is known against it.
WELL: dict[str, Any] = {
    "disabled_reason": "",
    "failures": 0,
    "failing_since": None,
    "last_error": "",
    "slow": False,
    "not_before": None,
    "paused_at": None,
    "pause_reason": "",
}


@dataclass(frozen=True, slots=True)
class Definition:
    """What a tenant says of a webhook."""

    url: str
    events: Sequence[str]
    description: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A webhook with its secret, which is told this once."""

    webhook: Webhook
    secret: str = field(repr=False)


def get(webhook_id: UUID | None, tenant_id: int) -> Webhook:
    """Raises WebhookNotFound, also for another tenant's."""
    webhook = Webhook.objects.of(tenant_id).filter(id=webhook_id).first() if webhook_id else None
    if webhook is None:
        raise WebhookNotFound()
    return webhook


def hold(webhook_id: UUID | None, tenant_id: int) -> Webhook:
    """Kept from every other writer until the transaction ends. Raises WebhookNotFound."""
    _hold_tenant(tenant_id)
    webhook = (
        Webhook.objects.of(tenant_id).select_for_update(no_key=True).filter(id=webhook_id).first()
        if webhook_id
        else None
    )
    if webhook is None:
        raise WebhookNotFound()
    return webhook


def _hold_tenant(tenant_id: int) -> None:
    """One change after the other: of how many there are, and of whether any is enabled, the next one sees all."""
    sql.execute(statements.PATIENCE, {"wait": PATIENCE})
    sql.execute(statements.LOCK_TENANT, {"tenant": tenant_id})


def create(tenant_id: int, definition: Definition, link_base: str) -> Shown:
    """Raises InvalidParams for an address that is never called, and TooManyWebhooks."""
    _check(definition.url)
    webhook_id, made = identifiers.new_id(), secrets.new()
    with transaction.atomic():
        _hold_tenant(tenant_id)
        if Webhook.objects.of(tenant_id).count() >= TooManyWebhooks.most:
            raise TooManyWebhooks()
        webhook = Webhook(
            id=webhook_id,
            tenant_id=tenant_id,
            url=definition.url,
            events=list(definition.events),
            description=definition.description,
            enabled=definition.enabled,
            link_base=link_base,
            sealed_secrets=secrets.seal(made, tenant_id=tenant_id, webhook_id=webhook_id),
            since=recording.begin(tenant_id).transaction,
        )
        webhook.save(force_insert=True)
    return Shown(webhook, made.current)


def change(
    webhook_id: UUID | None, tenant_id: int, changes: Mapping[str, Any], link_base: str | None = None
) -> Webhook:
    """Fields of a `Definition`. One that is enabled again is as good as new, and what waits for it is sent.

    Raises WebhookNotFound, InvalidParams.
    """
    if "url" in changes:
        _check(changes["url"])
    with transaction.atomic():
        webhook = hold(webhook_id, tenant_id)
        enabled_now = bool(changes.get("enabled")) and not webhook.enabled
        columns = {**changes, "updated_at": now(), **({"link_base": link_base} if link_base else {})}
        if enabled_now:
            _let_go_on(webhook)
            columns |= {**WELL, "since": recording.begin(tenant_id).transaction}
        elif changes.get("enabled") is False and webhook.enabled:
            columns["disabled_reason"] = ""
        return _write(webhook, columns)


def resume(webhook_id: UUID | None, tenant_id: int) -> Webhook:
    """Of one that the service paused: what waits is sent. Once more does nothing. Raises WebhookNotFound."""
    with transaction.atomic():
        webhook = hold(webhook_id, tenant_id)
        if not webhook.paused_at:
            return webhook
        _let_go_on(webhook)
        return _write(webhook, {**WELL, "disabled_reason": webhook.disabled_reason})


def _let_go_on(webhook: Webhook) -> None:
    """What has failed meanwhile, and what waits behind it, does not wait for an attempt of tomorrow."""
    sql.execute(DUE_AT_ONCE, {"webhook": webhook.id, "most": MOST_DUE_AT_ONCE})


def rotate_secret(webhook_id: UUID | None, tenant_id: int) -> Shown:
    """A new secret. The one before it signs beside it for a day. Raises WebhookNotFound."""
    with transaction.atomic():
        webhook = hold(webhook_id, tenant_id)
        made = secrets.new(_current(webhook))
        sealed = secrets.seal(made, tenant_id=tenant_id, webhook_id=webhook.id)
        until = now() + ROTATION if made.previous else None
        _write(webhook, {"sealed_secrets": sealed, "previous_until": until, "updated_at": now()})
    return Shown(webhook, made.current)


def _current(webhook: Webhook) -> str:
    """The present secret; "" where no key opens it any more: then a new one is the remedy."""
    try:
        return secrets.unseal(webhook.sealed_secrets, tenant_id=webhook.tenant_id, webhook_id=webhook.id).current
    except Permanent:
        return ""


def delete(webhook_id: UUID | None, tenant_id: int) -> None:
    """Nothing is sent to it any more. Raises WebhookNotFound."""
    with transaction.atomic():
        _write(hold(webhook_id, tenant_id), {"deleted_at": now(), "sealed_secrets": "", "previous_until": None})


def _write(webhook: Webhook, columns: Mapping[str, Any]) -> Webhook:
    """These columns alone: the others are the worker's."""
    if columns:
        for name, value in columns.items():
            setattr(webhook, name, value)
        webhook.save(update_fields=list(columns))
    return webhook


def _check(url: str) -> None:
    """What the guarded client would never call is said at once; where a name leads to, each time."""
    try:
        reason = refusal(Purpose.WEBHOOK, httpx.URL(url))
    except httpx.InvalidURL:
        # Digits and dots that are no address.
        reason = "has a host that cannot be"
    if reason:
        raise InvalidParams(details=[{"path": "url", "message": reason}])


# The worker locks deliveries first and their webhook then: what it has is not waited for here, and is its own matter.
DUE_AT_ONCE = """
UPDATE aijobs_webhookdelivery SET due_at = now() WHERE id = ANY (ARRAY(
    SELECT id FROM aijobs_webhookdelivery
    WHERE webhook_id = %(webhook)s::uuid AND status = 'pending' AND due_at > now() AND claimed_until IS NULL
    ORDER BY webhook_id, due_at LIMIT %(most)s::int FOR UPDATE SKIP LOCKED
)) RETURNING id
"""
