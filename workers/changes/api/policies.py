"""The repricing policy: one per tenant."""

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
from workers.changes.models import RepricingPolicy, policy_of
from workers.changes.models.policies import HIGHEST_MIN_MARGIN_PCT, LONGEST_COOL_DOWN_MINUTES, MOST_CHANGES_PER_DAY

TAGS = ["Catalogue"]


class PolicyView(BaseModel):
    repricing_enabled: bool = Field(
        description="Whether repricing may change prices. While this is false, only reverts change them."
    )
    max_changes_per_day: int = Field(
        description="How many times the price of one product may change within 24 hours."
    )
    cool_down_minutes: int = Field(description="How many minutes must pass between two changes of a product's price.")
    min_margin_pct: float = Field(
        description="The smallest margin, (price − cost) ÷ price in per cent, that any job must keep."
    )
    outlier_factor: float = Field(
        description="A competitor's price that differs from yours by more than this factor is suspicious and is not "
        "followed."
    )


class PolicyRequest(RequestModel):
    """The fields that you want to change."""

    repricing_enabled: bool = True
    max_changes_per_day: int = Field(default=10, ge=1, le=MOST_CHANGES_PER_DAY)
    cool_down_minutes: int = Field(default=15, ge=0, le=LONGEST_COOL_DOWN_MINUTES)
    min_margin_pct: float = Field(default=0.0, ge=0, le=HIGHEST_MIN_MARGIN_PCT)
    outlier_factor: float = Field(default=3.0, ge=1.1, le=100)


class PolicyAnswer(BaseModel):
    data: PolicyView


def show_policy(row: RepricingPolicy) -> dict[str, object]:
    """A `PolicyView`."""
    return {name: getattr(row, name) for name in PolicyView.model_fields}


describe_get: Callable[[View], View] = extend_schema(
    operation_id="get_repricing_policy",
    tags=TAGS,
    summary="Get the repricing policy",
    parameters=HEADERS,
    responses={200: PolicyAnswer, **errors()},
)
describe_change: Callable[[View], View] = extend_schema(
    operation_id="change_repricing_policy",
    tags=TAGS,
    summary="Change the repricing policy",
    description="Only the fields that you send change. `repricing_enabled: false` is the kill switch and takes "
    "effect at once.",
    parameters=HEADERS,
    request={"application/json": PolicyRequest},
    responses={200: PolicyAnswer, **errors(*OF_A_BODY)},
)


class RepricingPolicyViewSet(ViewSet):
    """The policy says what all repricing of the tenant may do."""

    scopes = {"GET": "catalogue:read", "PATCH": "catalogue:write"}

    @describe_get
    def retrieve(self, request: Request) -> Response:
        return data_response(show_policy(policy_of(tenant_of(request).id)))

    @describe_change
    def partial_update(self, request: Request) -> Response:
        wanted = read_model(request, PolicyRequest)
        policy, _ = RepricingPolicy.objects.update_or_create(
            tenant_id=tenant_of(request).id, defaults=wanted.model_dump(exclude_unset=True)
        )
        return data_response(show_policy(policy))
