"""The wire format of every answer: `{"data": …}` or `{"error": {"code", "message", "details"?}}`."""

import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFieldsSent
from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from rest_framework import exceptions
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.errors import (
    ApiError,
    DatabaseBusy,
    Details,
    FieldError,
    Forbidden,
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    PayloadTooLarge,
    ServiceUnavailable,
    UnsupportedMediaType,
)
from aijobs.shapes import timestamp
from aijobs.sql import CONNECTION_ERRORS, is_given_up

if TYPE_CHECKING:
    from aijobs.postgresql.base import DatabaseWrapper

logger = logging.getLogger(__name__)

# Of an error's answer: entries in its details, and characters of a path and of a message.
MOST_ERRORS = 100
LONGEST_PATH = 200
LONGEST_MESSAGE = 1_000

# What Django REST framework's own refusals are, by their status.
REFUSALS: dict[int, type[ApiError]] = {
    each.status: each
    for each in (InvalidRequest, Forbidden, NotFound, MethodNotAllowed, NotAcceptable, UnsupportedMediaType)
}
UNREADABLE = "The service cannot read the request. Check its address, its Host header and its other headers."


def to_json(value: object) -> bytes:
    """Money is a JSON number, a moment as `timestamp` writes it."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


class JsonRenderer(BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else to_json(data)


class AlwaysJson(BaseContentNegotiation):
    """The API speaks JSON whatever the Accept header says, as a browser's address bar or curl would expect."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        """None: views read their bodies themselves, see `json_object`."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


def data_response(data: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response({"data": data}, status=status, headers=headers)


def error_body(code: str, message: str, details: Details | None = None) -> dict[str, object]:
    error: dict[str, object] = {"code": code, "message": _cut(message, LONGEST_MESSAGE)}
    if details is not None:
        error["details"] = _bounded(details)
    return {"error": error}


def _bounded(details: Details) -> object:
    """The first errors, and how many more there are: a body may be nothing but errors, with names of any length."""
    if isinstance(details, Mapping):
        # A batch's, beside what else is to be said.
        errors = details.get("errors")
        return {**details, "errors": _bounded(errors)} if isinstance(errors, list) else details
    shown: list[FieldError] = [
        {
            **error,
            "path": _cut(error.get("path", ""), LONGEST_PATH),
            "message": _cut(error.get("message", ""), LONGEST_MESSAGE),
        }
        for error in details[:MOST_ERRORS]
    ]
    if (more := len(details) - len(shown)) > 0:
        are = "error is" if more == 1 else "errors are"
        shown.append({"path": "", "message": f"{more:,} more {are} not listed here."})
    return shown


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def error_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """Django REST framework's exception handler: every error becomes the one envelope."""
    if isinstance(error, exceptions.APIException):
        known = REFUSALS.get(error.status_code, InternalError)
        # Its own words would name the method in quotation marks, and not say which there are.
        message = known.default_message if known is MethodNotAllowed else str(error.detail)
        return Response(error_body(known.code, message), status=error.status_code)
    refusal = refusal_of(error)
    body = error_body(refusal.code, refusal.message, refusal.details)
    return Response(body, status=refusal.status, headers=headers_of(refusal))


def refusal_of(error: Exception) -> ApiError:
    """What the API answers where an exception comes up."""
    if isinstance(error, CONNECTION_ERRORS):
        return _of_database(error)
    if isinstance(error, RequestDataTooBig):
        return PayloadTooLarge()
    if isinstance(error, TooManyFieldsSent):
        most = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS
        return InvalidRequest(f"The request has more than {most:,} query parameters. Send fewer.")
    if isinstance(error, SuspiciousOperation):
        # What Django says of it is for whoever runs the service.
        logger.warning("a request was refused: %s", error)
        return InvalidRequest(UNREADABLE)
    if isinstance(error, Http404):
        return NotFound()
    if isinstance(error, ApiError):
        return error
    logger.error("unexpected error", exc_info=error)
    return InternalError()


def _of_database(error: Exception) -> ApiError:
    if is_given_up(error):
        logger.warning("the database gave a request up: %s", error)
        return DatabaseBusy(retry_after=1)
    logger.warning("the database does not answer: %s", error)
    # Not looked at one by one: each look may take as long as this request has waited.
    cast("DatabaseWrapper", connection).drop_idle()
    return ServiceUnavailable(retry_after=2)


def headers_of(error: ApiError) -> dict[str, str]:
    headers: dict[str, str] = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="ai-jobs"'
    return headers


def plain_refusal(error: ApiError) -> HttpResponse:
    body = to_json(error_body(error.code, error.message))
    return HttpResponse(body, status=error.status, content_type="application/json", headers=headers_of(error))


def refusal(request: HttpRequest, error: ApiError) -> HttpResponse:
    """As JSON, always under /api/; elsewhere a page for who asks for one: staff in the admin, with a browser."""
    asks_for_page = request.get_preferred_type(["application/json", "text/html"]) == "text/html"
    if not asks_for_page or request.path.startswith("/api/"):
        return plain_refusal(error)
    context = {"error": error, "in_admin": request.path.startswith("/admin/")}
    page = render_to_string("aijobs/refusal.html", context)
    return HttpResponse(page, status=error.status, headers={**headers_of(error), "Cache-Control": "no-store"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, InvalidRequest(UNREADABLE))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, Forbidden())


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refusal(request, NotFound())


def server_error(request: HttpRequest) -> HttpResponse:
    """Also of the admin, whose views have no handler of their own: Django calls this while it handles the error."""
    error = sys.exception()
    if isinstance(error, CONNECTION_ERRORS):
        return refusal(request, _of_database(error))
    return refusal(request, InternalError())
