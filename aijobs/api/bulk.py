"""Bulk actions: one action on all jobs that match a filter."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import bulk, idempotency, identifiers, registry
from aijobs.api.authentication import key_prefix_of, tenant_of
from aijobs.api.jobs import JobViewSet
from aijobs.api.repeating import IDEMPOTENCY_KEY, REPLAYED, idempotency_key_of, replay
from aijobs.api.wire.bodies import json_object, no_fields
from aijobs.api.wire.envelope import data_response, to_json
from aijobs.api.wire.filters import check_names
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, location
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.api.wire.shapes import Pagination
from aijobs.api.wire.views import ViewSet
from aijobs.bulk import FirstAnswer
from aijobs.errors import (
    BulkActionNotFound,
    EmptyFilter,
    FieldError,
    IdempotencyConflict,
    IdempotencyKeyReused,
    InvalidParams,
    TooManyBulkActions,
)
from aijobs.filtering import JobFilter
from aijobs.models import NEWEST_FIRST, BulkAction
from aijobs.shapes import PriorityName, RequestModel
from aijobs.states import BulkKind, BulkState, PausedBy, Priority

BULK_ID = OpenApiParameter(
    "bulk_id",
    {"type": "string", "pattern": identifiers.BULK_PATTERN, "examples": ["bulk_01JQZ4X5M8N9P0Q1R2S3T4V5W6"]},
    OpenApiParameter.PATH,
    description="The bulk action's ID.",
)
TAGS = ["Bulk actions"]
EXPECTED = (
    "How many jobs matched when it was asked for. The service counts up to 10,000: 10,001 means that more match, and "
    "null that counting took longer than a second."
)


class BulkRequest(RequestModel):
    filter: JobFilter = Field(
        description="Which jobs: those that meet every condition, and exist when you send this. A filter without any "
        "condition is refused. `type`, `status` and `tag` are lists, or one text for a list of it.",
        examples=[{"status": ["queued"], "type": ["competitor_scan"]}],
    )
    action: Literal["cancel", "retry", "set_priority", "delete_result"] = Field(
        description="`cancel` cancels queued jobs and asks running ones to stop, which usually takes them "
        "seconds. `set_priority` acts on queued jobs, and `delete_result` on those that completed or were stopped "
        "and have a result. `retry` dispatches failed and cancelled jobs again, as new jobs; completed ones too "
        "where the filter names that status."
    )
    priority: PriorityName | None = Field(default=None, description="What `set_priority` sets, and only that.")
    dry_run: bool = Field(
        default=False, description="Only say how many jobs match: nothing is stored, and nothing is done."
    )


class BulkView(BaseModel):
    id: str = Field(examples=["bulk_01JQZ4X5M8N9P0Q1R2S3T4V5W6"])
    action: BulkKind
    priority: PriorityName | None
    filter: dict[str, Any] = Field(description="What you sent, with the statuses that the action is for.")
    status: BulkState = Field(
        description="`running` until all jobs have been looked at (`completed`), somebody has stopped it "
        "(`stopped`), or the service cannot go on (`failed`)."
    )
    expected: int | None = Field(description=EXPECTED)
    done: int = Field(description="On how many jobs it has acted.")
    refused: dict[str, int] = Field(
        description="How many jobs were left as they are, by the code of the error.",
        examples=[{"JOB_NOT_CANCELLABLE": 2}],
    )
    looked_at_until: datetime | None = Field(
        description="It has looked at all jobs that were created until this moment."
    )
    message: str | None = Field(description="Why it waits, or why it failed.")
    requested_by: str = Field(description="The first characters of the API key, or `staff`.")
    created_at: datetime
    finished_at: datetime | None
    stopped_by: str | None = Field(description="The same of who stopped it, if somebody has.")


class BulkAnswer(BaseModel):
    data: BulkView


class BulkList(BaseModel):
    data: list[BulkView]
    pagination: Pagination


class BulkCount(BaseModel):
    action: BulkKind
    filter: dict[str, Any]
    expected: int | None = Field(description=EXPECTED)


class BulkCountAnswer(BaseModel):
    data: BulkCount


def show_bulk(action: BulkAction) -> dict[str, object]:
    """A `BulkView`."""
    looked_at = action.until if action.state == BulkState.COMPLETED else action.cursor
    return {
        "id": action.public_id,
        "action": action.action,
        "priority": None if action.priority is None else Priority(action.priority).label,
        "filter": action.filter,
        "status": action.state,
        "expected": action.expected,
        "done": action.done,
        "refused": action.refused,
        "looked_at_until": identifiers.created_at(looked_at) if looked_at else None,
        "message": action.message or None,
        "requested_by": _who(action.requested_by),
        "created_at": action.created_at,
        "finished_at": action.finished_at,
        "stopped_by": _who(action.stopped_by) if action.stopped_by else None,
    }


def _who(name: str) -> str:
    """Who of the staff it was is told in the admin only."""
    return name if bulk.who(name) == PausedBy.KEY else PausedBy.STAFF


LOCATION = location("Where to watch it, for example /api/ai-jobs/bulk/bulk_01JQZ4X5M8N9P0Q1R2S3T4V5W6.")
describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_bulk_actions",
    tags=TAGS,
    summary="List bulk actions, newest first",
    description="Each says how far it is. They are kept as long as jobs are.",
    parameters=[*HEADERS, *PAGE],
    responses={200: BulkList, **errors()},
)
describe_create: Callable[[View], View] = extend_schema(
    operation_id="create_bulk_action",
    tags=TAGS,
    summary="Act on all jobs that match a filter",
    description="Cancel them, retry them, set their priority or delete their results. The service answers at once "
    "and acts step by step: get the bulk action to see how far it is. A job that changes meanwhile is refused as it "
    "would be alone, and counted. With `dry_run` the answer is 200 with the number of jobs, and nothing is done.",
    parameters=[*HEADERS, IDEMPOTENCY_KEY, LOCATION, REPLAYED],
    request={"application/json": BulkRequest},
    responses={
        200: BulkCountAnswer,
        201: BulkAnswer,
        **errors(*OF_A_BODY, EmptyFilter, TooManyBulkActions, IdempotencyConflict, IdempotencyKeyReused),
    },
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_bulk_action",
    tags=TAGS,
    summary="Get a bulk action with its progress",
    description="Poll this until its status is not `running` any more.",
    parameters=[*HEADERS, BULK_ID],
    responses={200: BulkAnswer, **errors(BulkActionNotFound)},
)
describe_stop: Callable[[View], View] = extend_schema(
    operation_id="stop_bulk_action",
    tags=TAGS,
    summary="Stop a bulk action",
    description="It does no more; what it has done stays done. One that has ended stays as it is.",
    parameters=[*HEADERS, BULK_ID],
    request=None,
    responses={200: BulkAnswer, **errors(*OF_A_BODY, BulkActionNotFound)},
)


class BulkViewSet(ViewSet):
    """Act on all jobs that match a filter, and watch and stop that."""

    scopes = JobViewSet.scopes
    with_parameters = ("list",)

    @describe_list
    def list(self, request: Request) -> Response:
        query = request.query_params
        check_names(query, {"limit", "cursor"})
        found = BulkAction.objects.filter(tenant_id=tenant_of(request).id).order_by(NEWEST_FIRST)
        if (cursor := cursor_of(query)) is not None:
            if (last := _id(cursor)) is None:
                raise invalid_cursor()
            found = found.filter(id__lt=last)
        limit = limit_of(query)
        rows = [*found[: limit + 1]]
        shown = [show_bulk(each) for each in rows[:limit]]
        return page_response(request, shown, rows[limit - 1].public_id if len(rows) > limit else None)

    @describe_create
    def create(self, request: Request) -> Response:
        tenant = tenant_of(request)
        key = idempotency_key_of(request)
        body = json_object(request)
        fingerprint = idempotency.fingerprint("bulk", body)
        # Whatever has changed since: a type may be gone.
        if key and (stored := idempotency.find(tenant.id, key, fingerprint)):
            return replay(stored.answer, _location)
        asked = _read(body)
        kind = BulkKind(asked.action)
        if asked.dry_run:
            wanted = bulk.narrowed(kind, asked.filter).model_dump(mode="json", exclude_defaults=True)
            expected = bulk.count(kind, tenant.id, asked.filter)
            return data_response({"action": kind, "filter": wanted, "expected": expected})
        priority = Priority.from_name(asked.priority) if asked.priority else None
        first = FirstAnswer(key, fingerprint, _written) if key else None
        try:
            action = bulk.request_as_tenant(kind, tenant.id, asked.filter, key_prefix_of(request), priority, first)
        except (IdempotencyConflict, TooManyBulkActions):
            # Of two at once, the other one was first.
            if key and (stored := idempotency.find(tenant.id, key, fingerprint)):
                return replay(stored.answer, _location)
            raise
        answer = show_bulk(action)
        return data_response(answer, status=201, headers={"Location": _location(answer)})

    @describe_get
    def retrieve(self, request: Request, bulk_id: str) -> Response:
        return data_response(show_bulk(bulk.get(_id(bulk_id), tenant_of(request).id)))

    @describe_stop
    def stop(self, request: Request, bulk_id: str) -> Response:
        no_fields(request)
        tenant = tenant_of(request)
        action = bulk.get(_id(bulk_id), tenant.id)
        bulk.stop(action.id, key_prefix_of(request))
        return data_response(show_bulk(bulk.get(action.id, tenant.id)))


def _written(action: BulkAction) -> str:
    return to_json(show_bulk(action)).decode()


def _location(answer: Mapping[str, object]) -> str:
    return f"/api/ai-jobs/bulk/{answer['id']}"


def _read(body: Mapping[str, object]) -> BulkRequest:
    """Raises InvalidParams, as `read_body` does, for what does not fit together."""
    asked = registry.read_body(BulkRequest, body)
    wrong: list[FieldError] = []
    known = {kind.name for kind in registry.all_types()}
    for place, name in enumerate(asked.filter.type):
        if name not in known:
            message = f"is not a job type; use {', '.join(sorted(known))}"
            wrong.append({"path": f"filter.type.{place}", "message": message})
    if (BulkKind(asked.action) == BulkKind.SET_PRIORITY) != (asked.priority is not None):
        needed = "is needed to set a priority" if asked.priority is None else "is only for set_priority"
        wrong.append({"path": "priority", "message": needed})
    if wrong:
        raise InvalidParams(details=wrong)
    return asked


def _id(text: str) -> UUID | None:
    """An id of any other form is that of no bulk action."""
    return identifiers.decode(identifiers.BULK_PREFIX, text)
