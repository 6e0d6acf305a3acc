"""Changes of listings: the audit, proposals applied after a look, and reverts."""

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
from aijobs.shapes import RequestModel
from workers.catalogue.api.filters import FILTERS
from workers.changes.api.changes import ChangeViewSet
from workers.changes.kinds.listing import Listings
from workers.changes.models import Change
from workers.changes.reverting import NotRevertible
from workers.jobs.finished import JobNotFinished, finished_job
from workers.jobs.listing_optimize import applying
from workers.jobs.listing_optimize.shapes import TextNames, Texts
from workers.listings.shapes import FIELDS
from workers.listings.shapes import Field as TextName

LISTINGS = Listings()
TAGS = ["Catalogue"]
CHANGE_ID = OpenApiParameter(
    "change_id",
    {"type": "integer", "minimum": 1, "examples": [4711]},
    OpenApiParameter.PATH,
    description="The listing change's ID.",
)


class ListingChangeNotFound(ApiError):
    code, status, default_message = "LISTING_CHANGE_NOT_FOUND", 404, "Listing change ID does not exist."
    advice = "Check the ID: `GET /api/catalogue/listing-changes` lists the tenant's listing changes."


class TextChange(BaseModel):
    field: TextName
    before: Texts
    after: Texts


class ListingChangeView(BaseModel):
    id: int
    marketplace: str
    sku: str
    changes: list[TextChange] = Field(description="The texts that changed, all of them or none.")
    reason: str = Field(
        description="Why the listing changed. `IMPORTED` means that an import of listings changed it. An import says "
        "what the listing is, so nothing is sent to a marketplace, and no daily limit counts it."
    )
    status: str = Field(
        description="`applied` or `rejected`; or, on its way to a marketplace, `pending` (not sent yet) or `unknown` "
        "(perhaps sent: the service reads the listing back to find out).",
        examples=["applied", "pending", "unknown", "rejected"],
    )
    detail: str | None = Field(
        description="Why the change is not applied, what the marketplace said, or what it shows instead."
    )
    warnings: list[str] = Field(description="What the marketplace warned of when it accepted the texts.")
    read_back: Literal["waiting", "shown", "different", "missed"] | None = Field(
        description="Texts that were accepted with a warning are read back once, after 10 minutes. `waiting` means "
        "that they were not read yet, `shown` that the marketplace shows them, `different` that it shows other "
        "texts, which the catalogue takes over, and `missed` that they were not read back, and `detail` says why. It "
        "is null if there was no warning."
    )
    job_id: str | None = Field(description="The job that decided it. It is null for a revert or an import.")
    reverts: int | None = Field(description="The listing change that this one undoes.")
    created_at: datetime


class RefusedListing(BaseModel):
    sku: str
    reason: str = Field(examples=["LISTING_CHANGED", "ALREADY_APPLIED", "NOT_IN_JOB", "NO_CHANGE", "UNKNOWN_SKU"])


class AppliedListingsView(BaseModel):
    applied: list[ListingChangeView]
    skipped: list[RefusedListing]


class ListingChangeList(BaseModel):
    data: list[ListingChangeView]
    pagination: Pagination


class ListingChangeAnswer(BaseModel):
    data: ListingChangeView


class AppliedListingsAnswer(BaseModel):
    data: AppliedListingsView


class ApplyListingsRequest(RequestModel):
    job_id: str = Field(description="The ID of a completed listing_optimize job.")
    skus: list[str] | None = Field(
        default=None,
        min_length=1,
        max_length=1000,
        description="The SKUs to apply. Without it, all of the job's are applied.",
    )
    fields: TextNames = Field(
        default=list(FIELDS), description="The texts to apply. Without it, all that the job proposes are applied."
    )


def show_listing_change(row: Change) -> dict[str, object]:
    """A `ListingChangeView`."""
    return {
        "id": row.pk,
        "marketplace": row.marketplace,
        "sku": row.sku,
        "changes": [
            {"field": name, "before": row.before[name], "after": row.after[name]}
            for name in FIELDS
            if name in row.after
        ],
        "reason": row.reason,
        "status": row.status,
        "detail": row.detail or None,
        "warnings": row.warnings,
        "read_back": row.read_back or None,
        "job_id": row.public_job_id,
        "reverts": row.reverts_id,
        "created_at": row.created_at,
    }


describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_listing_changes",
    tags=TAGS,
    summary="List listing changes, newest first",
    description="The list is the audit: every change of a listing that a job, a revert or an import made, with the "
    "job, the reason, the texts before and after, and the status. It keeps the changes of removed products.",
    parameters=FILTERS,
    responses={200: ListingChangeList, **errors()},
)
describe_apply: Callable[[View], View] = extend_schema(
    operation_id="apply_listing_changes",
    tags=TAGS,
    summary="Apply the proposals of a finished listing job",
    description=(
        "The service writes the texts that the job's result proposes, each listing once and within your listing "
        "policy. It does not compute them again. If the marketplace's connection can write listings, the changes "
        "stay `pending` until the marketplace has them. Otherwise they are in the catalogue only."
    ),
    parameters=HEADERS,
    request={"application/json": ApplyListingsRequest},
    responses={201: AppliedListingsAnswer, **errors(*OF_A_BODY, JobNotFound, JobNotFinished)},
)
describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_listing_change",
    tags=TAGS,
    summary="Get a listing change",
    parameters=[*HEADERS, CHANGE_ID],
    responses={200: ListingChangeAnswer, **errors(ListingChangeNotFound)},
)
describe_revert: Callable[[View], View] = extend_schema(
    operation_id="revert_listing_change",
    tags=TAGS,
    summary="Revert an applied listing change",
    description=(
        "The service makes another change, back to the old texts. It answers `NOT_REVERTIBLE` if the change was "
        "reverted already, if one of the texts has changed since, or if the product or its listing was removed. If "
        "the marketplace is another system, the new change stays `pending` until it has the texts."
    ),
    parameters=[*HEADERS, CHANGE_ID],
    request=None,
    responses={201: ListingChangeAnswer, **errors(*OF_A_BODY, ListingChangeNotFound, NotRevertible)},
)


@extend_schema_view(list=describe_list, create=describe_apply, retrieve=describe_get)
class ListingChangeViewSet(ChangeViewSet):
    kind = LISTINGS
    not_found = ListingChangeNotFound
    view = ListingChangeView
    show = staticmethod(show_listing_change)

    def create(self, request: Request) -> Response:
        wanted = read_model(request, ApplyListingsRequest)
        job_id = identifiers.decode(identifiers.JOB_PREFIX, wanted.job_id)
        job = finished_job(tenant_of(request).id, "listing_optimize", job_id)
        applied = applying.apply_job(job, wanted.skus, wanted.fields, principal_of(request).key_id)
        return data_response(self.show_applied(applied), status=201)

    @describe_revert
    def revert(self, request: Request, change_id: str) -> Response:
        return super().revert(request, change_id)
