"""A connection's credentials, which are in the database only in sealed form."""

from collections.abc import Mapping

from aijobs.outbound import sealing
from aijobs.outbound.failures import CredentialsRefused
from workers.marketplaces.models import Connection

# Part of what the keys are derived from: with another name, nothing that is stored could be read.
_PURPOSE = "marketplace"


def seal(connection: Connection, credentials: Mapping[str, str]) -> str:
    """The text to be stored with this connection, and that opens with no other one; empty where there are none."""
    if not credentials:
        return ""
    return sealing.seal(credentials, purpose=_PURPOSE, owner=_owner(connection))


def unseal(connection: Connection) -> dict[str, str]:
    """The credentials that are stored. Raises CredentialsRefused where no configured key opens them."""
    if not connection.sealed_credentials:
        return {}
    try:
        return sealing.unseal(connection.sealed_credentials, purpose=_PURPOSE, owner=_owner(connection))
    except sealing.Unreadable:
        raise CredentialsRefused(
            "CREDENTIALS_UNREADABLE",
            "The service cannot decrypt the credentials with its keys. Save them again.",
        ) from None


def rotate_all() -> tuple[int, list[str]]:
    """Encrypt all credentials with the first key; returns how many, and the connections that no key decrypts."""
    rotated, unreadable = 0, []
    for row in Connection.objects.exclude(sealed_credentials="").select_related("tenant").order_by("pk").iterator():
        try:
            renewed = sealing.rotate(row.sealed_credentials, purpose=_PURPOSE)
        except sealing.Unreadable:
            unreadable.append(f"{row.tenant.name}/{row.name}")
            continue
        # One that was saved meanwhile has the first key already.
        rotated += Connection.objects.filter(pk=row.pk, sealed_credentials=row.sealed_credentials).update(
            sealed_credentials=renewed
        )
    return rotated, unreadable


def _owner(connection: Connection) -> str:
    return f"{connection.tenant_id}:{connection.name}"
