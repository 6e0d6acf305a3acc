"""Deliveries that somebody asks for: a ping, and what was sent before once more."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.errors import (
    DeliveryNotFound,
    DeliveryPending,
    InvalidParams,
    ReplayChanged,
    TooManyReplays,
    WebhookNotActive,
)
from aijobs.models import Webhook, WebhookDelivery
from aijobs.models.webhooks import ASKED_FOR
from aijobs.shapes import timestamp
from aijobs.states import DeliveryStatus
from aijobs.webhooks import endpoints

MOST_REPLAYED = 1_000
PING = "ping"


@dataclass(frozen=True, slots=True)
class Replay:
    """How many deliveries of a range have ended, and how many of them are sent again now."""

    count: int
    replayed: int


def get(webhook: Webhook, delivery_id: UUID | None) -> WebhookDelivery:
    """Raises DeliveryNotFound, also for another webhook's."""
    found = webhook.deliveries.filter(id=delivery_id).first() if delivery_id else None
    if found is None:
        raise DeliveryNotFound()
    return found


def ping(webhook_id: UUID | None, tenant_id: int) -> WebhookDelivery:
    """Send an event that is about nothing. Raises WebhookNotFound, WebhookNotActive, TooManyReplays."""
    delivery_id = identifiers.new_id()
    event_id = identifiers.encode(identifiers.EVENT_PREFIX, delivery_id)
    with transaction.atomic():
        webhook = _held(webhook_id, tenant_id)
        _require_room(webhook, 1)
        body = {"id": event_id, "type": PING, "at": timestamp(now()), "webhook_id": webhook.public_id}
        return WebhookDelivery.objects.create(
            id=delivery_id,
            webhook=webhook,
            tenant_id=tenant_id,
            type=PING,
            event_id=event_id,
            body=orjson.dumps(body).decode(),
            status=DeliveryStatus.PENDING,
            due_at=now(),
        )


def replay(webhook_id: UUID | None, tenant_id: int, delivery_id: UUID | None) -> WebhookDelivery:
    """Send a delivery that has ended once more. Raises what `ping` does, DeliveryNotFound and DeliveryPending."""
    with transaction.atomic():
        webhook = _held(webhook_id, tenant_id)
        earlier = get(webhook, delivery_id)
        if earlier.status == DeliveryStatus.PENDING:
            raise DeliveryPending()
        _require_room(webhook, 1)
        return _again([earlier])[0]


def replay_range(
    webhook_id: UUID | None,
    tenant_id: int,
    since: datetime,
    until: datetime,
    status: DeliveryStatus | None,
    count: int | None,
) -> Replay:
    """Send those once more that were recorded in a range and have ended; without `count`, only count them.

    Raises what `ping` does, InvalidParams, and ReplayChanged where there are not `count`.
    """
    if since > until:
        raise InvalidParams(details=[{"path": "until", "message": "is before since"}])
    with transaction.atomic():
        webhook = _held(webhook_id, tenant_id)
        found = list(_ended(webhook, since, until, status)[: MOST_REPLAYED + 1])
        if len(found) > MOST_REPLAYED:
            message = f"the range has more than {MOST_REPLAYED:,} deliveries; shorten it"
            raise InvalidParams(details=[{"path": "until", "message": message}])
        if count is None:
            return Replay(len(found), 0)
        if count != len(found):
            raise ReplayChanged(f"{ReplayChanged.default_message} It is {len(found)} now.")
        _require_room(webhook, len(found))
        return Replay(len(found), len(_again(found)))


def _held(webhook_id: UUID | None, tenant_id: int) -> Webhook:
    """An active one, of which nobody else sends anything again until the transaction ends."""
    webhook = endpoints.hold(webhook_id, tenant_id)
    if webhook.paused_at or not webhook.enabled:
        raise WebhookNotActive()
    return webhook


def _require_room(webhook: Webhook, count: int) -> None:
    """Each costs a row for a month, and its endpoint's time. Raises TooManyReplays."""
    if webhook.deliveries.filter(ASKED_FOR).count() + count > TooManyReplays.most:
        raise TooManyReplays()


def _ended(
    webhook: Webhook, since: datetime, until: datetime, status: DeliveryStatus | None
) -> QuerySet[WebhookDelivery]:
    """The oldest first. No replays: what they repeat is in the range, too, or before it."""
    statuses = [status] if status else [DeliveryStatus.DELIVERED, DeliveryStatus.FAILED]
    ids = identifiers.first_id_at(since), identifiers.last_id_at(until)
    found = webhook.deliveries.filter(id__range=ids, status__in=statuses, replay_of=None, job__isnull=False)
    return found.order_by("id")


def _again(earlier: Sequence[WebhookDelivery]) -> list[WebhookDelivery]:
    """The same events, under the same ids: receivers know them by these."""
    due = now()
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            id=identifiers.new_id(),
            webhook_id=each.webhook_id,
            tenant_id=each.tenant_id,
            job_id=each.job_id,
            seq=each.seq,
            type=each.type,
            event_id=each.event_id,
            body=each.body,
            status=DeliveryStatus.PENDING,
            due_at=due,
            replay_of=each,
        )
        for each in earlier
    )
