"""Price changes: the audit, recommendations applied after a look, and reverts."""

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import identifiers
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.wire.bodies import read_model
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, View, errors
from aijobs.api.wire.shapes import Pagination
from aijobs.errors import ApiError, JobNotFound
from aijobs.shapes import Money, RequestModel
from workers.catalogue.api.filters import FILTERS
from workers.changes.api.changes import ChangeViewSet
from workers.changes.kinds.price import Prices
from workers.changes.models import Change
from workers.changes.reverting import NotRevertible
from workers.jobs.finished import JobNotFinished, finished_job
from workers.jobs.pricing_recalculate import applying

PRICES = Prices()
TAGS = ["Catalogue"]
CHANGE_ID = OpenApiParameter(
    "change_id",
    {"type": "integer", "minimum": 1, "examples": [4711]},
    OpenApiParameter.PATH,
    description="The price change's ID.",
)


class PriceChangeNotFound(ApiError):
    code, status, default_message = "PRICE_CHANGE_NOT_FOUND", 404, "Price change ID does not exist."
    advice = "Check the ID: `GET /api/catalogue/price-changes` lists the tenant's price changes."


class PriceChangeView(BaseModel):
    id: int
    marketplace: str
    sku: str
    before: Money
    after: Money
    currency: str
    reason: str = Field(
        description="Why the price changed. `IMPORTED` means that an import of products changed it. An import says "
        "what the price is, so nothing is sent to a marketplace, and no daily limit or cool-down counts it."
    )
    status: str = Field(
        description="`applied` or `rejected`; or, on its way to a marketplace, `pending` (not sent yet) or `unknown` "
        "(perhaps sent: the service reads the price back to find out).",
        examples=["applied", "pending", "unknown", "rejected"],
    )
    detail: str | None = Field(
        description="Why the change is not applied, what the marketplace said, or what it shows instead."
    )
    warnings: list[str] = Field(
        description="What the marketplace warned of when it accepted the price, in its own words.",
        examples=[["The price is far below the usual price of this product."]],
    )
    read_back: Literal["waiting", "shown", "different", "missed"] | None = Field(
        description="A price that was accepted with a warning is read back once, after 10 minutes. `waiting` means "
        "that it was not read yet, `shown` that the marketplace shows the new price, `different` that it shows "
        "another price, which `detail` names and the catalogue takes over, and `missed` that it was not read back, "
        "and `detail` says why. It is null if there was no warning."
    )
    job_id: str | None = Field(description="The job that decided it. It is null for an import and for a revert.")
    reverts: int | None = Field(description="The price change that this one undoes.")
    created_at: datetime


class RefusedPrice(BaseModel):
    sku: str
    reason: str = Field(examples=["PRICE_CHANGED", "ALREADY_APPLIED", "NOT_IN_JOB", "NO_CHANGE", "UNKNOWN_SKU"])


class AppliedView(BaseModel):
    applied: list[PriceChangeView]
    skipped: list[RefusedPrice]


class PriceChangeList(BaseModel):
    data: list[PriceChangeView]
    pagination: Pagination


class PriceChangeAnswer(BaseModel):
    data: PriceChangeView


class AppliedAnswer(BaseModel):
    data: AppliedView


class ApplyRequest(RequestModel):
    job_id: str = Field(description="The ID of a completed pricing_recalculate job.")
    skus: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="The SKUs to apply. Without it, all of the job's are applied.",
    )


def show_price_change(row: Change) -> dict[str, object]:
    """A `PriceChangeView`."""
    return {
        "id": row.pk,
        "marketplace": row.marketplace,
        "sku": row.sku,
        "before": PRICES.load(row.before),
        "after": PRICES.load(row.after),
        "currency": row.currency,
        "reason": row.reason,
        "status": row.status,
        "detail": row.detail or _warned(row) or None,
        "warnings": row.warnings,
        "read_back": row.read_back or None,
        "job_id": row.public_job_id,
        "reverts": row.reverts_id,
        "created_at": row.created_at,
    }


def _warned(row: Change) -> str:
    """The warnings in a sentence, for who reads `detail` only."""
    return f"The marketplace accepted this with a warning: {' '.join(row.warnings)}" if row.warnings else ""


describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_price_changes",
    tags=TAGS,
    summary="List price changes, newest first",
    description="The list is the audit: every price change with its job, reason, old and new price, and status. "
    "It includes the prices that an import of products changed, and the changes of products that were removed since.",
    parameters=FILTERS,
    responses={200: PriceChangeList, **errors()},
)
describe_apply: Callable[[View], View] = extend_schema(
    operation_id="apply_price_changes",
    tags=TAGS,
    summary="Apply the recommendations of a finished pricing job",
    description=(
        "The service writes the prices that the job's result shows, each once and within your repricing policy. It "
        "does not compute them again. If the marketplace is another system, the changes stay `pending` until it has "
        "them."
    ),
    parameters=HEADERS,
    request={"application/json": ApplyRequest},
    responses={201: AppliedAnswer, **errors(*OF_A_BODY, JobNotFound, JobNotFinished)},
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_price_change",
    tags=TAGS,
    summary="Get a price change",
    parameters=[*HEADERS, CHANGE_ID],
    responses={200: PriceChangeAnswer, **errors(PriceChangeNotFound)},
)
describe_revert: Callable[[View], View] = extend_schema(
    operation_id="revert_price_change",
    tags=TAGS,
    summary="Revert an applied price change",
    description=(
        "The service makes another change, back to the old price. It answers `NOT_REVERTIBLE` if the change was "
        "reverted already, if the price has changed since, if the product was removed, or if the old price is "
        "outside the product's present bounds. If the marketplace is another system, the new change stays `pending` "
        "until it has the price."
    ),
    parameters=[*HEADERS, CHANGE_ID],
    request=None,
    responses={201: PriceChangeAnswer, **errors(*OF_A_BODY, PriceChangeNotFound, NotRevertible)},
)


@extend_schema_view(list=describe_list, create=describe_apply, retrieve=describe_get)
class PriceChangeViewSet(ChangeViewSet):
    kind = PRICES
    not_found = PriceChangeNotFound
    view = PriceChangeView
    show = staticmethod(show_price_change)

    def create(self, request: Request) -> Response:
        wanted = read_model(request, ApplyRequest)
        job_id = identifiers.decode(identifiers.JOB_PREFIX, wanted.job_id)
        job = finished_job(tenant_of(request).id, "pricing_recalculate", job_id)
        applied = applying.apply_job(job, wanted.skus, principal_of(request).key_id)
        return data_response(self.show_applied(applied), status=201)

    @describe_revert
    def revert(self, request: Request, change_id: str) -> Response:
        return super().revert(request, change_id)
