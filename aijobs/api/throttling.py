"""The limit on requests, and the headers that say what is left: draft-ietf-httpapi-ratelimit-headers-11."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from aijobs import limiting
from aijobs.api.authentication import principal_of, tenant_of
from aijobs.errors import RateLimited
from aijobs.limiting import WINDOW_SECONDS, Standing
from aijobs.tickets import Holder

if TYPE_CHECKING:
    # Django REST framework's views import this module through the settings.
    from rest_framework.views import APIView

POLICY = "requests"
# Where the middleware finds it, in the WSGI environment.
STANDING = "aijobs.standing"


class KeyThrottle(BaseThrottle):
    """Each key has an allowance with each of its tenants. What needs no key is not counted."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Raises RateLimited."""
        if request.user is None:
            return True
        standing = count(Holder(principal_of(request), tenant_of(request)))
        request.META[STANDING] = standing
        if standing.retry_after is not None:
            raise RateLimited(retry_after=standing.retry_after)
        return True


def count(holder: Holder, apart: str = "") -> Standing:
    """One request of a key. `apart`: what has an allowance of its own, of the same size."""
    tenant = holder.tenant
    limit = settings.AIJOBS_RATE_LIMIT if tenant.rate_limit is None else tenant.rate_limit
    return limiting.use(f"{apart}{holder.principal.key_id}.{tenant.id}", limit)


def policy_of(standing: Standing) -> str:
    return f'"{POLICY}";q={standing.limit};w={WINDOW_SECONDS}'


def left_of(standing: Standing) -> str:
    return f'"{POLICY}";r={standing.left};t={standing.seconds}'


def tell(request: HttpRequest, response: HttpResponse) -> None:
    """Say in headers what is left, where the request was counted."""
    standing: Standing | None = request.META.get(STANDING)
    if standing is None:
        return
    response["RateLimit-Policy"] = policy_of(standing)
    # Who has none left might wait before it follows a redirection, to where it has another allowance.
    if response.status_code != HTTPStatus.TEMPORARY_REDIRECT:
        response["RateLimit"] = left_of(standing)
