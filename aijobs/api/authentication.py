"""`Authorization: Bearer <key>` and `X-Tenant-ID`, and the scopes that views ask for."""

from typing import TYPE_CHECKING, cast

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from aijobs import scopes, tickets
from aijobs.auth import Principal, TenantAccess, authenticate
from aijobs.errors import InsufficientScope, Unauthenticated
from aijobs.models import ApiKey
from aijobs.tickets import Holder

if TYPE_CHECKING:
    # Django REST framework's views import this module through the settings.
    from rest_framework.views import APIView


def bearer_of(authorization: str) -> str:
    """The key in the header. Raises Unauthenticated where it has none."""
    scheme, _, secret = authorization.partition(" ")
    # A key is ASCII; other characters may stand for bytes that cannot even be hashed.
    if scheme.lower() != "bearer" or not secret.strip() or not secret.isascii():
        raise Unauthenticated()
    return secret.strip()


class ApiKeyAuthentication(BaseAuthentication):
    """Sets `request.user` to the Principal and `request.auth` to the TenantAccess that the call is about."""

    def authenticate(self, request: Request) -> tuple[Principal, TenantAccess]:
        """By a ticket too, where the view takes one: a browser asks for streams without a key."""
        view = (request.parser_context or {}).get("view")
        takes_ticket = getattr(view, "action", None) in getattr(view, "with_tickets", ())
        ticket = request.query_params.get("ticket") if takes_ticket else None
        authorization = request.META.get("HTTP_AUTHORIZATION")
        holder = identify(authorization, request.META.get("HTTP_X_TENANT_ID"), ticket)
        return holder.principal, holder.tenant


def identify(authorization: str | None, tenant_name: str | None, ticket: str | None) -> Holder:
    """Whose request it is, by a key or, where there is none, by a ticket. Raises what the API answers."""
    if authorization is None and ticket is not None:
        return tickets.redeem(ticket, tenant_name)
    principal = authenticate(bearer_of(authorization or ""))
    return Holder(principal, principal.tenant(tenant_name))


class HasScope(BasePermission):
    """A view names its scopes per method: `scopes = {"GET": "catalogue:read", "POST": "catalogue:write"}`.

    What it does not name is refused to everybody: a view that forgets one is shut, not open.
    """

    def has_permission(self, request: Request, view: "APIView") -> bool:
        method = "GET" if request.method == "HEAD" else str(request.method)
        # What the view does not have answers 405, whoever asks.
        if not hasattr(view, method.lower()):
            return True
        required: str | None = getattr(view, "scopes", {}).get(method)
        if required is None:
            raise InsufficientScope("No API key may do this.")
        if not scopes.grants(principal_of(request).scopes, required):
            raise InsufficientScope(scopes.lacking(required))
        return True


def principal_of(request: Request) -> Principal:
    """Who makes an authenticated request."""
    return cast("Principal", request.user)


def key_prefix_of(request: Request) -> str:
    """The first characters of the caller's key, which is how people know it."""
    return ApiKey.objects.values_list("prefix", flat=True).get(pk=principal_of(request).key_id)


def tenant_of(request: Request) -> TenantAccess:
    """The tenant that an authenticated request is about."""
    return cast("TenantAccess", request.auth)
