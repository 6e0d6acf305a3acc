"""The bodies of schedules: read, with what they dispatch, and validated."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo

from pydantic import Field

from aijobs import calendars, dispatching, registry, zones
from aijobs.auth import TenantAccess
from aijobs.calendars import SHORTEST_SECONDS, Calendar, Interval, InvalidCalendar
from aijobs.dispatching import AnyWanted, Body
from aijobs.errors import ApiError, FieldError, InvalidParams
from aijobs.models import Schedule
from aijobs.refusals import Refusals, fields_of, with_fields
from aijobs.shapes import LABEL, RequestModel, SentMoment
from aijobs.states import Missed, Overlap, TemplateKind

LONGEST_INTERVAL = 366 * 86_400
LONGEST_JITTER = 3_600
LONGEST_WINDOW = 7 * 86_400
# From which intervals are counted that have no anchor of their own.
FIRST_ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)

# The fields that say when it comes due, with the time zone.
TIMING = frozenset({"cron", "interval_seconds", "anchor"})


class ScheduleRequest(RequestModel):
    name: Annotated[str, LABEL] = Field(
        description="A name of your choice, which no other schedule of yours has.",
        min_length=1,
        max_length=100,
        examples=["nightly repricing"],
    )
    cron: str | None = Field(
        default=None,
        description="When it comes due: a cron expression of five fields (minute, hour, day of the month, month, day "
        "of the week). Give either this or `interval_seconds`.",
        max_length=100,
        examples=["30 2 * * 1-5"],
    )
    interval_seconds: int | None = Field(
        default=None,
        description="Or every so many seconds, counted from `anchor`.",
        ge=SHORTEST_SECONDS,
        le=LONGEST_INTERVAL,
        examples=[3600],
    )
    anchor: SentMoment | None = Field(
        default=None,
        description="A moment at which a schedule with an interval comes due, from which the others are counted. "
        "Without it, they are counted from midnight of 1 January 2026 in UTC.",
    )
    timezone: str | None = Field(
        default=None,
        description="The time zone of the cron expression, which is the tenant's unless you name another. Times that "
        "clocks leave out in spring are due when they go forward; times that come twice in autumn are due once. An "
        "expression whose minute or hour begins with `*` goes by the time that passes instead.",
        max_length=64,
        examples=["Europe/Berlin"],
    )
    job: dict[str, Any] | None = Field(
        default=None,
        description="What is dispatched: a job, as the body of `POST /api/ai-jobs` describes it. Give either this or "
        "`batch`.",
    )
    batch: dict[str, Any] | None = Field(
        default=None, description="Or a batch, as the body of `POST /api/ai-jobs/batch` describes it."
    )
    overlap: Literal["skip", "allow", "queue_one"] = Field(
        default="skip",
        description="What happens when it comes due while jobs that it dispatched are still queued or running: "
        "`skip` leaves this time out, `allow` dispatches all the same, and with `queue_one` one due time waits for "
        "them.",
    )
    missed: Literal["skip", "catch_up_once"] = Field(
        default="catch_up_once",
        description="What happens after a time in which the service did not run: `skip` leaves out what was due, and "
        "`catch_up_once` dispatches once for the last due time, if it is not older than `missed_window_seconds`.",
    )
    missed_window_seconds: int = Field(default=3_600, ge=SHORTEST_SECONDS, le=LONGEST_WINDOW)
    jitter_seconds: int = Field(
        default=0,
        description="Up to so many seconds later than due it is dispatched, so that many schedules of one time do "
        "not come at once. The delay of a due time is always the same, and ends a minute before the next one.",
        ge=0,
        le=LONGEST_JITTER,
    )


@dataclass(frozen=True, slots=True)
class Definition:
    """A schedule as it was asked for, and validated."""

    name: str
    calendar: Calendar
    timezone: str
    template_kind: TemplateKind
    template: Body
    overlap: Overlap
    missed: Missed
    missed_window_seconds: int
    jitter_seconds: int


def read(tenant: TenantAccess, body: Body) -> Definition:
    """The schedule that a body asks for. Raises InvalidParams and what refuses its template, with all wrong fields.

    Its template is validated as a dispatch would.
    """
    refusals = Refusals()
    request = refusals.collect(registry.read_body, ScheduleRequest, body)
    wrong = {field["path"].partition(".")[0] for field in refusals.fields()}
    readable = request or _without(body, wrong)
    template = None if wrong & set(TemplateKind) else refusals.collect(_template, tenant.id, body)
    zone = refusals.collect(_zone, readable.timezone or tenant.timezone)
    # Whether an expression can be read does not depend on the zone.
    calendar = None if wrong & TIMING else refusals.collect(_calendar, readable, zone or ZoneInfo("UTC"))
    if request is None or template is None or zone is None or calendar is None:
        raise refusals.error()
    kind, dispatched = template
    return Definition(
        name=request.name,
        calendar=calendar,
        timezone=zone.key,
        template_kind=kind,
        template=dispatched,
        overlap=Overlap(request.overlap),
        missed=Missed(request.missed),
        missed_window_seconds=request.missed_window_seconds,
        jitter_seconds=request.jitter_seconds,
    )


def _without(body: Body, wrong: set[str]) -> ScheduleRequest:
    """What can be read of a body in spite of its wrong fields: there may be more to tell about the others."""
    others = {name: value for name, value in body.items() if name not in wrong}
    return registry.read_body(ScheduleRequest, {"name": "a name", **others})


def _template(tenant_id: int, body: Body) -> tuple[TemplateKind, Body]:
    given = [kind for kind in TemplateKind if body.get(kind) is not None]
    if len(given) != 1:
        raise _invalid(TemplateKind.JOB, "Give either job or batch.")
    [kind] = given
    template = cast("Body", body[kind])
    try:
        _check_moments(kind, _wanted(kind, tenant_id, template))
    except ApiError as refusal:
        fields: list[FieldError] = [
            {**field, "path": f"{kind}.{field['path']}".rstrip(".")} for field in fields_of(refusal)
        ]
        raise with_fields(refusal, fields) from None
    return kind, template


def _check_moments(kind: TemplateKind, wanted: AnyWanted) -> None:
    """A moment is over when the schedule comes due for the second time. Raises InvalidParams."""
    before = [""] if kind == TemplateKind.JOB else [f"jobs.{index}." for index in range(len(wanted.jobs))]
    wrong: list[FieldError] = [
        {"path": f"{path}{name}", "message": "cannot be scheduled: a moment comes only once"}
        for path, job in zip(before, wanted.jobs, strict=True)
        for name, moment in (("run_at", job.run_at), ("expires_at", job.expires_at))
        if moment
    ]
    if wrong:
        raise InvalidParams(details=wrong)


def _zone(name: str) -> ZoneInfo:
    if (zone := zones.find(name)) is None:
        raise _invalid("timezone", zones.UNKNOWN)
    return zone


def _calendar(request: ScheduleRequest, zone: ZoneInfo) -> Calendar:
    if (request.cron is None) == (request.interval_seconds is None):
        raise _invalid("cron", "Give either cron or interval_seconds.")
    if request.interval_seconds is not None:
        return Interval(request.interval_seconds, request.anchor or FIRST_ANCHOR)
    if request.anchor is not None:
        raise _invalid("anchor", "Only an interval has an anchor.")
    try:
        return calendars.cron(str(request.cron), zone)
    except InvalidCalendar as error:
        raise _invalid("cron", str(error)) from None


def _invalid(path: str, message: str) -> InvalidParams:
    return InvalidParams(details=[{"path": path, "message": message}])


def wanted(schedule: Schedule) -> AnyWanted:
    """The jobs that the schedule's template asks for now. Raises what a dispatch of it would."""
    return _wanted(TemplateKind(schedule.template_kind), schedule.tenant_id, schedule.template)


def _wanted(kind: TemplateKind, tenant_id: int, template: Body) -> AnyWanted:
    read_template = dispatching.read_job if kind == TemplateKind.JOB else dispatching.read_batch
    return read_template(tenant_id, template)
