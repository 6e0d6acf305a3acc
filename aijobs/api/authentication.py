"""`Authorization: Bearer <key>` and `X-Tenant-ID`, and the scopes that views ask for."""

from typing import TYPE_CHECKING, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from aijobs.auth import Principal, TenantAccess, authenticate
from aijobs.errors import InsufficientScope, Unauthenticated

if TYPE_CHECKING:
    # Django REST framework's views import this module through the settings.
    from rest_framework.views import APIView


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the Principal and `request.auth` to the TenantAccess that the call is about."""

    def authenticate(self, request: Request) -> tuple[Principal, TenantAccess]:
        scheme, _, secret = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        # A key is ASCII; other characters may stand for bytes that cannot even be hashed.
        if scheme.lower() != "bearer" or not secret.strip() or not secret.isascii():
            raise Unauthenticated()
        principal = authenticate(secret.strip())
        return principal, principal.tenant(request.META.get("HTTP_X_TENANT_ID"))


class HasScope(BasePermission):
    """A view names its scopes per method: `scopes = {"GET": "catalogue:read", "POST": "catalogue:write"}`.

    "*:read" accepts every scope that ends in :read.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        scopes: dict[str, str] = getattr(view, "scopes", {})
        required = scopes.get("GET" if request.method == "HEAD" else str(request.method))
        # A method without a scope is one that the view does not have: let it answer 405.
        if required is None or _grants(principal_of(request).scopes, required):
            return True
        shown = "ai-jobs:read (or another :read scope)" if required == "*:read" else required
        raise InsufficientScope(f"The API key lacks the {shown} scope.")


def _grants(held: frozenset[str], required: str) -> bool:
    if required == "*:read":
        return any(scope.endswith(":read") for scope in held)
    return required in held


def principal_of(request: Request) -> Principal:
    """Who makes an authenticated request."""
    return cast("Principal", request.user)


def tenant_of(request: Request) -> TenantAccess:
    """The tenant that an authenticated request is about."""
    return cast("TenantAccess", request.auth)
