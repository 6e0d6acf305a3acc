"""Events of jobs: pages of the log, tickets, and the way to the process that has streams and waits."""

import socket
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.timezone import now
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers, tickets, zones
from aijobs.api import event_log
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.job_parameters import FILTERS, JOB_ID, job_id_of
from aijobs.api.job_shapes import JobAnswer
from aijobs.api.polling import ASK_AGAIN, ETAG
from aijobs.api.wire.bodies import no_fields
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, parameter
from aijobs.api.wire.shapes import Pagination
from aijobs.api.wire.views import ViewSet
from aijobs.errors import JobNotFound, StreamingUnavailable, TooManyStreams
from aijobs.scopes import ANY_READ
from aijobs.states import EventKind, Status

TAGS = ["Events"]
# After which somebody who was refused streams may ask for them again: where there are none, and where their process
# is about to be started again.
RETRY_AFTER_SECONDS = 30
SOON_SECONDS = 5
# A port of this machine takes connections at once, or is as good as closed.
CONNECT_SECONDS = 0.25
POSITION = "MTIzNDUuNjc4OTA"


class EventView(BaseModel):
    """What happened to a job."""

    id: str = Field(
        pattern=f"^{identifiers.EVENT_PREFIX}[0-9A-Z]{{26}}_[0-9]+$",
        examples=["evt_01JQZ4X5M8N9P0Q1R2S3T4V5W6_3"],
        description="The same in every channel: an event that comes twice has the same ID.",
    )
    type: str = Field(json_schema_extra={"enum": [kind.public_name for kind in EventKind]})
    job_id: str = Field(pattern=identifiers.JOB_PATTERN, examples=["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    seq: int = Field(description="The events of a job are numbered from 1, without gaps.")
    at: str = Field(json_schema_extra={"format": "date-time"})
    status: Status = Field(description="The job's status from then on.")
    attempt: int = Field(description="Which attempt of the job it was, from 1; 0 before the first.")
    data: dict[str, Any] | None = Field(
        description="Why: `code` and `message` of a failure, `reason` and `caused_by` of a cancellation."
    )


class JobEventList(BaseModel):
    data: list[EventView]
    pagination: Pagination
    position: int = Field(description="The seq up to which you have read. Send it as `starting_after` to go on.")


class EventList(BaseModel):
    data: list[EventView]
    pagination: Pagination
    position: str = Field(
        examples=[POSITION],
        description="How far you have read. Send it as `starting_after` to go on, here or in a stream.",
    )


class Ticket(BaseModel):
    ticket: str = Field(description="Send it as `ticket` in the address of a stream or a wait.")
    expires_at: str = Field(json_schema_extra={"format": "date-time"})


class TicketAnswer(BaseModel):
    data: Ticket


TICKET = parameter(
    "ticket",
    {"type": "string", "examples": ["17-4.1vOcXk.wHt1Y0"]},
    "In place of a key, for a browser's `EventSource`, which cannot send headers. Only streams and waits take it.",
)
AFTER_SEQ = parameter(
    event_log.PLACE,
    {"type": "integer", "minimum": 0, "maximum": event_log.LARGEST_SEQ, "examples": [2]},
    "Only events with a larger `seq`.",
)
AFTER_POSITION = parameter(
    event_log.PLACE,
    {"type": "string", "examples": [POSITION]},
    "Only events after this position. Without it, a stream begins now, and pages with the oldest event.",
)
LAST = OpenApiParameter(
    event_log.LAST_EVENT_ID,
    {"type": "string", "examples": ["2", POSITION]},
    OpenApiParameter.HEADER,
    description="What a browser's `EventSource` sends when it connects again: the `id` of the last event that it "
    "got. It comes before `starting_after`.",
)
SSE = (
    "Each event of the stream has an `id` (where to go on) and, as JSON in `data`, what pages show. A comment "
    "comes every 15 seconds. A stream is open for 15 minutes at most: connect again with `Last-Event-ID` or "
    "`starting_after`, and you miss nothing and get nothing twice."
)
ELSEWHERE: dict[int, OpenApiResponse] = {
    307: OpenApiResponse(description="Streams and waits are answered at another address: follow `Location`."),
}
WHERE = OpenApiParameter(
    "Location",
    {"type": "string", "format": "uri"},
    OpenApiParameter.HEADER,
    required=True,
    response=[307],
    description="The address, with a ticket in it that is good for five minutes.",
)
REFUSALS = errors(JobNotFound, TooManyStreams, StreamingUnavailable)


def _answers(pages: type[BaseModel]) -> dict[Any, Any]:
    return {(200, event_log.JSON): pages, (200, event_log.STREAM): str, **ELSEWHERE}


describe_job: Callable[[View], View] = extend_schema(
    operation_id="job_events",
    tags=TAGS,
    summary="Follow a job",
    description="A stream of what happens to the job (server-sent events), from its beginning or from "
    "`starting_after`, which ends after the job's last event; with `Accept: application/json`, the same as pages. "
    f"{SSE} Whoever connects again after the end is answered 204, which tells a browser to stop.",
    parameters=[*HEADERS, LAST, JOB_ID, AFTER_SEQ, TICKET, *PAGE, WHERE],
    responses={**_answers(JobEventList), 204: None, **REFUSALS},
)
describe_tenant: Callable[[View], View] = extend_schema(
    operation_id="events",
    tags=TAGS,
    summary="Follow all jobs of a tenant",
    description="A stream of what happens to the tenant's jobs (server-sent events), or pages of it with `Accept: "
    f"application/json`. {SSE} Filters are those of the list of jobs; `status` is that of the events. Events come in "
    "the order in which their transactions began, at most as late as the longest transaction that writes to the "
    "database takes; where two events of one job are milliseconds apart, `seq` says which was first. A page that is "
    "filtered may have fewer events than `limit`: go on while `has_more` is true.",
    parameters=[*HEADERS, LAST, AFTER_POSITION, *FILTERS, TICKET, *PAGE, WHERE],
    responses={**_answers(EventList), **errors(TooManyStreams, StreamingUnavailable)},
)
describe_wait: Callable[[View], View] = extend_schema(
    operation_id="wait_for_job",
    tags=TAGS,
    summary="Wait for a job",
    description="Answers with the job as soon as it is over, or, with `seq`, as soon as its log is beyond that; else "
    "after `timeout` seconds with the job as it is then.",
    parameters=[
        *HEADERS,
        JOB_ID,
        parameter(
            "timeout",
            {
                "type": "number",
                "minimum": 0,
                "maximum": event_log.LONGEST_TIMEOUT,
                "default": event_log.DEFAULT_TIMEOUT,
                "examples": [30],
            },
            "How many seconds to wait.",
        ),
        parameter(
            "seq",
            {"type": "integer", "minimum": 0, "maximum": event_log.LARGEST_SEQ, "examples": [2]},
            "The `seq` that you know, of the job or of an event: wait for the next one. Else wait for the end.",
        ),
        TICKET,
        ETAG,
        ASK_AGAIN,
        WHERE,
    ],
    responses={200: JobAnswer, **ELSEWHERE, **REFUSALS},
)
describe_ticket: Callable[[View], View] = extend_schema(
    operation_id="create_ticket",
    tags=TAGS,
    summary="Get a ticket for streams",
    description="A ticket stands for your key at streams and waits for five minutes, for this tenant only. A "
    "browser's `EventSource` sends it in the address, where a key must never be. A stream that has begun goes on "
    "after that; get another ticket before you connect again.",
    parameters=HEADERS,
    request=None,
    responses={201: TicketAnswer, **errors(*OF_A_BODY)},
)


class EventViewSet(ViewSet):
    """Pages, tickets, and where the rest is."""

    scopes = {"GET": ANY_READ, "POST": ANY_READ}
    with_parameters = ("of_job", "of_tenant", "wait")
    # Not what gives tickets out: none gets another one.
    with_tickets = with_parameters

    @describe_job
    def of_job(self, request: Request, job_id: str) -> Response:
        found = job_id_of(job_id)
        if event_log.wants_pages(request.META.get("HTTP_ACCEPT", "")):
            return _page(request, event_log.job_page(tenant_of(request), found, request.query_params))
        event_log.place_in_job(request.query_params, request.META.get("HTTP_LAST_EVENT_ID"))
        event_log.standing_of(tenant_of(request), found)
        return _elsewhere(request)

    @describe_tenant
    def of_tenant(self, request: Request) -> Response:
        tenant = tenant_of(request)
        if event_log.wants_pages(request.META.get("HTTP_ACCEPT", "")):
            return _page(request, event_log.tenant_page(tenant, request.query_params))
        last = request.META.get("HTTP_LAST_EVENT_ID")
        event_log.place_in_tenant(request.query_params, zones.find_or_utc(tenant.timezone), last)
        return _elsewhere(request)

    @describe_wait
    def wait(self, request: Request, job_id: str) -> Response:
        event_log.wait_of(request.query_params)
        event_log.standing_of(tenant_of(request), job_id_of(job_id))
        return _elsewhere(request)

    @describe_ticket
    def ticket(self, request: Request) -> Response:
        no_fields(request)
        return data_response(
            {
                "ticket": tickets.issue(principal_of(request), tenant_of(request)),
                "expires_at": now() + timedelta(seconds=tickets.SECONDS),
            },
            status=201,
            headers={"Cache-Control": "no-store"},
        )


def _page(request: Request, page: dict[str, object]) -> Response:
    return Response(page, headers=event_log.headers_of(page, request.path, request.query_params))


def _elsewhere(request: Request) -> Response:
    """Where streams are: with a ticket, as nobody sends a key on to another address. Raises StreamingUnavailable."""
    if not settings.AIJOBS_EVENTS_URL:
        raise StreamingUnavailable(retry_after=RETRY_AFTER_SECONDS)
    if _is_away(settings.AIJOBS_EVENTS_URL):
        raise StreamingUnavailable(retry_after=SOON_SECONDS)
    query = request.query_params.copy()
    if "HTTP_AUTHORIZATION" in request.META:
        # Who came with a ticket goes on with that one: it would else never end.
        query["ticket"] = tickets.issue(principal_of(request), tenant_of(request))
    location = f"{settings.AIJOBS_EVENTS_URL}{request.path}?{query.urlencode()}"
    return Response(status=307, headers={"Location": location, "Cache-Control": "no-store"})


def _is_away(url: str) -> bool:
    """Whether nobody takes connections there. Another machine is not asked: callers may reach what we cannot.

    Nor is this one in production, where it may be a container, and the address that of the machine around it.
    """
    address = _on_this_machine(url)
    if address is None or settings.PRODUCTION:
        return False
    try:
        socket.create_connection(address, CONNECT_SECONDS).close()
    except OSError:
        return True
    return False


@cache
def _on_this_machine(url: str) -> tuple[str, int] | None:
    """Host and port, if they are this machine's own."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        is_own = host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        # Another name.
        return None
    return (host, parts.port or (443 if parts.scheme == "https" else 80)) if is_own else None
