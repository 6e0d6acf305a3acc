"""How the endpoints of marketplaces are described in OpenAPI."""

from collections.abc import Callable

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema

from aijobs.api.wire.openapi import HEADERS, View, errors
from aijobs.api.wire.shapes import ErrorAnswer
from workers.marketplaces.api import serializers
from workers.marketplaces.connectors import CONNECTORS, ConnectorType
from workers.marketplaces.protocols import ConnectionModel

_TAGS = ["Marketplaces"]
_NAME = OpenApiParameter(
    "name",
    {"type": "string", "pattern": "^[a-z0-9_]{1,32}$"},
    OpenApiParameter.PATH,
    description="What jobs call `marketplace`, such as amazon_us.",
)
_NOT_FOUND = OpenApiResponse(
    ErrorAnswer, description="MARKETPLACE_NOT_FOUND: not configured, and no product is sold on it."
)
_TEST_RUNNING = OpenApiResponse(
    ErrorAnswer,
    description="TEST_RUNNING: another connection is being tested; retry after Retry-After seconds.",
)
_IN_PROGRESS = OpenApiResponse(
    ErrorAnswer, description="CHANGES_IN_PROGRESS: prices are being written to it at the moment."
)


def _fields(kind: ConnectorType[ConnectionModel, ConnectionModel]) -> str:
    """A connector's settings and credentials, in a line each."""
    lines = []
    for part, model in (("settings", kind.settings_model), ("credentials", kind.credentials_model)):
        for name, field in model.model_fields.items():
            needed = "" if field.is_required() else " (optional)"
            lines.append(f"`{part}.{name}`{needed}: {field.description or 'as the marketplace gave it.'}")
    return "; ".join(lines).replace(".;", ";") or "nothing to set"


_CONNECTORS = "\n".join(f"- **{name}**: {_fields(kind)}" for name, kind in sorted(CONNECTORS.items()))

list_marketplaces: Callable[[View], View] = extend_schema(
    operation_id="list_marketplaces",
    tags=_TAGS,
    summary="List the marketplaces that jobs can name",
    description="Those that are configured, and those under which there are products.",
    parameters=HEADERS,
    responses={200: serializers.ConnectionList, **errors(422)},
)
get_marketplace: Callable[[View], View] = extend_schema(
    operation_id="get_marketplace",
    tags=_TAGS,
    summary="Get a marketplace's connection",
    parameters=[*HEADERS, _NAME],
    responses={200: serializers.ConnectionAnswer, **errors(422), 404: _NOT_FOUND},
)
put_marketplace: Callable[[View], View] = extend_schema(
    operation_id="put_marketplace",
    tags=_TAGS,
    summary="Configure a marketplace",
    description=(
        "Creates or replaces its connection. Credentials are encrypted and never shown again. Left out, those of "
        f"before stay; with another shop or endpoint they have to be given anew. The connectors:\n\n{_CONNECTORS}"
    ),
    parameters=[*HEADERS, _NAME],
    request={"application/json": serializers.ConnectionRequest},
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
        200: serializers.ConnectionAnswer,
        201: serializers.ConnectionAnswer,
        **errors(400, 413, 415, 422),
        409: _IN_PROGRESS,
    },
)
delete_marketplace: Callable[[View], View] = extend_schema(
    operation_id="delete_marketplace",
    tags=_TAGS,
    summary="Remove a marketplace's connection",
    description="Its credentials are gone. Products and offers stay, and are served from the catalogue.",
    parameters=[*HEADERS, _NAME],
    responses={204: None, **errors(422), 404: _NOT_FOUND, 409: _IN_PROGRESS},
)
test_marketplace: Callable[[View], View] = extend_schema(
    operation_id="test_marketplace",
    tags=_TAGS,
    summary="Try a marketplace's connection",
    description="Makes its cheapest call, and says what was found or what is wrong. Nothing is changed.",
    parameters=[*HEADERS, _NAME],
    request=None,
    responses={200: serializers.TestAnswer, **errors(422), 404: _NOT_FOUND, 429: _TEST_RUNNING},
)
