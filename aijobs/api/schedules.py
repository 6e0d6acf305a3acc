"""Schedules: jobs and batches that are dispatched again and again, and what came of their due times."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers, schedule_bodies, schedule_runs, schedules
from aijobs.api import documents
from aijobs.api.authentication import key_prefix_of, tenant_of
from aijobs.api.jobs import JobViewSet
from aijobs.api.repeating import AS_REPLAYED, IDEMPOTENCY_KEY, REPLAYED, idempotency_key_of
from aijobs.api.schedule_shapes import (
    BackfillAnswer,
    BackfillRequest,
    PauseRequest,
    RunAnswer,
    RunList,
    ScheduleAnswer,
    ScheduleList,
    show_listed,
    show_run,
)
from aijobs.api.wire.bodies import json_object, no_fields, read_model
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, PAGE, View, errors, location
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.api.wire.views import ViewSet
from aijobs.errors import (
    BackfillChanged,
    DependencyCycle,
    IdempotencyConflict,
    InvalidBatch,
    InvalidJobType,
    QueueFull,
    ScheduleExists,
    ScheduleNotFound,
    TooManySchedules,
)
from aijobs.models import Schedule, ScheduleRun
from aijobs.schedule_bodies import ScheduleRequest
from aijobs.schedules import Who
from aijobs.shapes import in_utc
from aijobs.states import PausedBy

SCHEDULE_ID = OpenApiParameter(
    "schedule_id",
    {
        "type": "string",
        "pattern": identifiers.SCHEDULE_PATTERN,
        "examples": ["schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
    },
    OpenApiParameter.PATH,
    description="The schedule's ID.",
)
TAGS = ["Schedules"]
OF_A_TEMPLATE = (InvalidJobType, InvalidBatch, DependencyCycle)


def _answer(schedule: Schedule, status: int = 200) -> Response:
    """A `ScheduleView`."""
    last_run = schedule.runs.order_by("-due_at").first()
    data = {**show_listed(schedule, last_run), "upcoming": schedules.upcoming(schedule)}
    location = {"Location": f"/api/ai-jobs/schedules/{schedule.public_id}"} if status == 201 else None
    return data_response(data, status=status, headers=location)


def _last_runs(found: Iterable[Schedule]) -> dict[UUID, ScheduleRun]:
    """The last run of each schedule: looked up one by one in the index, as most have thousands."""
    last = ScheduleRun.objects.filter(schedule=OuterRef("pk")).order_by("-due_at").values("pk")[:1]
    ids = Schedule.objects.filter(id__in=[each.id for each in found]).values_list(Subquery(last), flat=True)
    return {run.schedule_id: run for run in ScheduleRun.objects.filter(pk__in=[each for each in ids if each])}


LOCATION = location("The schedule's address.")
describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_schedules",
    tags=TAGS,
    summary="List schedules, newest first",
    description="Each has its last run, and why it is paused if it is. A single one also has its upcoming due times. "
    "A page has at most 8 MiB of jobs and batches to dispatch, but always one schedule, so it may have fewer "
    "than `limit`: go on for as long as `has_more` is true.",
    parameters=[*HEADERS, *PAGE],
    responses={200: ScheduleList, **errors()},
)
describe_create: Callable[[View], View] = extend_schema(
    operation_id="create_schedule",
    tags=TAGS,
    summary="Create a schedule",
    description="The service dispatches the job or the batch at each due time, exactly once. It is validated now, as "
    "a dispatch is, and again at each due time: a schedule whose job is not valid any more pauses itself and says "
    f"why, and so does one that fails five times in a row. A tenant can have {TooManySchedules.most} schedules.",
    parameters=[*HEADERS, LOCATION],
    request={"application/json": ScheduleRequest},
    responses={201: ScheduleAnswer, **errors(*OF_A_BODY, *OF_A_TEMPLATE, ScheduleExists, TooManySchedules)},
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_schedule",
    tags=TAGS,
    summary="Get a schedule with its next five due times",
    description="It says when it is due next, what came of the last time, and why it is paused if it is.",
    parameters=[*HEADERS, SCHEDULE_ID],
    responses={200: ScheduleAnswer, **errors(ScheduleNotFound)},
)
describe_change: Callable[[View], View] = extend_schema(
    operation_id="change_schedule",
    tags=TAGS,
    summary="Change a schedule",
    description="Send all of it: what you leave out becomes the default. If you change when it comes due, it does so "
    "for the first time from now on. A paused schedule stays paused.",
    parameters=[*HEADERS, SCHEDULE_ID],
    request={"application/json": ScheduleRequest},
    responses={200: ScheduleAnswer, **errors(*OF_A_BODY, *OF_A_TEMPLATE, ScheduleNotFound, ScheduleExists)},
)
describe_delete: Callable[[View], View] = extend_schema(
    operation_id="delete_schedule",
    tags=TAGS,
    summary="Delete a schedule",
    description="The jobs that it dispatched stay, and go on.",
    parameters=[*HEADERS, SCHEDULE_ID],
    responses={204: None, **errors(ScheduleNotFound)},
)
describe_pause: Callable[[View], View] = extend_schema(
    operation_id="pause_schedule",
    tags=TAGS,
    summary="Pause a schedule",
    description="It does not come due until you resume it. If it is paused already, nothing changes.",
    parameters=[*HEADERS, SCHEDULE_ID],
    request={"application/json": PauseRequest},
    responses={200: ScheduleAnswer, **errors(*OF_A_BODY, ScheduleNotFound)},
)
describe_resume: Callable[[View], View] = extend_schema(
    operation_id="resume_schedule",
    tags=TAGS,
    summary="Resume a paused schedule",
    description="It comes due for the first time from now on. It is refused if what it dispatches is not valid.",
    parameters=[*HEADERS, SCHEDULE_ID],
    request=None,
    responses={200: ScheduleAnswer, **errors(*OF_A_BODY, *OF_A_TEMPLATE, ScheduleNotFound)},
)
describe_run_now: Callable[[View], View] = extend_schema(
    operation_id="run_schedule_now",
    tags=TAGS,
    summary="Dispatch a schedule's job once, now",
    description="Whether it is paused or not, and whatever is still running. Its due times stay what they are.",
    parameters=[*HEADERS, SCHEDULE_ID, IDEMPOTENCY_KEY, REPLAYED],
    request=None,
    responses={
        201: RunAnswer,
        **errors(*OF_A_BODY, *OF_A_TEMPLATE, ScheduleNotFound, QueueFull, IdempotencyConflict),
    },
)
describe_backfill: Callable[[View], View] = extend_schema(
    operation_id="backfill_schedule",
    tags=TAGS,
    summary="Make up for due times of the past",
    description="First without `count`: the answer lists the due times of the range that were not dispatched. Then "
    "with their `count`, and the service dispatches once for each of them, whatever is still running. "
    f"A range has at most {schedule_runs.MOST_BACKFILLED} of them.",
    parameters=[*HEADERS, SCHEDULE_ID],
    request={"application/json": BackfillRequest},
    responses={
        200: BackfillAnswer,
        **errors(*OF_A_BODY, *OF_A_TEMPLATE, ScheduleNotFound, BackfillChanged, QueueFull),
    },
)
describe_runs: Callable[[View], View] = extend_schema(
    operation_id="list_schedule_runs",
    tags=TAGS,
    summary="List what came of a schedule's due times, newest first",
    description="Each run has the job or the batch that it dispatched, or the reason why it dispatched nothing.",
    parameters=[*HEADERS, SCHEDULE_ID, *PAGE],
    responses={200: RunList, **errors(ScheduleNotFound)},
)


class ScheduleViewSet(ViewSet):
    """Create, change, pause, resume and delete schedules, and see what came of them."""

    scopes = {**JobViewSet.scopes, "PUT": "ai-jobs:write"}
    with_parameters = ("list", "runs")

    @describe_list
    def list(self, request: Request) -> Response:
        query = _page(request)
        found = Schedule.objects.of(tenant_of(request).id).order_by("-id")
        if (cursor := cursor_of(query)) is not None:
            if (last := _id(cursor)) is None:
                raise invalid_cursor()
            found = found.filter(id__lt=last)
        page, next_key = documents.schedules_of(found, limit_of(query))
        last_runs = _last_runs(page)
        return page_response(request, [show_listed(each, last_runs.get(each.id)) for each in page], next_key)

    @describe_create
    def create(self, request: Request) -> Response:
        tenant = tenant_of(request)
        return _answer(schedules.create(tenant, schedule_bodies.read(tenant, json_object(request))), status=201)

    @describe_get
    def retrieve(self, request: Request, schedule_id: str) -> Response:
        return _answer(schedules.get(_id(schedule_id), tenant_of(request).id))

    @describe_change
    def update(self, request: Request, schedule_id: str) -> Response:
        tenant = tenant_of(request)
        definition = schedule_bodies.read(tenant, json_object(request))
        return _answer(schedules.change(_id(schedule_id), tenant.id, definition))

    @describe_delete
    def destroy(self, request: Request, schedule_id: str) -> Response:
        schedules.delete(_id(schedule_id), tenant_of(request).id)
        return Response(status=204)

    @describe_pause
    def pause(self, request: Request, schedule_id: str) -> Response:
        reason = read_model(request, PauseRequest).reason
        who = Who(PausedBy.KEY, key_prefix_of(request))
        return _answer(schedules.pause(_id(schedule_id), tenant_of(request).id, who, reason))

    @describe_resume
    def resume(self, request: Request, schedule_id: str) -> Response:
        no_fields(request)
        return _answer(schedules.resume(_id(schedule_id), tenant_of(request).id))

    @describe_run_now
    def run_now(self, request: Request, schedule_id: str) -> Response:
        no_fields(request)
        key = idempotency_key_of(request)
        ran = schedule_runs.run_now(_id(schedule_id), tenant_of(request).id, once=_occasion(key) if key else None)
        return data_response(show_run(ran.run), status=201, headers=AS_REPLAYED if ran.repeated else {})

    @describe_backfill
    def backfill(self, request: Request, schedule_id: str) -> Response:
        asked = read_model(request, BackfillRequest)
        made = schedule_runs.backfill(_id(schedule_id), tenant_of(request).id, asked.from_, asked.to, asked.count)
        runs = [show_run(run) for run in made.runs]
        return data_response({"count": len(made.due_times), "due_times": made.due_times, "runs": runs})

    @describe_runs
    def runs(self, request: Request, schedule_id: str) -> Response:
        query = _page(request)
        found = schedules.get(_id(schedule_id), tenant_of(request).id).runs.order_by("-due_at")
        if (cursor := cursor_of(query)) is not None:
            found = found.filter(due_at__lt=_moment(cursor))
        limit = limit_of(query)
        rows = list(found[: limit + 1])
        next_key = rows[limit - 1].due_at.isoformat() if len(rows) > limit else None
        return page_response(request, [show_run(run) for run in rows[:limit]], next_key)


def _occasion(key: str) -> str:
    """Of an Idempotency-Key: as long as there is room for, and none that a form of the admin has."""
    return f"key·{hashlib.sha256(key.encode()).hexdigest()}"


def _page(request: Request) -> QueryDict:
    """The query parameters, which are those of a page. Raises InvalidFilter."""
    query = request.query_params
    check_names(query, {"limit", "cursor"})
    return query


def _moment(cursor: str) -> datetime:
    """The due time in a cursor. Raises InvalidFilter."""
    try:
        moment = in_utc(datetime.fromisoformat(cursor))
    except ValueError:
        raise invalid_cursor() from None
    if moment.isoformat() != cursor:
        raise invalid_cursor()
    return moment


def _id(text: str) -> UUID | None:
    """An id of any other form is that of no schedule."""
    return identifiers.decode(identifiers.SCHEDULE_PREFIX, text)
