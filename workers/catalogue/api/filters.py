"""What lists of products, and of what belongs to them, share: filters by marketplace and SKU, and cursors."""

import re
from collections.abc import Callable
from typing import TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, PAGE, parameter
from aijobs.api.wire.pagination import cursor_of, invalid_cursor, limit_of, page_response
from workers.catalogue.models import LONGEST_SKU, MARKETPLACE_PATTERN
from workers.catalogue.pages import row_id

MARKETPLACE = re.compile(MARKETPLACE_PATTERN)
# Between the parts of a cursor's key: no field may hold it.
SEPARATOR = "\x1f"

MARKETPLACE_SCHEMA = {"type": "string", "pattern": f"^{MARKETPLACE_PATTERN}$"}
# How `filtered` and the pages are described in OpenAPI.
FILTERS = [
    *HEADERS,
    parameter("marketplace", MARKETPLACE_SCHEMA, "Show only what belongs to this marketplace."),
    parameter("sku", {"type": "string", "minLength": 1, "maxLength": LONGEST_SKU}, "Show only this SKU."),
    *PAGE,
]

Row = TypeVar("Row", bound=Model)


def marketplace_of(query: QueryDict) -> str | None:
    """The `marketplace` parameter. Raises InvalidFilter."""
    name = query.get("marketplace")
    if name is None or MARKETPLACE.fullmatch(name):
        return name
    raise invalid("marketplace", "must have 1 to 32 of the characters a-z, 0-9 and _, for example amazon_us")


def filtered(request: Request, rows: QuerySet[Row], marketplace_field: str, sku_field: str) -> QuerySet[Row]:
    """The rows that the parameters ask for. Raises InvalidFilter."""
    query = request.query_params
    check_names(query, {"marketplace", "sku", "limit", "cursor"})
    if (marketplace := marketplace_of(query)) is not None:
        rows = rows.filter(**{marketplace_field: marketplace})
    if (sku := query.get("sku")) is not None:
        if not sku or "\x00" in sku or len(sku) > LONGEST_SKU:
            raise invalid("sku", f"must have 1 to {LONGEST_SKU} characters")
        rows = rows.filter(**{sku_field: sku})
    return rows


def cursor_parts(query: QueryDict, parts: int) -> list[str] | None:
    """The parts of the last shown row's key. Raises InvalidFilter for a cursor that we never gave."""
    key = cursor_of(query)
    if key is None:
        return None
    found = key.split(SEPARATOR)
    if len(found) != parts or "\x00" in key:
        raise invalid_cursor()
    return found


def number(text: str) -> int:
    """An id within a cursor. Raises InvalidFilter."""
    try:
        return row_id(text)
    except ValueError:
        raise invalid_cursor() from None


def page(
    request: Request, rows: QuerySet[Row], show: Callable[[Row], object], key: Callable[[Row], list[str]]
) -> Response:
    """One page of rows that already start behind the cursor; `key` is what the next one starts behind."""
    return page_response(rows, limit_of(request.query_params), show, lambda row: SEPARATOR.join(key(row)))
