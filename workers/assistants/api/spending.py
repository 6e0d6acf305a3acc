"""What a tenant's assistants may cost in a month, and what they have cost."""

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

from django.db.models import F
from django.utils.timezone import now
from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import read_model
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, View, errors, parameter
from aijobs.api.wire.views import ViewSet
from aijobs.shapes import Money, RequestModel
from workers.assistants import accounting
from workers.assistants.api.connections import TAGS
from workers.assistants.models import Budget, MonthlyUsage

HIGHEST_LIMIT = 1_000_000_000
MONTH_PATTERN = "[1-9][0-9]{3}-(0[1-9]|1[0-2])"
_MONTH = re.compile(MONTH_PATTERN, re.ASCII)


class BudgetView(BaseModel):
    monthly_limit: Money | None = Field(
        description="What all assistants may cost in a calendar month (UTC), in US dollars; null for no limit."
    )
    month: str = Field(examples=["2026-03"])
    spent: Money = Field(description="What they have cost in this month so far, in US dollars.")


class BudgetRequest(RequestModel):
    monthly_limit: float | None = Field(
        ge=0, le=HIGHEST_LIMIT, allow_inf_nan=False, description="In US dollars; null for no limit."
    )


class BudgetAnswer(BaseModel):
    data: BudgetView


class UsageView(BaseModel):
    assistant: str
    model: str
    calls: int = Field(description="The calls that were answered and paid for. Answers of the cache cost nothing.")
    input_tokens: int
    output_tokens: int
    cost: Money = Field(description="In US dollars, by the prices in the assistant's settings at the time.")


class MonthView(BaseModel):
    month: str = Field(examples=["2026-03"])
    cost: Money = Field(description="What all assistants have cost in the month, in US dollars.")
    assistants: list[UsageView]


class UsageAnswer(BaseModel):
    data: MonthView


def show_budget(tenant_id: int) -> dict[str, object]:
    """A `BudgetView`."""
    month = accounting.month_of(now())
    limit, spent = accounting.limit_of(tenant_id), accounting.spent_this_month(tenant_id)
    return BudgetView(monthly_limit=limit, month=f"{month:%Y-%m}", spent=spent).model_dump(mode="json")


def show_month(tenant_id: int, month: date) -> dict[str, object]:
    """A `MonthView`; the dearest assistant first."""
    rows = MonthlyUsage.objects.of(tenant_id).filter(month=month).order_by(F("cost").desc(), "assistant", "model")
    used = [UsageView.model_validate(each, from_attributes=True) for each in rows]
    cost = sum((each.cost for each in used), Decimal(0))
    return MonthView(month=f"{month:%Y-%m}", cost=cost, assistants=used).model_dump(mode="json")


get_budget: Callable[[View], View] = extend_schema(
    operation_id="get_assistant_budget",
    tags=TAGS,
    summary="Get the monthly budget of all assistants",
    parameters=HEADERS,
    responses={200: BudgetAnswer, **errors()},
)
put_budget: Callable[[View], View] = extend_schema(
    operation_id="put_assistant_budget",
    tags=TAGS,
    summary="Set the monthly budget of all assistants",
    description="The limit counts what all jobs have spent since the first of the month in UTC, and takes effect at "
    "once. A job that would pass it keeps the answers that it has, and says `BUDGET_EXCEEDED`.",
    parameters=HEADERS,
    request={"application/json": BudgetRequest},
    responses={200: BudgetAnswer, **errors(*OF_A_BODY)},
)
get_usage: Callable[[View], View] = extend_schema(
    operation_id="get_assistant_usage",
    tags=TAGS,
    summary="Get what assistants have cost in a month",
    parameters=[
        *HEADERS,
        parameter(
            "month",
            {"type": "string", "pattern": f"^{MONTH_PATTERN}$", "examples": ["2026-03"]},
            "The calendar month in UTC. If you leave it out, it is the current one.",
        ),
    ],
    responses={200: UsageAnswer, **errors()},
)


class BudgetViewSet(ViewSet):
    scopes = {"GET": "assistants:read", "PUT": "assistants:write"}

    @get_budget
    def retrieve(self, request: Request) -> Response:
        return data_response(show_budget(tenant_of(request).id))

    @put_budget
    def update(self, request: Request) -> Response:
        tenant_id = tenant_of(request).id
        wanted = read_model(request, BudgetRequest).monthly_limit
        limit = None if wanted is None else Decimal(str(wanted))
        Budget.objects.update_or_create(tenant_id=tenant_id, defaults={"monthly_limit": limit})
        return data_response(show_budget(tenant_id))


class UsageViewSet(ViewSet):
    scopes = {"GET": "assistants:read"}
    with_parameters = ("retrieve",)

    @get_usage
    def retrieve(self, request: Request) -> Response:
        check_names(request.query_params, {"month"})
        return data_response(show_month(tenant_of(request).id, _month(request.query_params.get("month"))))


def _month(text: str | None) -> date:
    """Raises InvalidFilter."""
    if text is None:
        return accounting.month_of(now())
    if not _MONTH.fullmatch(text):
        raise invalid("month", "must be a month such as 2026-03")
    return date.fromisoformat(f"{text}-01")
