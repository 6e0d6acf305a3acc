"""A tenant's assistants: set, look at, try out, remove. Credentials go in and never come out."""

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_view
from pydantic import BaseModel, RootModel
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.wire.openapi import HEADERS, OF_A_BODY, View, errors
from workers.assistants import connections
from workers.assistants.connections import AssistantNotFound
from workers.assistants.connectors import CONNECTORS
from workers.assistants.models import Connection
from workers.connections.api.bodies import (
    StoredView,
    TestAnswer,
    described,
    requests_of,
)
from workers.connections.api.resource import ConnectionResource, Store
from workers.connections.models import NAME_PATTERN
from workers.connections.trying import TestRunning

_REQUEST: Any = requests_of(CONNECTORS)


class AssistantRequest(RootModel[_REQUEST]):
    """A `ConnectionBody` as OpenAPI shows it."""


class AssistantView(StoredView):
    """As it is stored, without its credentials."""


class AssistantList(BaseModel):
    data: list[AssistantView]


class AssistantAnswer(BaseModel):
    data: AssistantView


def show_assistant(row: Connection) -> dict[str, object]:
    """An `AssistantView`."""
    kind = CONNECTORS.get(row.connector)
    return {
        "name": row.name,
        "connector": row.connector,
        "settings": row.settings,
        "credentials": sorted(kind.credentials_model.model_fields) if kind and row.sealed_credentials else [],
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


TAGS = ["Assistants"]
_NAME = OpenApiParameter(
    "name",
    {"type": "string", "pattern": f"^{NAME_PATTERN}$", "examples": ["openai"]},
    OpenApiParameter.PATH,
    description="The name that jobs use in `assistants`.",
)
_CONNECTORS = described(CONNECTORS, "The value that the provider gave you.")


def _example(title: str, settings: dict[str, object], key: str | None) -> OpenApiExample:
    body: dict[str, object] = {"connector": "openai_compatible", "settings": settings}
    if key:
        body["credentials"] = {"api_key": key}
    return OpenApiExample(title, body, request_only=True)


EXAMPLES = [
    _example(
        "OpenAI, with web search",
        {
            "base_url": "https://api.openai.com/v1",
            "model": "gpt-5-mini",
            "api": "responses",
            "web_search": True,
            "input_price_per_million": 0.25,
            "output_price_per_million": 2.0,
        },
        "sk-proj-example",
    ),
    _example(
        "Perplexity",
        {
            "base_url": "https://api.perplexity.ai",
            "model": "sonar",
            "input_price_per_million": 1.0,
            "output_price_per_million": 1.0,
            "price_per_request": 0.005,
            "requests_per_minute": 50,
        },
        "pplx-example",
    ),
    _example("Ollama on your own server", {"base_url": "http://127.0.0.1:11434/v1", "model": "llama3.2"}, None),
]

list_assistants: Callable[[View], View] = extend_schema(
    operation_id="list_assistants",
    tags=TAGS,
    summary="List the assistants that jobs can ask",
    parameters=HEADERS,
    responses={200: AssistantList, **errors()},
)
get_assistant: Callable[[View], View] = extend_schema(
    operation_id="get_assistant",
    tags=TAGS,
    summary="Get an assistant",
    parameters=[*HEADERS, _NAME],
    responses={200: AssistantAnswer, **errors(AssistantNotFound)},
)
put_assistant: Callable[[View], View] = extend_schema(
    operation_id="put_assistant",
    tags=TAGS,
    summary="Configure an assistant",
    description=(
        "The service creates or replaces the assistant. It encrypts credentials and never shows them again. If you "
        "leave them out, those that are stored stay; but you must send them again with a different `base_url`. "
        "Prices are in US dollars, as your provider lists them: the service computes what jobs cost from them and "
        "keeps to your budgets. A job that runs goes on with the assistant as it was. These are the connectors:\n\n"
        f"{_CONNECTORS}"
    ),
    parameters=[*HEADERS, _NAME],
    request={"application/json": AssistantRequest},
    examples=EXAMPLES,
    responses={200: AssistantAnswer, 201: AssistantAnswer, **errors(*OF_A_BODY)},
)
delete_assistant: Callable[[View], View] = extend_schema(
    operation_id="delete_assistant",
    tags=TAGS,
    summary="Remove an assistant",
    description="The service deletes the credentials. What the assistant has cost stays in the usage. A job that "
    "runs goes on with the assistant as it was. Of one that has yet to begin, the assistant's questions fail with "
    "`ASSISTANT_NOT_CONFIGURED`, and the others' answers count.",
    parameters=[*HEADERS, _NAME],
    responses={204: None, **errors(AssistantNotFound)},
)
test_assistant: Callable[[View], View] = extend_schema(
    operation_id="test_assistant",
    tags=TAGS,
    summary="Test an assistant",
    description="The service asks the model for one word, and says what answered or what is wrong. That takes a few "
    "tokens, which your usage and your budget count.",
    parameters=[*HEADERS, _NAME],
    request=None,
    responses={200: TestAnswer, **errors(*OF_A_BODY, AssistantNotFound, TestRunning)},
)


@extend_schema_view(
    list=list_assistants,
    retrieve=get_assistant,
    update=put_assistant,
    destroy=delete_assistant,
)
class AssistantViewSet(ConnectionResource):
    scopes = {
        "GET": "assistants:read",
        "PUT": "assistants:write",
        "DELETE": "assistants:write",
        "POST": "assistants:write",
    }
    store: ClassVar[Store[Connection]] = connections
    connectors = CONNECTORS
    not_found = AssistantNotFound
    show = staticmethod(show_assistant)

    @test_assistant
    def test(self, request: Request, name: str) -> Response:
        return super().test(request, name)
