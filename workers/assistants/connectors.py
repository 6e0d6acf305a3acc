"""The connectors that there are: adding one is adding its package and its entry here."""

from collections.abc import Mapping
from typing import cast

from django.utils.module_loading import import_string

from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings
from workers.assistants.protocols import Connector, Scope
from workers.connections.connectors import ConnectorType
from workers.connections.shapes import ConnectionModel

AnyConnector = Connector[ConnectionModel, ConnectionModel]

# By the name that a connection's `connector` has.
CONNECTORS: dict[str, ConnectorType[ConnectionModel, ConnectionModel]] = {
    "openai_compatible": ConnectorType(
        connector="workers.assistants.openai_compatible.connector.OpenAiCompatible",
        settings_model=OpenAiCompatibleSettings,
        credentials_model=OpenAiCompatibleCredentials,
        destinations=frozenset({"base_url"}),
    ),
}


def open_as(
    kind: ConnectorType[ConnectionModel, ConnectionModel],
    settings: Mapping[str, object],
    credentials: Mapping[str, object],
    scope: Scope,
) -> AnyConnector:
    """Ready to be asked. Raises ValidationError where the settings or credentials are not of its models."""
    checked, secrets = (
        kind.settings_model.model_validate(settings),
        kind.credentials_model.model_validate(credentials),
    )
    connector = cast("type[AnyConnector]", import_string(kind.connector))
    return connector(checked, secrets, scope)
