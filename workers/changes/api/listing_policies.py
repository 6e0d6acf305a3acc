"""The listing policy: one per tenant."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import read_model
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, View, errors
from aijobs.api.wire.views import ViewSet
from aijobs.shapes import RequestModel
from workers.changes.models import ListingPolicy, listing_policy_of
from workers.changes.models.policies import MOST_CHANGES_PER_DAY

TAGS = ["Catalogue"]


class ListingPolicyView(BaseModel):
    editing_enabled: bool = Field(
        description="Whether jobs and applied proposals may change listings. While this is false, only reverts "
        "change them."
    )
    max_changes_per_day: int = Field(
        description="How many times the listing of one product may change within 24 hours."
    )


class ListingPolicyRequest(RequestModel):
    """The fields that you want to change."""

    editing_enabled: bool = True
    max_changes_per_day: int = Field(default=3, ge=1, le=MOST_CHANGES_PER_DAY)


class ListingPolicyAnswer(BaseModel):
    data: ListingPolicyView


def show_policy(row: ListingPolicy) -> dict[str, object]:
    """A `ListingPolicyView`."""
    return {name: getattr(row, name) for name in ListingPolicyView.model_fields}


describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_listing_policy",
    tags=TAGS,
    summary="Get the listing policy",
    parameters=HEADERS,
    responses={200: ListingPolicyAnswer, **errors()},
)
describe_change: Callable[[View], View] = extend_schema(
    operation_id="change_listing_policy",
    tags=TAGS,
    summary="Change the listing policy",
    description="Only the fields that you send change. `editing_enabled: false` is the kill switch and takes effect "
    "at once.",
    parameters=HEADERS,
    request={"application/json": ListingPolicyRequest},
    responses={200: ListingPolicyAnswer, **errors(*OF_A_BODY)},
)


class ListingPolicyViewSet(ViewSet):
    """The policy says what all changes of the tenant's listings may do."""

    scopes = {"GET": "catalogue:read", "PATCH": "catalogue:write"}

    @describe_get
    def retrieve(self, request: Request) -> Response:
        return data_response(show_policy(listing_policy_of(tenant_of(request).id)))

    @describe_change
    def partial_update(self, request: Request) -> Response:
        wanted = read_model(request, ListingPolicyRequest)
        policy, _ = ListingPolicy.objects.update_or_create(
            tenant_id=tenant_of(request).id, defaults=wanted.model_dump(exclude_unset=True)
        )
        return data_response(show_policy(policy))
