"""`/healthz` says that the process lives; `/readyz` says whether it can serve, and if not, what is down.

Both are open to anyone, so a reason names no host and no user; the log has the whole error.
"""

from typing import cast

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import invalid
from aijobs.api.wire.views import KnownMethods
from aijobs.errors import ApiError, InvalidFilter
from aijobs.health import deep_check, run_checks, warnings

RETRY_AFTER_SECONDS = 2


class NotReady(ApiError):
    code, status, default_message = "NOT_READY", 503, "The service is not ready. The details say why."
    advice = "Only `/readyz` answers this: what the details name is down, or wrong. Its operator has to mend it."


def _object(**properties: object) -> dict[str, object]:
    """The OpenAPI schema of an object that always has all these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _constant(value: str) -> dict[str, object]:
    return {"type": "string", "enum": [value]}


def _checks(selfcheck: dict[str, object]) -> dict[str, object]:
    """The schema of the checks, and of what the self-check adds to them where it was asked for."""
    return _with(_object(database=_TEXT, broker=_TEXT, migrations=_TEXT), selfcheck=selfcheck)


def _with(ordinary: dict[str, object], **optional: object) -> dict[str, object]:
    """The schema with properties that are not always there."""
    return {**ordinary, "properties": {**cast("dict[str, object]", ordinary["properties"]), **optional}}


_TEXT: dict[str, object] = {"type": "string"}
_LINES: dict[str, object] = {"type": "array", "items": _TEXT, "description": "One line for each broken rule."}
_ALIVE = _object(data=_object(status=_constant("alive")))
_WARNINGS: dict[str, object] = {
    "type": "array",
    "items": _TEXT,
    "description": "What slows the service down although it serves: a database transaction that has been open for "
    "more than a minute, or a replication slot that keeps old rows. The field is left out if there is nothing to "
    "warn of.",
}
_READY = _object(data=_with(_object(status=_constant("ready"), checks=_checks(_constant("ok"))), warnings=_WARNINGS))
_NOT_READY = _object(error=_object(code=_constant(NotReady.code), message=_TEXT, details=_checks(_LINES)))
_INVALID = _object(error=_object(code=_constant(InvalidFilter.code), message=_TEXT, details={"type": "array"}))
_DEEP = OpenApiParameter(
    "deep",
    {"type": "string", "enum": ["0", "1"], "default": "0"},
    description="With 1, the service also checks that the engine keeps its promises, as `manage.py selfcheck` does. "
    "That answer may be two seconds old.",
)


class HealthView(KnownMethods, APIView):
    """The process answers. It asks neither the database nor the broker for this."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="healthz",
        summary="Check that the process is alive",
        tags=["Health"],
        auth=[],
        responses={200: OpenApiResponse(_ALIVE, "The process is alive.")},
    )
    def get(self, request: Request) -> Response:
        return data_response({"status": "alive"})


class ReadyView(KnownMethods, APIView):
    """The service is ready if the database takes writes, the broker answers and every migration is applied.

    A transaction that stays open is a warning: to take the API away would not end it.
    """

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="readyz",
        summary="Check that the service is ready",
        tags=["Health"],
        auth=[],
        parameters=[_DEEP],
        responses={
            200: OpenApiResponse(_READY, "The database and the broker answer, and all migrations are applied."),
            422: OpenApiResponse(_INVALID, "INVALID_FILTER: `deep` must be 0 or 1."),
            503: OpenApiResponse(_NOT_READY, "NOT_READY: something is down or wrong. The details say what."),
        },
    )
    def get(self, request: Request) -> Response:
        deep = _wants_deep(request)
        checks = run_checks()
        if any(outcome != "ok" for outcome in checks.values()):
            raise NotReady(details=checks, retry_after=RETRY_AFTER_SECONDS)
        if deep:
            lines = deep_check.lines()
            if lines:
                raise NotReady(details={**checks, "selfcheck": lines}, retry_after=RETRY_AFTER_SECONDS)
            checks = {**checks, "selfcheck": "ok"}
        ready = {"status": "ready", "checks": checks}
        if found := warnings():
            ready["warnings"] = found
        return data_response(ready)


def _wants_deep(request: Request) -> bool:
    """Raises InvalidFilter. Other parameters do not matter: some probes add their own."""
    values = request.query_params.getlist("deep") or ["0"]
    if values not in (["0"], ["1"]):
        raise invalid("deep", "must be 0 or 1, and given only once")
    return values == ["1"]
