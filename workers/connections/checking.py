"""Whether a connection may be written so: its fields, and that its credentials are not sent to somebody else."""

from collections.abc import Mapping

from pydantic import ValidationError

from aijobs.errors import FieldError
from aijobs.registry import field_errors
from workers.connections.connectors import ConnectorType, ConnectorTypes
from workers.connections.models import StoredConnection
from workers.connections.shapes import ConnectionModel


def problems_of(
    known: ConnectorTypes,
    stored: StoredConnection | None,
    connector: str,
    settings: Mapping[str, object],
    credentials: Mapping[str, object] | None,
) -> list[FieldError]:
    """Every field with which a connection cannot be written so."""
    kind = known.get(connector)
    if kind is None:
        return [{"path": "connector", "message": f"must be one of {', '.join(sorted(known))}"}]
    problems = _problems(kind.settings_model, settings, "settings")
    if not keeps_credentials(stored, connector, credentials):
        problems += _problems(kind.credentials_model, credentials or {}, "credentials")
    elif stored and stored.sealed_credentials:
        problems += _sent_elsewhere(kind, stored.settings, settings)
    return problems


def keeps_credentials(
    stored: StoredConnection | None, connector: str, credentials: Mapping[str, object] | None
) -> bool:
    return stored is not None and stored.connector == connector and credentials is None


def _problems(model: type[ConnectionModel], values: Mapping[str, object], prefix: str) -> list[FieldError]:
    try:
        model.model_validate(values)
    except ValidationError as error:
        return field_errors(error, prefix)
    return []


def _sent_elsewhere(
    kind: ConnectorType[ConnectionModel, ConnectionModel], before: Mapping[str, object], after: Mapping[str, object]
) -> list[FieldError]:
    """Whoever may write a connection could else have its credentials sent to a server of their own."""
    moved = [name for name in sorted(kind.destinations) if before.get(name) != after.get(name)]
    message = f"must be sent again, because a different {' and '.join(moved)} would send them elsewhere"
    return [{"path": "credentials", "message": message}] if moved else []
