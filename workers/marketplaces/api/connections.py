"""A tenant's connections to marketplaces: set, look at, try out, remove. Credentials go in and never come out."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from pydantic import BaseModel, Field, RootModel
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, View, errors
from workers.catalogue.models import MARKETPLACE_PATTERN
from workers.connections.api.bodies import (
    StoredView,
    TestAnswer,
    described,
    requests_of,
)
from workers.connections.api.resource import ConnectionResource, Store
from workers.connections.trying import TestRunning
from workers.marketplaces import connections
from workers.marketplaces.connections import ChangesInProgress, MarketplaceNotFound
from workers.marketplaces.connectors import CONNECTORS
from workers.marketplaces.models import Connection

_REQUESTS: Any = requests_of(CONNECTORS)


class ConnectionRequest(RootModel[_REQUESTS]):
    """A `ConnectionBody` as OpenAPI shows it."""


class ConnectionView(StoredView):
    configured: bool = Field(
        description="With `false`, the marketplace has products but no connection, and is served from the catalogue."
    )
    capabilities: list[str] = Field(examples=[["fetch_offers", "read_price", "write_price", "write_listing"]])


class ConnectionList(BaseModel):
    data: list[ConnectionView]


class ConnectionAnswer(BaseModel):
    data: ConnectionView


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


_TAGS = ["Marketplaces"]
_NAME = OpenApiParameter(
    "name",
    {"type": "string", "pattern": f"^{MARKETPLACE_PATTERN}$", "examples": ["amazon_us"]},
    OpenApiParameter.PATH,
    description="The name that jobs use as `marketplace`.",
)


_CONNECTORS = described(CONNECTORS, "The value that the marketplace gave you.")

list_marketplaces: Callable[[View], View] = extend_schema(
    operation_id="list_marketplaces",
    tags=_TAGS,
    summary="List the marketplaces that jobs can name",
    description="The list shows the marketplaces that are configured and those that have products.",
    parameters=HEADERS,
    responses={200: ConnectionList, **errors()},
)
get_marketplace: Callable[[View], View] = extend_schema(
    operation_id="get_marketplace",
    tags=_TAGS,
    summary="Get a marketplace's connection",
    parameters=[*HEADERS, _NAME],
    responses={200: ConnectionAnswer, **errors(MarketplaceNotFound)},
)
put_marketplace: Callable[[View], View] = extend_schema(
    operation_id="put_marketplace",
    tags=_TAGS,
    summary="Configure a marketplace",
    description=(
        "The service creates or replaces the connection of the marketplace. It encrypts credentials and never shows "
        "them again. If you leave them out, those that are stored stay; but you must send them again with a "
        f"different shop or endpoint. These are the connectors:\n\n{_CONNECTORS}"
    ),
    parameters=[*HEADERS, _NAME],
    request={"application/json": ConnectionRequest},
    examples=[
        OpenApiExample(
            "Amazon",
            {
                "connector": "amazon",
                "settings": {"country": "US", "seller_id": "A2SNBFWOFW4SWG"},
                "credentials": {"client_id": "amzn1.…", "client_secret": "…", "refresh_token": "Atzr|…"},
            },
            request_only=True,
        ),
        OpenApiExample("Competitors' pages", {"connector": "web"}, request_only=True),
    ],
    responses={
        200: ConnectionAnswer,
        201: ConnectionAnswer,
        **errors(*OF_A_BODY, ChangesInProgress),
    },
)
delete_marketplace: Callable[[View], View] = extend_schema(
    operation_id="delete_marketplace",
    tags=_TAGS,
    summary="Remove a marketplace's connection",
    description="The service deletes the credentials. Products and offers stay, and are served from the catalogue.",
    parameters=[*HEADERS, _NAME],
    responses={204: None, **errors(MarketplaceNotFound, ChangesInProgress)},
)
test_marketplace: Callable[[View], View] = extend_schema(
    operation_id="test_marketplace",
    tags=_TAGS,
    summary="Test a marketplace's connection",
    description="The service makes the cheapest call to the marketplace, and says what it found or what is wrong. "
    "Nothing is changed.",
    parameters=[*HEADERS, _NAME],
    request=None,
    responses={200: TestAnswer, **errors(*OF_A_BODY, MarketplaceNotFound, TestRunning)},
)


@extend_schema_view(
    list=list_marketplaces,
    retrieve=get_marketplace,
    update=put_marketplace,
    destroy=delete_marketplace,
)
class ConnectionViewSet(ConnectionResource):
    scopes = {
        "GET": "marketplaces:read",
        "PUT": "marketplaces:write",
        "DELETE": "marketplaces:write",
        "POST": "marketplaces:write",
    }
    store: ClassVar[Store[Connection]] = connections
    connectors = CONNECTORS
    not_found = MarketplaceNotFound
    show = staticmethod(show_connection)

    @test_marketplace
    def test(self, request: Request, name: str) -> Response:
        return super().test(request, name)
