"""What the API's resources of connections have in common: their bodies, described and read."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, create_model
from rest_framework.request import Request

from aijobs.api.wire.bodies import json_object
from aijobs.errors import FieldError, InvalidParams
from aijobs.refusals import Refusals
from aijobs.registry import read_body
from aijobs.shapes import RequestModel
from workers.connections.connectors import ConnectorType, ConnectorTypes
from workers.connections.models import NAME_PATTERN
from workers.connections.shapes import ConnectionModel

SETTINGS = "The connector's settings. The service shows them again as you sent them."
CREDENTIALS = (
    "The connector's credentials. The service encrypts them and never shows them again. If you leave them out, those "
    "that are stored stay."
)
NAME = re.compile(NAME_PATTERN)


class ConnectionBody(RequestModel):
    """What all connectors have in common. Their settings and credentials are checked with the stored connection."""

    connector: str
    settings: dict[str, object] = {}
    credentials: dict[str, object] | None = None


class TestView(BaseModel):
    ok: bool
    code: str | None = Field(description="The code of what is wrong.", examples=["CREDENTIALS_REFUSED"])
    message: str


class TestAnswer(BaseModel):
    data: TestView


class StoredView(BaseModel):
    """Base of what a connection is shown as."""

    name: str
    connector: str
    settings: dict[str, object]
    credentials: list[str] = Field(description="The names of the credentials that are set.")
    created_at: datetime | None
    updated_at: datetime | None


def requests_of(known: ConnectorTypes) -> Any:
    """The type of a `ConnectionBody` of one of these connectors, as OpenAPI shows it."""
    requests = [_request_of(name, kind) for name, kind in known.items()]
    return Annotated[Union[*requests], Field(discriminator="connector")] if len(requests) > 1 else requests[0]


def _request_of(name: str, kind: ConnectorType[ConnectionModel, ConnectionModel]) -> type[BaseModel]:
    needed = any(field.is_required() for field in kind.settings_model.model_fields.values())
    connector: Any = Literal[name]
    credentials: Any = kind.credentials_model | None
    return create_model(
        f"{''.join(part.capitalize() for part in name.split('_'))}ConnectionRequest",
        __base__=RequestModel,
        connector=(connector, ...),
        settings=(kind.settings_model, Field(default=... if needed else {}, description=SETTINGS)),
        credentials=(credentials, Field(default=None, description=CREDENTIALS)),
    )


def described(known: ConnectorTypes, otherwise: str) -> str:
    """The connectors with their settings and credentials, in Markdown. `otherwise`: what is said of other fields."""
    return "\n".join(f"- **{name}**: {_fields(kind, otherwise)}" for name, kind in sorted(known.items()))


def _fields(kind: ConnectorType[ConnectionModel, ConnectionModel], otherwise: str) -> str:
    """A connector's settings and credentials, in a line each."""
    lines = []
    for part, model in (("settings", kind.settings_model), ("credentials", kind.credentials_model)):
        for name, field in model.model_fields.items():
            needed = "" if field.is_required() else " (optional)"
            lines.append(f"`{part}.{name}`{needed}: {field.description or otherwise}")
    return "; ".join(lines).replace(".;", ";") or "There is nothing to set."


Problems = Callable[[str, Mapping[str, object], Mapping[str, object] | None], list[FieldError]]


def read_connection(request: Request, name: str, problems_of: Problems) -> ConnectionBody:
    """The body. Raises InvalidParams about all its fields. One that has the right form is checked when it is saved.

    `problems_of` says what else is wrong with the connector, settings and credentials of one that has not.
    """
    refusals = Refusals()
    refusals.collect(_check_name, name)
    body = json_object(request)
    wanted = refusals.collect(read_body, ConnectionBody, body)
    if wanted is None or refusals:
        told = {field["path"].partition(".")[0] for field in refusals.fields()}
        others = [each for each in _others(body, problems_of) if each["path"].partition(".")[0] not in told]
        raise InvalidParams(details=[*refusals.fields(), *others])
    return wanted


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise InvalidParams(
            details=[{"path": "name", "message": "must have 1 to 32 of the characters a-z, 0-9 and _"}]
        )


def _others(body: Mapping[str, object], problems_of: Problems) -> list[FieldError]:
    """What else is wrong with a body that is refused in any case."""
    connector, settings, credentials = (body.get(part) for part in ("connector", "settings", "credentials"))
    if not isinstance(connector, str):
        return []
    return problems_of(
        connector,
        settings if isinstance(settings, dict) else {},
        credentials if isinstance(credentials, dict) else None,
    )
