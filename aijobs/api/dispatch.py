"""What the dispatch of a job and that of a batch have in common."""

from collections.abc import Callable, Mapping

from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import dispatching, idempotency
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.api.repeating import IDEMPOTENCY_KEY, REPLAYED, idempotency_key_of, replay
from aijobs.api.validating import show_checked, show_replay
from aijobs.api.wire.bodies import json_object
from aijobs.api.wire.envelope import data_response, to_json
from aijobs.api.wire.filters import check_names, flag
from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, location, parameter
from aijobs.dispatching import B, Body, Wanted
from aijobs.engine.inserting import FirstAnswer, Origin
from aijobs.errors import IdempotencyConflict, IdempotencyKeyReused, InvalidJobType, QueueFull
from aijobs.refusals import Refusals

LOCATION = location("Where to poll for it, for example /api/ai-jobs/job_01JQZ4X5M8N9P0Q1R2S3T4V5W6.")
VALIDATE_ONLY = parameter(
    "validate_only",
    {"type": "boolean", "default": False},
    "Answer 200 with what a dispatch would come to, or with what refuses it, and store nothing.",
)
DISPATCH_HEADERS = [*HEADERS, IDEMPOTENCY_KEY, LOCATION, REPLAYED]
DISPATCH_ERRORS = (*OF_A_BODY, InvalidJobType, IdempotencyConflict, IdempotencyKeyReused, QueueFull)
# Of the descriptions: which reasons there are, the types know.
ADMISSION = (
    "A job type may also refuse a job with 422 for a reason of its own: `MARKETPLACE_NOT_CONFIGURED` means that you "
    "have no such marketplace."
)

Answer = Mapping[str, object]


def dispatch(
    request: Request,
    endpoint: str,
    read: Callable[[int, Body], Wanted[B]],
    show: Callable[[Wanted[B]], Answer],
    location: Callable[[Answer], str],
    body: Body | None = None,
) -> Response:
    """201 with what `show` makes of the accepted jobs, or with the first answer under this Idempotency-Key.

    An accepted request that is sent again is replayed whatever has changed since: a marketplace may be gone, or a
    type's params stricter. So on a refusal the key is looked up before the refusal is answered. `endpoint` is part of
    what the key stands for, in the database: it never changes. `body`: where that of the request says nothing. With
    `validate_only`, the same is looked at, and nothing is stored.
    """
    check_names(request.query_params, {"validate_only"})
    validate_only = flag(request.query_params, "validate_only")
    tenant = tenant_of(request)
    refusals = Refusals()
    key = refusals.collect(idempotency_key_of, request)
    body = json_object(request) if body is None else body
    fingerprint = idempotency.fingerprint(endpoint, body)
    wanted = refusals.collect(read, tenant.id, body)
    if wanted is None or refusals:
        if key and (stored := idempotency.find(tenant.id, key, fingerprint)):
            return data_response(show_replay()) if validate_only else replay(stored.answer, location)
        raise refusals.error()
    if validate_only:
        replays = key is not None and idempotency.find(tenant.id, key, fingerprint) is not None
        return data_response(show_replay() if replays else show_checked(wanted, dispatching.check(tenant, wanted)))
    answer = show(wanted)
    first = FirstAnswer(key, fingerprint, to_json(answer).decode()) if key else None
    origin = Origin(request_id_of(request), principal_of(request).key_id)
    replayed = dispatching.accept(tenant, wanted, first_answer=first, origin=origin)
    if replayed is not None:
        return replay(replayed, location)
    return data_response(answer, status=201, headers={"Location": location(answer)})


def request_id_of(request: Request) -> str:
    """The middleware has put it there, the caller's or one of its own."""
    request_id: str = request.META["HTTP_X_REQUEST_ID"]
    return request_id
