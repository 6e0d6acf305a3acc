"""How the catalogue's endpoints are described in OpenAPI."""

from collections.abc import Callable

from drf_spectacular.utils import OpenApiParameter, extend_schema

from aijobs.api.wire.openapi import HEADERS, View, errors
from workers.catalogue.api import serializers
from workers.catalogue.api.kinds import FILTERS, TAGS

get_repricing_policy: Callable[[View], View] = extend_schema(
    operation_id="get_repricing_policy",
    tags=TAGS,
    summary="What the tenant allows all repricing to do",
    parameters=HEADERS,
    responses={200: serializers.PolicyAnswer, **errors(422)},
)
change_repricing_policy: Callable[[View], View] = extend_schema(
    operation_id="change_repricing_policy",
    tags=TAGS,
    summary="Change the repricing policy",
    description="Only what is sent changes. `repricing_enabled: false` is the kill switch, and takes effect at once.",
    parameters=HEADERS,
    request={"application/json": serializers.PolicyRequest},
    responses={200: serializers.PolicyAnswer, **errors(400, 413, 415, 422)},
)
_CHANGE_ID = OpenApiParameter("change_id", int, OpenApiParameter.PATH)
get_price_change: Callable[[View], View] = extend_schema(
    operation_id="get_price_change",
    tags=TAGS,
    summary="Get a price change",
    parameters=[*HEADERS, _CHANGE_ID],
    responses={200: serializers.PriceChangeAnswer, **errors(404)},
)
revert_price_change: Callable[[View], View] = extend_schema(
    operation_id="revert_price_change",
    tags=TAGS,
    summary="Revert an applied price change",
    description=(
        "Makes another change, back to the price before. NOT_REVERTIBLE says why not: it was reverted already, a "
        "later change would be lost, or the old price is outside the product's bounds of today. Where the "
        "marketplace is another system, the new change is pending until the marketplace has it."
    ),
    parameters=[*HEADERS, _CHANGE_ID],
    request=None,
    responses={201: serializers.PriceChangeAnswer, **errors(404, 409, 422)},
)
list_price_changes: Callable[[View], View] = extend_schema(
    operation_id="list_price_changes",
    tags=TAGS,
    summary="List price changes, the newest first",
    parameters=FILTERS,
    responses={200: serializers.PriceChangeList, **errors(422)},
)
apply_price_changes: Callable[[View], View] = extend_schema(
    operation_id="apply_price_changes",
    tags=TAGS,
    summary="Apply the recommendations of a finished pricing job",
    description=(
        "Writes the prices that the job's result shows, without computing anew, each once and within the tenant's "
        "guardrails. Where the marketplace is another system, the changes are pending until the marketplace has them."
    ),
    parameters=HEADERS,
    request={
        "application/json": {
            "type": "object",
            "additionalProperties": False,
            "required": ["job_id"],
            "properties": {
                "job_id": {"type": "string", "description": "A completed pricing_recalculate job."},
                "skus": {
                    "type": ["array", "null"],
                    "items": {"type": "string"},
                    "minItems": 1,
                    "maxItems": 1000,
                    "description": "Only these; all of the job's without it.",
                },
            },
        }
    },
    responses={201: serializers.AppliedAnswer, **errors(400, 404, 409, 413, 415, 422)},
)
