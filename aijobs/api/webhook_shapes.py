"""What is shown of webhooks and their deliveries."""

from datetime import datetime
from typing import Any

import orjson
from pydantic import BaseModel, Field

from aijobs import identifiers
from aijobs.api.wire.shapes import Pagination
from aijobs.models import Webhook, WebhookDelivery
from aijobs.states import DeliveryStatus
from aijobs.webhooks import health
from aijobs.webhooks.health import State


class WebhookView(BaseModel):
    id: str = Field(examples=["wh_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    state: State = Field(
        description="`active`; `failing`, since its last attempt failed; `paused` by the service, because it failed "
        "for too long: resume it; or `disabled`, by you or because it answered 410."
    )
    reason: str | None = Field(description="Why it is not active, in a sentence.")
    failing_since: datetime | None
    last_delivered_at: datetime | None = Field(
        description="While it is active: the last delivery was up to ten seconds later than this."
    )
    previous_secret_until: datetime | None = Field(
        description="Until then the secret before the present one signs, too."
    )
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(WebhookView):
    secret: str = Field(
        description="What deliveries are signed with. It is shown this once.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


class WebhookAnswer(BaseModel):
    data: WebhookView


class WebhookSecretAnswer(BaseModel):
    data: WebhookWithSecret


class WebhookList(BaseModel):
    data: list[WebhookView]
    pagination: Pagination


class ListedDelivery(BaseModel):
    id: str = Field(examples=["whd_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    event_id: str = Field(
        description="What receivers know it by: the header `webhook-id`.",
        examples=["evt_01JQZ4X5M8N9P0Q1R2S3T4V5W6_3"],
    )
    type: str = Field(examples=["job.completed"])
    job_id: str | None = Field(description="It is null for a ping.")
    seq: int | None
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None = Field(
        description="When it is sent next, at the earliest. An event waits for the earlier ones of its job."
    )
    response_status: int | None = Field(description="The status of the last answer, if there was one.")
    error: str | None = Field(description="Why the last attempt failed: a code and a sentence.")
    latency_seconds: float | None = Field(description="How long the last attempt took.")
    replay_of: str | None = Field(description="The delivery that this one repeats.")
    created_at: datetime
    ended_at: datetime | None


class DeliveryRequestView(BaseModel):
    """What the last attempt sent, or the next one will."""

    url: str
    headers: dict[str, str]
    body: dict[str, Any]


class DeliveryResponse(BaseModel):
    status: int
    content_type: str
    body: str = Field(description="Its beginning, as text. Do not trust it: whoever answered has written it.")


class Attempt(BaseModel):
    at: datetime
    status: int | None
    error: str | None
    seconds: float


class DeliveryView(ListedDelivery):
    request: DeliveryRequestView
    response: DeliveryResponse | None
    log: list[Attempt] = Field(description="All attempts that have ended, oldest first.")


class DeliveryAnswer(BaseModel):
    data: DeliveryView


class DeliveryList(BaseModel):
    data: list[ListedDelivery]
    pagination: Pagination


class ReplayView(BaseModel):
    count: int = Field(description="How many deliveries of the range have ended.")
    replayed: int = Field(description="How many of them are sent again: none without `count`.")


class ReplayAnswer(BaseModel):
    data: ReplayView


def show_webhook(webhook: Webhook) -> dict[str, object]:
    """A `WebhookView`."""
    state, reason = health.of(webhook)
    return {
        "id": webhook.public_id,
        "url": webhook.url,
        "events": webhook.events,
        "description": webhook.description or None,
        "enabled": webhook.enabled,
        "state": state,
        "reason": reason or None,
        "failing_since": webhook.failing_since,
        "last_delivered_at": webhook.last_delivered_at,
        "previous_secret_until": health.previous_until(webhook),
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }


def show_listed(delivery: WebhookDelivery) -> dict[str, object]:
    """A `ListedDelivery`."""
    is_pending = delivery.status == DeliveryStatus.PENDING
    return {
        "id": delivery.public_id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "job_id": _encoded(identifiers.JOB_PREFIX, delivery.job_id),
        "seq": delivery.seq or None,
        "status": delivery.status,
        "attempts": delivery.attempts,
        "next_attempt_at": delivery.due_at if is_pending and delivery.claimed_until is None else None,
        "response_status": delivery.response_status,
        "error": f"{delivery.error_code}: {delivery.error_message}" if delivery.error_code else None,
        "latency_seconds": delivery.seconds,
        "replay_of": _encoded(identifiers.DELIVERY_PREFIX, delivery.replay_of_id),
        "created_at": identifiers.created_at(delivery.id),
        "ended_at": delivery.ended_at,
    }


def show_delivery(delivery: WebhookDelivery, webhook: Webhook) -> dict[str, object]:
    """A `DeliveryView`."""
    headers = {"content-type": "application/json", "webhook-id": delivery.event_id}
    if delivery.attempted_at:
        headers["webhook-timestamp"] = str(int(delivery.attempted_at.timestamp()))
    response = {
        "status": delivery.response_status,
        "content_type": delivery.response_type,
        "body": delivery.response_body,
    }
    return {
        **show_listed(delivery),
        "request": {
            "url": delivery.url or webhook.url,
            "headers": headers,
            "body": orjson.loads(delivery.body),
        },
        "response": response if delivery.response_status is not None else None,
        "log": delivery.log,
    }


def _encoded(prefix: str, value: Any) -> str | None:
    return identifiers.encode(prefix, value) if value else None
