"""Writing a connection's row."""

from collections.abc import Mapping
from typing import TypeVar, cast

from django.db import IntegrityError, transaction
from django.utils.timezone import now

from workers.connections import credentials as secrets
from workers.connections.checking import keeps_credentials
from workers.connections.models import StoredConnection

C = TypeVar("C", bound=StoredConnection)


def write(
    row: C,
    stored: C | None,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> bool:
    """Fill the row, which is `stored` or a new one, and save it. False: somebody else has made it meanwhile.

    Without credentials those of before stay, if the connector is the same. Within the caller's transaction, which
    has locked what is stored.
    """
    if not keeps_credentials(stored, connector, credentials):
        given = {name: value for name, value in (credentials or {}).items() if value is not None}
        row.sealed_credentials = secrets.seal(row, cast("Mapping[str, str]", given))
    row.connector, row.settings, row.updated_at = connector, dict(settings), now()
    if stored is None:
        return _insert(row)
    row.save(update_fields=["connector", "settings", "sealed_credentials", "updated_at"])
    return True


def _insert(row: StoredConnection) -> bool:
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return False
    return True
