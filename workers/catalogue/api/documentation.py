"""How the catalogue's endpoints are described in OpenAPI."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from aijobs.api.wire.openapi import HEADERS, PAGE, View, errors, parameter
from workers.catalogue.api import serializers
from workers.catalogue.models import LONGEST_SKU

_TAGS = ["Catalogue"]
_MARKETPLACE: dict[str, Any] = {"type": "string", "pattern": "^[a-z0-9_]{1,32}$"}
_FILTERS = [
    *HEADERS,
    parameter("marketplace", _MARKETPLACE, "Only of this marketplace."),
    parameter("sku", {"type": "string", "minLength": 1, "maxLength": LONGEST_SKU}, "Only this SKU."),
    *PAGE,
]
_IMPORT = [
    *HEADERS,
    parameter("marketplace", _MARKETPLACE, "Where the products are sold.", required=True),
    parameter("dry_run", bool, "true: check and count, write nothing."),
]
_BODY = {"text/csv": {"type": "string"}, "application/x-ndjson": {"type": "string"}}


def _csv(name: str, value: str) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True, media_type="text/csv")]


list_products: Callable[[View], View] = extend_schema(
    operation_id="list_products",
    tags=_TAGS,
    summary="List products, by marketplace and SKU",
    parameters=_FILTERS,
    responses={200: serializers.ProductList, **errors(422)},
)
import_products: Callable[[View], View] = extend_schema(
    operation_id="import_products",
    tags=_TAGS,
    summary="Import products",
    description=(
        "CSV with a header row, or one JSON object per line. Columns: sku, title, price, and optionally brand, "
        "category, cost, currency, min_price, max_price, map_price, stock, external_id (such as an ASIN), "
        "competitor_urls (separated by spaces). Columns that are not there keep what is stored; an empty cell "
        "clears. A bad row is reported and the good ones land; repeating an import is safe."
    ),
    parameters=_IMPORT,
    request=_BODY,
    examples=_csv("Products", "sku,title,cost,price,currency\nSKU-001,Steel bottle 0.7 l,6.20,14.99,USD\n"),
    responses={200: serializers.ReportAnswer, **errors(400, 415, 422)},
)
list_sales: Callable[[View], View] = extend_schema(
    operation_id="list_sales",
    tags=_TAGS,
    summary="List sales, by product, the newest first",
    parameters=_FILTERS,
    responses={200: serializers.SaleList, **errors(422)},
)
import_sales: Callable[[View], View] = extend_schema(
    operation_id="import_sales",
    tags=_TAGS,
    summary="Import sales",
    description=(
        "Columns: sku, date, price, units, and optionally promoted (true, false, or the share of the period). A date "
        "may stand for a week: the spacing is inferred. Otherwise as for products."
    ),
    parameters=_IMPORT,
    request=_BODY,
    examples=_csv("Sales", "sku,date,price,units,promoted\nSKU-001,2026-03-12,14.99,31,false\n"),
    responses={200: serializers.ReportAnswer, **errors(400, 415, 422)},
)
list_offers: Callable[[View], View] = extend_schema(
    operation_id="list_offers",
    tags=_TAGS,
    summary="List competitors' offers, by product, the newest first",
    parameters=_FILTERS,
    responses={200: serializers.OfferList, **errors(422)},
)
import_offers: Callable[[View], View] = extend_schema(
    operation_id="import_offers",
    tags=_TAGS,
    summary="Import competitors' offers",
    description=(
        "Columns: sku, seller, price, and optionally shipping, currency (the product's, which is also the only one "
        "that can be compared), condition (new, used, refurbished or collectible), fulfilment, is_buy_box, url, "
        "fetched_at (now). Offers are kept as history; the newest of each seller, condition and fulfilment counts. "
        "Otherwise as for products."
    ),
    parameters=_IMPORT,
    request=_BODY,
    examples=_csv("Offers", "sku,seller,price,shipping,is_buy_box\nSKU-001,BestShop,13.49,0,true\n"),
    responses={200: serializers.ReportAnswer, **errors(400, 415, 422)},
)
get_repricing_policy: Callable[[View], View] = extend_schema(
    operation_id="get_repricing_policy",
    tags=_TAGS,
    summary="What the tenant allows all repricing to do",
    parameters=HEADERS,
    responses={200: serializers.PolicyAnswer, **errors(422)},
)
change_repricing_policy: Callable[[View], View] = extend_schema(
    operation_id="change_repricing_policy",
    tags=_TAGS,
    summary="Change the repricing policy",
    description="Only what is sent changes. `repricing_enabled: false` is the kill switch, and takes effect at once.",
    parameters=HEADERS,
    request={"application/json": serializers.PolicyRequest},
    responses={200: serializers.PolicyAnswer, **errors(400, 413, 415, 422)},
)
_CHANGE_ID = OpenApiParameter("change_id", int, OpenApiParameter.PATH)
get_price_change: Callable[[View], View] = extend_schema(
    operation_id="get_price_change",
    tags=_TAGS,
    summary="Get a price change",
    parameters=[*HEADERS, _CHANGE_ID],
    responses={200: serializers.PriceChangeAnswer, **errors(404)},
)
revert_price_change: Callable[[View], View] = extend_schema(
    operation_id="revert_price_change",
    tags=_TAGS,
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
    tags=_TAGS,
    summary="List price changes, the newest first",
    parameters=_FILTERS,
    responses={200: serializers.PriceChangeList, **errors(422)},
)
apply_price_changes: Callable[[View], View] = extend_schema(
    operation_id="apply_price_changes",
    tags=_TAGS,
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
