"""Keyset pagination, newest first: a page is `{"data": […], "pagination": {"next_cursor", "has_more"}}`.

A cursor is the key of the last row shown, so a page stays what it is while rows are added in front of it. The address
of the next page is also in the header `Link`, as RFC 8288 has it.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from itertools import accumulate

from django.http import QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.wire.filters import invalid
from aijobs.errors import InvalidFilter

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 200
# Of a page's documents: a process cannot hold two hundred of many megabytes each.
MOST_BYTES = 8 * 1024 * 1024


def limit_of(query: QueryDict) -> int:
    """The `limit` parameter, 1 to 200. Raises InvalidFilter."""
    text = query.get("limit", str(DEFAULT_LIMIT))
    if text.isascii() and text.isdecimal() and len(text) < 5 and 1 <= int(text) <= LARGEST_LIMIT:
        return int(text)
    raise invalid("limit", f"must be a whole number from 1 to {LARGEST_LIMIT}")


def cursor_of(query: QueryDict) -> str | None:
    """The key inside the `cursor` parameter. Raises InvalidFilter for a cursor that we never gave."""
    text = query.get("cursor")
    if text is None:
        return None
    try:
        key = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except (binascii.Error, UnicodeError):
        raise invalid_cursor() from None
    # Decoding overlooks what is no base 64; a cursor comes back exactly as it was given.
    if encode_cursor(key) != text:
        raise invalid_cursor()
    return key


def invalid_cursor() -> InvalidFilter:
    return invalid("cursor", "must be the next_cursor of an earlier page")


def encode_cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def fitting(sizes: Iterable[int]) -> int:
    """How many rows fit on one page, by the sizes of their documents: one at least, whatever it has."""
    return max(1, sum(size <= MOST_BYTES for size in accumulate(sizes)))


def page_response(request: Request, shown: Sequence[object], next_key: str | None) -> Response:
    """One page of rows as they are shown, and the key behind which the next one begins, if there are others."""
    cursor = None if next_key is None else encode_cursor(next_key)
    headers = {} if cursor is None else link_to(request.path, request.query_params, cursor)
    pagination = {"next_cursor": cursor, "has_more": cursor is not None}
    return Response({"data": shown, "pagination": pagination}, headers=headers)


def link_to(path: str, query: QueryDict, cursor: str) -> dict[str, str]:
    """The header, of the same list with another cursor. Without a host: who forwards the request has another one."""
    following = query.copy()
    following["cursor"] = cursor
    return {"Link": f'<{path}?{following.urlencode()}>; rel="next"'}
