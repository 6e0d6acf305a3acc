"""Webhooks: where a tenant is told of what happens to its jobs, and what became of each delivery."""

from collections.abc import Callable
from uuid import UUID

from django.db.models import QuerySet
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers, zones
from aijobs.api.authentication import tenant_of
from aijobs.api.guide import url_of
from aijobs.api.job_filters import moment_of
from aijobs.api.job_parameters import MOMENT, ZONE
from aijobs.api.webhook_shapes import (
    DeliveryAnswer,
    DeliveryList,
    ReplayAnswer,
    WebhookAnswer,
    WebhookList,
    WebhookSecretAnswer,
    show_delivery,
    show_listed,
    show_webhook,
)
from aijobs.api.wire.bodies import no_fields, read_model
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, parameter
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.api.wire.views import ViewSet
from aijobs.errors import (
    DeliveryNotFound,
    DeliveryPending,
    ReplayChanged,
    TooManyReplays,
    TooManyWebhooks,
    WebhookNotActive,
    WebhookNotFound,
)
from aijobs.filtering import JOB_ID
from aijobs.models import Webhook, WebhookDelivery
from aijobs.retention import DELIVERIES_KEPT
from aijobs.states import DeliveryStatus
from aijobs.webhooks import endpoints, replaying
from aijobs.webhooks.endpoints import Definition, Shown
from aijobs.webhooks.shapes import ReplayRequest, WebhookChange, WebhookRequest

TAGS = ["Webhooks"]


def _path_id(name: str, pattern: str, example: str, description: str) -> OpenApiParameter:
    kind = {"type": "string", "pattern": pattern, "examples": [example]}
    return OpenApiParameter(name, kind, OpenApiParameter.PATH, description=description)


WEBHOOK_ID = _path_id("webhook_id", identifiers.WEBHOOK_PATTERN, "wh_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "The webhook's ID.")
DELIVERY_ID = _path_id(
    "delivery_id", identifiers.DELIVERY_PATTERN, "whd_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "The delivery's ID."
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, required=True, response=[201], description="Its address."
)

describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_webhooks",
    tags=TAGS,
    summary="List webhooks, newest first",
    description="Each says how it fares. Their secrets are not shown.",
    parameters=[*HEADERS, *PAGE],
    responses={200: WebhookList, **errors()},
)
describe_create: Callable[[View], View] = extend_schema(
    operation_id="create_webhook",
    tags=TAGS,
    summary="Create a webhook",
    description="The service sends each of these events, from now on, as a POST that is signed as [Standard "
    "Webhooks](https://www.standardwebhooks.com) describes: at least once, and those of one job in the order of "
    "their `seq`. The answer has the secret, which is shown this once. "
    f"A tenant can have {TooManyWebhooks.most} webhooks.",
    parameters=[*HEADERS, LOCATION],
    request={"application/json": WebhookRequest},
    responses={201: WebhookSecretAnswer, **errors(*OF_A_BODY, TooManyWebhooks)},
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_webhook",
    tags=TAGS,
    summary="Get a webhook, and how it fares",
    parameters=[*HEADERS, WEBHOOK_ID],
    responses={200: WebhookAnswer, **errors(WebhookNotFound)},
)
describe_change: Callable[[View], View] = extend_schema(
    operation_id="change_webhook",
    tags=TAGS,
    summary="Change a webhook",
    description="Only the fields that you send change. What waits to be sent goes to the new URL.",
    parameters=[*HEADERS, WEBHOOK_ID],
    request={"application/json": WebhookChange},
    responses={200: WebhookAnswer, **errors(*OF_A_BODY, WebhookNotFound)},
)
describe_delete: Callable[[View], View] = extend_schema(
    operation_id="delete_webhook",
    tags=TAGS,
    summary="Delete a webhook",
    description="Nothing is sent to it any more, and its deliveries can no longer be seen.",
    parameters=[*HEADERS, WEBHOOK_ID],
    responses={204: None, **errors(WebhookNotFound)},
)
describe_ping: Callable[[View], View] = extend_schema(
    operation_id="ping_webhook",
    tags=TAGS,
    summary="Send a ping to a webhook",
    description="An event of the type `ping`, which is sent at once. Get the delivery to see what came of it.",
    parameters=[*HEADERS, WEBHOOK_ID, LOCATION],
    request=None,
    responses={201: DeliveryAnswer, **errors(*OF_A_BODY, WebhookNotFound, WebhookNotActive, TooManyReplays)},
)
describe_resume: Callable[[View], View] = extend_schema(
    operation_id="resume_webhook",
    tags=TAGS,
    summary="Resume a paused webhook",
    description="What was recorded meanwhile is sent. If it is not paused, nothing changes.",
    parameters=[*HEADERS, WEBHOOK_ID],
    request=None,
    responses={200: WebhookAnswer, **errors(*OF_A_BODY, WebhookNotFound)},
)
describe_rotate: Callable[[View], View] = extend_schema(
    operation_id="rotate_webhook_secret",
    tags=TAGS,
    summary="Replace a webhook's secret",
    description="The answer has the new one, which is shown this once. For 24 hours deliveries are signed with both, "
    "so you can change your receiver at any time within them.",
    parameters=[*HEADERS, WEBHOOK_ID],
    request=None,
    responses={200: WebhookSecretAnswer, **errors(*OF_A_BODY, WebhookNotFound)},
)
describe_deliveries: Callable[[View], View] = extend_schema(
    operation_id="list_webhook_deliveries",
    tags=TAGS,
    summary="List a webhook's deliveries, newest first",
    description=f"They are kept for {DELIVERIES_KEPT.days} days. A single one also has the request and the answer.",
    parameters=[
        *HEADERS,
        WEBHOOK_ID,
        parameter(
            "status", {"type": "string", "enum": DeliveryStatus.values}, "Show only deliveries in this status."
        ),
        parameter(
            "job_id",
            {
                "type": "string",
                "pattern": identifiers.JOB_PATTERN,
                "examples": ["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
            },
            "Show only deliveries about this job.",
        ),
        parameter("since", MOMENT, f"Show only deliveries recorded on or after this. A date is a day {ZONE}."),
        parameter(
            "until", MOMENT, f"Show only deliveries recorded on or before this. A date is that whole day {ZONE}."
        ),
        *PAGE,
    ],
    responses={200: DeliveryList, **errors(WebhookNotFound)},
)
describe_delivery: Callable[[View], View] = extend_schema(
    operation_id="get_webhook_delivery",
    tags=TAGS,
    summary="Get a delivery with its request and the answer",
    parameters=[*HEADERS, WEBHOOK_ID, DELIVERY_ID],
    responses={200: DeliveryAnswer, **errors(WebhookNotFound, DeliveryNotFound)},
)
describe_replay: Callable[[View], View] = extend_schema(
    operation_id="replay_webhook_delivery",
    tags=TAGS,
    summary="Send a delivery once more",
    description="A new delivery of the same event, which names the old one in `replay_of`. Its `webhook-id` is the "
    "same, so a receiver that goes by it knows that it has the event.",
    parameters=[*HEADERS, WEBHOOK_ID, DELIVERY_ID, LOCATION],
    request=None,
    responses={
        201: DeliveryAnswer,
        **errors(*OF_A_BODY, WebhookNotFound, WebhookNotActive, DeliveryNotFound, DeliveryPending, TooManyReplays),
    },
)
describe_replay_range: Callable[[View], View] = extend_schema(
    operation_id="replay_webhook_deliveries",
    tags=TAGS,
    summary="Send the deliveries of a range once more",
    description="First without `count`: the answer says how many deliveries of the range have ended. Then with that "
    f"`count`, and each of them is sent again. A range has at most {replaying.MOST_REPLAYED:,} of them. Pings and "
    "replays are not repeated.",
    parameters=[*HEADERS, WEBHOOK_ID],
    request={"application/json": ReplayRequest},
    responses={
        200: ReplayAnswer,
        **errors(*OF_A_BODY, WebhookNotFound, WebhookNotActive, ReplayChanged, TooManyReplays),
    },
)


class WebhookViewSet(ViewSet):
    """Create, change, test and delete webhooks, and see what became of each delivery."""

    scopes = {
        "GET": "webhooks:read",
        "POST": "webhooks:write",
        "PATCH": "webhooks:write",
        "DELETE": "webhooks:write",
    }
    with_parameters = ("list", "deliveries")

    @describe_list
    def list(self, request: Request) -> Response:
        query = request.query_params
        check_names(query, {"limit", "cursor"})
        found = _after(query, identifiers.WEBHOOK_PREFIX, Webhook.objects.of(tenant_of(request).id).order_by("-id"))
        limit = limit_of(query)
        rows = list(found[: limit + 1])
        return page_response(
            request,
            [show_webhook(each) for each in rows[:limit]],
            rows[limit - 1].public_id if len(rows) > limit else None,
        )

    @describe_create
    def create(self, request: Request) -> Response:
        sent = read_model(request, WebhookRequest)
        definition = Definition(sent.url, sent.events, sent.description or "", sent.enabled)
        return _with_secret(endpoints.create(tenant_of(request).id, definition, url_of(request)), status=201)

    @describe_get
    def retrieve(self, request: Request, webhook_id: str) -> Response:
        return data_response(show_webhook(_webhook(request, webhook_id)))

    @describe_change
    def partial_update(self, request: Request, webhook_id: str) -> Response:
        changes = read_model(request, WebhookChange).model_dump(exclude_unset=True)
        if "description" in changes:
            changes["description"] = changes["description"] or ""
        webhook = endpoints.change(_webhook_id(webhook_id), tenant_of(request).id, changes, url_of(request))
        return data_response(show_webhook(webhook))

    @describe_delete
    def destroy(self, request: Request, webhook_id: str) -> Response:
        endpoints.delete(_webhook_id(webhook_id), tenant_of(request).id)
        return Response(status=204)

    @describe_ping
    def ping(self, request: Request, webhook_id: str) -> Response:
        no_fields(request)
        return _made(replaying.ping(_webhook_id(webhook_id), tenant_of(request).id))

    @describe_resume
    def resume(self, request: Request, webhook_id: str) -> Response:
        no_fields(request)
        return data_response(show_webhook(endpoints.resume(_webhook_id(webhook_id), tenant_of(request).id)))

    @describe_rotate
    def rotate_secret(self, request: Request, webhook_id: str) -> Response:
        no_fields(request)
        return _with_secret(endpoints.rotate_secret(_webhook_id(webhook_id), tenant_of(request).id))

    @describe_deliveries
    def deliveries(self, request: Request, webhook_id: str) -> Response:
        query = request.query_params
        check_names(query, {"status", "job_id", "since", "until", "limit", "cursor"})
        found = _filtered(request, _webhook(request, webhook_id).deliveries.order_by("-id"))
        limit = limit_of(query)
        rows = list(_after(query, identifiers.DELIVERY_PREFIX, found)[: limit + 1])
        return page_response(
            request,
            [show_listed(each) for each in rows[:limit]],
            rows[limit - 1].public_id if len(rows) > limit else None,
        )

    @describe_delivery
    def delivery(self, request: Request, webhook_id: str, delivery_id: str) -> Response:
        webhook = _webhook(request, webhook_id)
        return data_response(show_delivery(replaying.get(webhook, _delivery_id(delivery_id)), webhook))

    @describe_replay
    def replay(self, request: Request, webhook_id: str, delivery_id: str) -> Response:
        no_fields(request)
        return _made(replaying.replay(_webhook_id(webhook_id), tenant_of(request).id, _delivery_id(delivery_id)))

    @describe_replay_range
    def replay_range(self, request: Request, webhook_id: str) -> Response:
        asked = read_model(request, ReplayRequest)
        status = DeliveryStatus(asked.status) if asked.status else None
        made = replaying.replay_range(
            _webhook_id(webhook_id), tenant_of(request).id, asked.since, asked.until, status, asked.count
        )
        return data_response({"count": made.count, "replayed": made.replayed})


def _with_secret(shown: Shown, status: int = 200) -> Response:
    """A `WebhookWithSecret`."""
    location = {"Location": f"/api/webhooks/{shown.webhook.public_id}"} if status == 201 else None
    data = {**show_webhook(shown.webhook), "secret": shown.secret}
    return data_response(data, status=status, headers=location)


def _made(delivery: WebhookDelivery) -> Response:
    """A `DeliveryView` of a new one."""
    webhook = delivery.webhook
    location = {"Location": f"/api/webhooks/{webhook.public_id}/deliveries/{delivery.public_id}"}
    return data_response(show_delivery(delivery, webhook), status=201, headers=location)


def _webhook(request: Request, text: str) -> Webhook:
    return endpoints.get(_webhook_id(text), tenant_of(request).id)


def _webhook_id(text: str) -> UUID | None:
    """An id of any other form is that of no webhook."""
    return identifiers.decode(identifiers.WEBHOOK_PREFIX, text)


def _delivery_id(text: str) -> UUID | None:
    return identifiers.decode(identifiers.DELIVERY_PREFIX, text)


def _after(query: QueryDict, prefix: str, found: QuerySet) -> QuerySet:  # type: ignore[type-arg]
    """What is behind the cursor. Raises InvalidFilter."""
    if (cursor := cursor_of(query)) is None:
        return found
    if (last := identifiers.decode(prefix, cursor)) is None:
        raise invalid_cursor()
    return found.filter(id__lt=last)


def _filtered(request: Request, found: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """As the query says. Raises InvalidFilter."""
    query, zone = request.query_params, zones.find_or_utc(tenant_of(request).timezone)
    if (status := query.get("status")) is not None:
        if status not in DeliveryStatus:
            raise invalid("status", f"must be one of {', '.join(DeliveryStatus)}")
        found = found.filter(status=status)
    if (text := query.get("job_id")) is not None:
        if (job_id := identifiers.decode(identifiers.JOB_PREFIX, text)) is None:
            raise invalid("job_id", JOB_ID.otherwise)
        found = found.filter(job_id=job_id)
    if (since := query.get("since")) is not None:
        found = found.filter(id__gte=identifiers.first_id_at(moment_of("since", since, zone, end=False)))
    if (until := query.get("until")) is not None:
        found = found.filter(id__lte=identifiers.last_id_at(moment_of("until", until, zone, end=True)))
    return found
