"""What a tenant says to connect a service."""

from typing import TypeVar

from pydantic import ConfigDict

from aijobs.shapes import RequestModel


class ConnectionModel(RequestModel):
    """Base of a connector's settings and credentials."""

    model_config = ConfigDict(frozen=True)


class NoCredentials(ConnectionModel):
    """Of a connector that needs none."""


S_co = TypeVar("S_co", bound=ConnectionModel, covariant=True)
C_co = TypeVar("C_co", bound=ConnectionModel, covariant=True)
