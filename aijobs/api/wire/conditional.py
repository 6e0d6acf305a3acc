"""Conditional requests: what has not changed since the caller got it is answered 304, without a body."""

import hashlib

from django.utils.http import parse_etags
from rest_framework.request import Request

from aijobs.api.wire.envelope import to_json

# A cache may keep the answer for its own user, and has to ask each time whether it is still the right one.
CACHE_CONTROL = "private, no-cache"
# Of 96 bits two are the same by chance once in a thousand million years of a thousand changes a second.
DIGEST_BYTES = 12


def etag_of(*shown: object) -> str:
    """Another one whenever anything in `shown` is another. Weak: the bytes of the answer need not be the same."""
    return f'W/"{hashlib.blake2b(to_json(shown), digest_size=DIGEST_BYTES).hexdigest()}"'


def is_known(request: Request, etag: str) -> bool:
    """Whether If-None-Match names it, by the weak comparison."""
    known = parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))
    return any(each == "*" or each.removeprefix("W/") == etag.removeprefix("W/") for each in known)
