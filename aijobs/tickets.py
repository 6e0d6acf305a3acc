"""Tickets: leave to read one tenant's jobs for five minutes, for whoever cannot send a key (a browser's EventSource).

A ticket may be in an address, where a key never is. It names the key that it was made with, and is worth no more:
when that is revoked, or loses its scope or its tenant, so has the ticket.
"""

from dataclasses import dataclass

from django.core import signing

from aijobs.auth import Principal, TenantAccess, of_ticket
from aijobs.errors import TenantMismatch, Unauthenticated

SECONDS = 300
_SIGNER = "aijobs.tickets"


@dataclass(frozen=True, slots=True)
class Holder:
    """Who shows a ticket."""

    principal: Principal
    tenant: TenantAccess


def issue(principal: Principal, tenant: TenantAccess) -> str:
    return _signer().sign(f"{principal.key_id}-{tenant.id}")


def redeem(ticket: str, tenant_name: str | None) -> Holder:
    """`tenant_name`: what the caller says, if anything. Raises Unauthenticated, TenantMismatch, TenantSuspended."""
    try:
        key_id, tenant_id = map(int, _signer().unsign(ticket, max_age=SECONDS).split("-"))
    except signing.SignatureExpired:
        raise Unauthenticated("This ticket has expired. Get another one: POST /api/ai-jobs/events/ticket.") from None
    except (signing.BadSignature, ValueError):
        raise Unauthenticated(
            "This ticket is not one of the service's. Get one: POST /api/ai-jobs/events/ticket."
        ) from None
    principal = of_ticket(key_id)
    names = [each.name for each in principal.tenants if each.id == tenant_id]
    if not names:
        raise TenantMismatch()
    if tenant_name is not None and tenant_name != names[0]:
        raise TenantMismatch("This ticket is for another tenant than the one in X-Tenant-ID.")
    return Holder(principal, principal.tenant(names[0]))


def _signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=_SIGNER, sep=".")
