"""What is known of a connector without its class, which is named by dotted path and loaded by who opens a connection.

The web process shows and checks connections, and has no need of what reads pages or of a provider's SDK.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic

from workers.connections.shapes import C_co, ConnectionModel, S_co


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorType(Generic[S_co, C_co]):
    """A connector as the API and the admin know it."""

    # The dotted path of the class.
    connector: str
    settings_model: type[S_co]
    credentials_model: type[C_co]
    # The settings that say where the credentials are sent: whoever changes one has to know them.
    destinations: frozenset[str] = frozenset()


# By the name that a connection's `connector` has.
ConnectorTypes = Mapping[str, ConnectorType[ConnectionModel, ConnectionModel]]
