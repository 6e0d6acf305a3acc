"""`GET /api/usage`: jobs, run seconds and cost by type and day, and what is left of the queue."""

import re
from collections.abc import Callable
from datetime import date, timedelta

from django.http import QueryDict
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import usage
from aijobs.api.authentication import tenant_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from aijobs.api.wire.views import ViewSet
from aijobs.retention import HOURS_KEPT
from aijobs.shapes import Money

MOST_DAYS = HOURS_KEPT.days
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class UsageOfDay(BaseModel):
    date: date
    type: str
    jobs: dict[str, int] = Field(
        description="How many jobs ended on this day, by their status, also where it is 0.",
        examples=[{"cancelled": 0, "completed": 12, "failed": 1}],
    )
    run_seconds: float = Field(description="How long their last attempts ran, all together.")
    cost: Money = Field(
        description="What the completed ones have cost in US dollars, of a type that costs. What assistants were "
        "paid for jobs that failed is in `GET /api/assistant-usage` only."
    )


class QueueQuota(BaseModel):
    limit: int = Field(description="How many jobs the tenant may have queued and running.")
    used: int
    left: int


class TenantUsage(BaseModel):
    start_date: date
    end_date: date
    days: list[UsageOfDay] = Field(description="In order. A day and type without an end is left out.")
    queue: QueueQuota


class TenantUsageAnswer(BaseModel):
    data: TenantUsage


describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_usage",
    tags=["Usage"],
    summary="Get what the tenant has used",
    description="Jobs, run seconds and cost by type and day, each job on the day on which it ended, and what is left "
    "of the queue. Days are in UTC, kept for 13 months, and up to date within a few seconds. Without dates, it is "
    "the present month.",
    parameters=[
        *HEADERS,
        parameter("start_date", {"type": "string", "format": "date"}, "The first day, in UTC."),
        parameter(
            "end_date", {"type": "string", "format": "date"}, f"The last day. A range has {MOST_DAYS} days at most."
        ),
    ],
    responses={200: TenantUsageAnswer, **errors()},
)


class UsageViewSet(ViewSet):
    """What the tenant has used, and what is left."""

    scopes = {"GET": "ai-jobs:read"}
    with_parameters = ("retrieve",)

    @describe_get
    def retrieve(self, request: Request) -> Response:
        tenant = tenant_of(request)
        start, end = _range(request.query_params)
        days = [_show(each) for each in usage.by_day(tenant.id, start, end)]
        quota = usage.quota(tenant)
        queue = {"limit": quota.limit, "used": quota.used, "left": quota.left}
        dates = {"start_date": start.isoformat(), "end_date": end.isoformat()}
        return data_response({**dates, "days": days, "queue": queue})


def _show(used: usage.Used) -> dict[str, object]:
    """A `UsageOfDay`."""
    return {
        "date": used.day.isoformat(),
        "type": used.type,
        "jobs": used.jobs,
        "run_seconds": used.run_seconds,
        "cost": used.cost,
    }


def _range(query: QueryDict) -> tuple[date, date]:
    """Both included. Raises InvalidFilter."""
    check_names(query, {"start_date", "end_date"})
    today = now().date()
    end = _day(query, "end_date") or today
    start = _day(query, "start_date") or end.replace(day=1)
    if start > end:
        raise invalid("start_date", "must not be after end_date")
    if end - start >= timedelta(days=MOST_DAYS):
        raise invalid("start_date", f"must be less than {MOST_DAYS} days before end_date")
    return start, end


def _day(query: QueryDict, name: str) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise invalid(name, "is written correctly, but there is no such day") from None
    raise invalid(name, "must be a date (2026-03-12)")
