"""A connection's credentials, which are in the database only in sealed form."""

from collections.abc import Iterator, Mapping

from aijobs.outbound import sealing
from aijobs.outbound.failures import CredentialsRefused
from workers.connections.models import StoredConnection


def seal(connection: StoredConnection, credentials: Mapping[str, str]) -> str:
    """The text to be stored with this connection, and that opens with no other one; empty where there are none."""
    if not credentials:
        return ""
    return sealing.seal(credentials, purpose=connection.purpose, owner=_owner(connection))


def unseal(connection: StoredConnection) -> dict[str, str]:
    """The credentials that are stored. Raises CredentialsRefused where no configured key opens them."""
    if not connection.sealed_credentials:
        return {}
    try:
        return sealing.unseal(connection.sealed_credentials, purpose=connection.purpose, owner=_owner(connection))
    except sealing.Unreadable:
        raise CredentialsRefused(
            "CREDENTIALS_UNREADABLE",
            "The service cannot decrypt the credentials with its keys. Save them again.",
        ) from None


def all_sealed() -> Iterator[StoredConnection]:
    """Every connection that has credentials, to marketplaces, assistants and whatever else there is."""
    for model in StoredConnection.__subclasses__():
        rows = model._default_manager.exclude(sealed_credentials="").select_related("tenant").order_by("pk")
        yield from rows.iterator()


def rotate_all() -> tuple[int, list[str]]:
    """Encrypt all credentials with the first key; returns how many, and the connections that no key decrypts."""
    rotated, unreadable = 0, []
    for row in all_sealed():
        try:
            renewed = sealing.rotate(row.sealed_credentials, purpose=row.purpose)
        except sealing.Unreadable:
            unreadable.append(f"{row.tenant.name}/{row.name}")
            continue
        # One that was saved meanwhile has the first key already.
        unchanged = type(row)._default_manager.filter(pk=row.pk, sealed_credentials=row.sealed_credentials)
        rotated += unchanged.update(sealed_credentials=renewed)
    return rotated, unreadable


def _owner(connection: StoredConnection) -> str:
    return f"{connection.tenant_id}:{connection.name}"
