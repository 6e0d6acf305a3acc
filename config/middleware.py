"""Sessions, log-in and messages, where they are used: in the admin; what a browser may load; and refusals when busy.

The API has no sessions; Django's own middleware took a tenth of a dispatch there to find nothing.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

from aijobs.api.wire.envelope import plain_refusal
from aijobs.errors import ServiceUnavailable
from config.gateway import BUSY, STAFF

# Everything that a page loads comes from ourselves, and what it asks for from us and the events process, where that
# has an address of its own. No script or style is written into a page: where a text of a stranger should ever become
# markup, it does nothing. Swagger UI and the admin have pictures in their stylesheets.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src {asked}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# An answer of the API is data, whatever a browser takes it for.
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"


class ContentSecurityPolicyMiddleware:
    """One header on every answer. Django 6 has such a middleware; django-csp's last release is of April 2025."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        events = urlsplit(settings.AIJOBS_EVENTS_URL)
        asked = f"'self' {events.scheme}://{events.netloc}" if events.netloc else "'self'"
        self.page_policy = PAGE_POLICY.format(asked=asked)

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != HTTPStatus.NOT_MODIFIED:
            # A browser goes by what it got with the body.
            is_page = response.get("Content-Type", "").startswith("text/html")
            response["Content-Security-Policy"] = self.page_policy if is_page else DATA_POLICY
        return response


class _ForAdmin(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        handle = super().__call__ if request.path_info.startswith(STAFF) else self.get_response
        return cast("HttpResponseBase", handle(request))


class SessionMiddleware(_ForAdmin, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(_ForAdmin, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(_ForAdmin, messages.MessageMiddleware):
    pass


class BusyMiddleware:
    """The last one, so that what the others add (request id, CORS) is there on the refusal too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if BUSY not in request.META:
            return self.get_response(request)
        return plain_refusal(ServiceUnavailable("The service is busy. Try again in a moment.", retry_after=2))
