"""How the catalogue's endpoints are described in OpenAPI."""

from collections.abc import Callable

from drf_spectacular.utils import OpenApiExample, extend_schema

from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from workers.catalogue.api import serializers
from workers.catalogue.api.filters import FILTERS, MARKETPLACE_SCHEMA

_TAGS = ["Catalogue"]
_IMPORT = [
    *HEADERS,
    parameter("marketplace", MARKETPLACE_SCHEMA, "Where the products are sold.", required=True),
    parameter("dry_run", bool, "true: check and count, write nothing."),
]
_BODY = {"text/csv": {"type": "string"}, "application/x-ndjson": {"type": "string"}}


def _csv(name: str, value: str) -> list[OpenApiExample]:
    return [OpenApiExample(name, value, request_only=True, media_type="text/csv")]


list_products: Callable[[View], View] = extend_schema(
    operation_id="list_products",
    tags=_TAGS,
    summary="List products, by marketplace and SKU",
    parameters=FILTERS,
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
    parameters=FILTERS,
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
    parameters=FILTERS,
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
