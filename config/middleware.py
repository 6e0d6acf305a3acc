"""Sessions, log-in and messages, where they are used: in the admin.

The API has none of them; Django's own took a tenth of a dispatch there to find nothing.
"""

from typing import cast

from django.contrib.auth import middleware as auth
from django.contrib.messages import middleware as messages
from django.contrib.sessions import middleware as sessions
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.deprecation import MiddlewareMixin

ADMIN = "/admin/"


class _ForAdmin(MiddlewareMixin):
    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        handle = super().__call__ if request.path_info.startswith(ADMIN) else self.get_response
        return cast("HttpResponseBase", handle(request))


class SessionMiddleware(_ForAdmin, sessions.SessionMiddleware):
    pass


class AuthenticationMiddleware(_ForAdmin, auth.AuthenticationMiddleware):
    pass


class MessageMiddleware(_ForAdmin, messages.MessageMiddleware):
    pass
