"""What the dispatch of a job and that of a batch have in common."""

from collections.abc import Callable, Mapping, Sequence

import orjson
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import dispatching, idempotency
from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import json_object
from aijobs.api.wire.envelope import data_response, to_json
from aijobs.api.wire.openapi import HEADERS
from aijobs.engine.accepting import FirstAnswer, NewBatch, NewJob

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 255},
    OpenApiParameter.HEADER,
    description="The same key and body replays the first answer for 24 hours, with Idempotency-Replayed: true.",
)
LOCATION = OpenApiParameter(
    "Location",
    str,
    OpenApiParameter.HEADER,
    required=True,
    response=[201],
    description="Where to watch it, as in /api/ai-jobs/job_01JQZ4X5M8N9P0Q1R2S3T4V5W6.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    {"type": "string", "enum": ["true"]},
    OpenApiParameter.HEADER,
    response=[201],
    description="On the repeated answer to an Idempotency-Key.",
)
DISPATCH_HEADERS = [*HEADERS, IDEMPOTENCY_KEY, LOCATION, REPLAYED]


class Dispatch:
    """A request that dispatches jobs: whose it is, and what it asks for."""

    def __init__(self, request: Request, endpoint: str) -> None:
        """Raises InvalidRequest, UnsupportedMediaType, PayloadTooLarge and InvalidParams."""
        self.tenant = tenant_of(request)
        self._key = idempotency.validate(request.META.get("HTTP_IDEMPOTENCY_KEY"))
        self.body = json_object(request)
        self._endpoint = endpoint

    def accept(
        self,
        jobs: Sequence[NewJob],
        batch: NewBatch | None,
        data: Mapping[str, object],
        location: Callable[[Mapping[str, object]], str],
    ) -> Response:
        """201 with `data`, or with what the first request of this Idempotency-Key was answered."""
        first = self._first_answer(data) if self._key else None
        replayed = dispatching.accept(self.tenant, jobs, batch=batch, first_answer=first)
        if replayed is None:
            return data_response(data, status=201, headers={"Location": location(data)})
        data = orjson.loads(replayed)
        headers = {"Location": location(data), "Idempotency-Replayed": "true"}
        return data_response(data, status=201, headers=headers)

    def _first_answer(self, data: Mapping[str, object]) -> FirstAnswer:
        fingerprint = idempotency.fingerprint(self._endpoint, self.body)
        return FirstAnswer(str(self._key), fingerprint, to_json(data).decode())
