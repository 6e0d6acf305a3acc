"""What lists of products, and of what belongs to them, share: filters by marketplace and SKU, and cursors."""

import re
from datetime import date
from typing import TypeVar

from django.db.models import Model, Q
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.authentication import tenant_of
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, PAGE, parameter
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from aijobs.shapes import WITHOUT_NUL
from workers.catalogue.models import LONGEST_SKU, MARKETPLACE_PATTERN
from workers.catalogue.pages import Asked, Order, Pages, on_days

MARKETPLACE = re.compile(MARKETPLACE_PATTERN)
# Between the parts of a cursor's key: no field may hold it.
SEPARATOR = "\x1f"

MARKETPLACE_SCHEMA = {"type": "string", "pattern": f"^{MARKETPLACE_PATTERN}$", "examples": ["amazon_us"]}
SKU_SCHEMA = {
    "type": "string",
    "minLength": 1,
    "maxLength": LONGEST_SKU,
    "pattern": WITHOUT_NUL,
    "examples": ["SKU-001"],
}
DAY_SCHEMA = {"type": "string", "format": "date"}
# How `page` is described in OpenAPI.
FILTERS = [
    *HEADERS,
    parameter("marketplace", MARKETPLACE_SCHEMA, "Show only what belongs to this marketplace."),
    parameter("sku", SKU_SCHEMA, "Show only this SKU."),
    *PAGE,
]
# And with days.
DAYS = [
    parameter("from", DAY_SCHEMA, "Show only what is of this day or later, in UTC."),
    parameter("to", DAY_SCHEMA, "Show only what is of this day or earlier, in UTC."),
]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)

Row = TypeVar("Row", bound=Model)


def marketplace_of(query: QueryDict) -> str | None:
    """The `marketplace` parameter. Raises InvalidFilter."""
    name = query.get("marketplace")
    if name is None or MARKETPLACE.fullmatch(name):
        return name
    raise invalid("marketplace", "must have 1 to 32 of the characters a-z, 0-9 and _, for example amazon_us")


def required_marketplace(query: QueryDict) -> str:
    """The `marketplace` parameter, where nothing is done without it. Raises InvalidFilter."""
    name = marketplace_of(query)
    if name is None:
        raise invalid("marketplace", "is required, for example marketplace=amazon_us")
    return name


def page(request: Request, pages: Pages[Row], day: str | None = None) -> Response:
    """The page of the tenant's rows that the parameters ask for. Raises InvalidFilter.

    `day`: the column of the day or the moment that a row is of, if it may be asked for.
    """
    query = request.query_params
    check_names(query, {"marketplace", "sku", "limit", "cursor", *(("from", "to") if day else ())})
    tenant_id = tenant_of(request).id
    within = on_days(pages.rows(tenant_id).model, day, *days_of(query)) if day else Q()
    asked = Asked(tenant_id, marketplace_of(query), sku_of(query), within)
    limit = limit_of(query)
    try:
        found = pages.after(asked, _key_of(query, pages.order), limit)
    except ValueError:
        raise invalid_cursor() from None
    next_key = None if found.next_key is None else SEPARATOR.join(found.next_key)
    return page_response(request, [pages.show(row) for row in found.rows], next_key)


def sku_of(query: QueryDict) -> str | None:
    """The `sku` parameter. Raises InvalidFilter."""
    sku = query.get("sku")
    if sku is not None and (not sku or "\x00" in sku or len(sku) > LONGEST_SKU):
        raise invalid("sku", f"must have 1 to {LONGEST_SKU} characters")
    return sku


def days_of(query: QueryDict) -> tuple[date | None, date | None]:
    """The parameters `from` and `to`. Raises InvalidFilter."""
    first, last = _day_of(query, "from"), _day_of(query, "to")
    if first and last and first > last:
        raise invalid("from", "must not be after to")
    return first, last


def _day_of(query: QueryDict, name: str) -> date | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise invalid(name, "must be a date, for example 2026-03-12")


def _key_of(query: QueryDict, order: Order) -> list[str] | None:
    """The key of the row that was shown last. Raises InvalidFilter for a cursor that we never gave."""
    cursor = cursor_of(query)
    if cursor is None:
        return None
    key = cursor.split(SEPARATOR)
    if len(key) != len(order.columns) or "\x00" in cursor:
        raise invalid_cursor()
    return key
