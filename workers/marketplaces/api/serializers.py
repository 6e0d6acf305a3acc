"""Connections on the wire."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from workers.marketplaces.connectors import CONNECTORS
from workers.marketplaces.models import Connection


class ConnectionRequest(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    connector: str = Field(description=f"One of {', '.join(sorted(CONNECTORS))}.")
    settings: dict[str, object] = Field(default={}, description="The connector's own; shown again as they are.")
    credentials: dict[str, object] | None = Field(
        default=None, description="Stored encrypted, never shown again. Left out: those of before stay."
    )


class ConnectionView(BaseModel):
    name: str
    connector: str
    configured: bool = Field(description="false: only known by its products, and served from the catalogue.")
    capabilities: list[str] = Field(examples=[["fetch_offers", "read_price", "write_price"]])
    settings: dict[str, object]
    credentials: list[str] = Field(description="The names of the credentials that are set.")
    created_at: datetime | None
    updated_at: datetime | None


class TestView(BaseModel):
    ok: bool
    code: str | None = Field(description="Of what is wrong.", examples=["CREDENTIALS_REFUSED"])
    message: str


class ConnectionList(BaseModel):
    data: list[ConnectionView]


class ConnectionAnswer(BaseModel):
    data: ConnectionView


class TestAnswer(BaseModel):
    data: TestView


def show_connection(row: Connection) -> dict[str, object]:
    kind = CONNECTORS.get(row.connector)
    stored = row.pk is not None
    return {
        "name": row.name,
        "connector": row.connector,
        "configured": stored,
        "capabilities": kind.capabilities if kind else [],
        "settings": row.settings,
        "credentials": sorted(kind.credentials_model.model_fields) if kind and stored else [],
        "created_at": row.created_at if stored else None,
        "updated_at": row.updated_at if stored else None,
    }
