"""Requests that are sent again: an Idempotency-Key, and the first answer to it."""

from collections.abc import Callable, Mapping

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import idempotency
from aijobs.api.wire.envelope import data_response

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": f"^{idempotency.PATTERN}$", "examples": ["order-4711"]},
    OpenApiParameter.HEADER,
    description="A key of your choice for this request. If you send the same request with the same key again within "
    "24 hours, you get the first answer with `Idempotency-Replayed: true`, and nothing is done a second time.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[201],
    description="Present when this is the first answer to your Idempotency-Key, repeated.",
)
AS_REPLAYED = {REPLAYED.name: "true"}


def idempotency_key_of(request: Request) -> str | None:
    """Raises InvalidRequest."""
    return idempotency.validate(request.META.get("HTTP_IDEMPOTENCY_KEY"))


def replay(stored: str, location: Callable[[Mapping[str, object]], str]) -> Response:
    """The first answer to an Idempotency-Key."""
    answer = orjson.loads(stored)
    return data_response(answer, status=201, headers={"Location": location(answer), **AS_REPLAYED})
