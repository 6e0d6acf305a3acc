"""X-Request-ID on every response and in every line of the log: the caller's, if it sent a sane one."""

import re
from collections.abc import Callable
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from structlog.contextvars import bind_contextvars, clear_contextvars

from aijobs.api import throttling
from aijobs.identifiers import REQUEST_ID_PATTERN

_SANE = re.compile(REQUEST_ID_PATTERN)


class RequestMiddleware:
    """Outermost, so that refusals of other middleware carry the id too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        sent = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = sent if _SANE.fullmatch(sent) else str(uuid4())
        request.META["HTTP_X_REQUEST_ID"] = request_id
        # Not unbound at the end: the line that Django logs about a refusal or a failure comes later.
        clear_contextvars()
        bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        throttling.tell(request, response)
        return response
