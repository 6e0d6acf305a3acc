"""OpenAPI: the key, the paths as they are called, and what the descriptions of all endpoints have in common."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.plumbing import ResolvedComponent
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse

from aijobs.api.wire.shapes import ErrorAnswer
from aijobs.errors import (
    ApiError,
    DatabaseBusy,
    InsufficientScope,
    InvalidFilter,
    InvalidParams,
    InvalidRequest,
    PayloadTooLarge,
    ServiceUnavailable,
    TenantMismatch,
    TenantSuspended,
    Unauthenticated,
    UnsupportedMediaType,
)

Schema = dict[str, Any]
Endpoint = tuple[str, str, str, Callable[..., object]]
COMPONENTS = "#/components/schemas/"


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "aijobs.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "Your API key, which begins with `aij_`."}


class PydanticSchema(PydanticExtension):  # type: ignore[no-untyped-call]
    """drf-spectacular's own shows a request as if it were an answer, in which a default needs no value."""

    target_class = "pydantic.BaseModel"
    match_subclasses = True
    priority = 1

    def map_serializer(self, auto_schema: SpectacularAutoSchema, direction: str) -> Schema:
        mode = "validation" if direction == "request" else "serialization"
        schema: Schema = self.target.model_json_schema(ref_template=COMPONENTS + "{model}", mode=mode)
        for name, definition in schema.pop("$defs", {}).items():
            component = ResolvedComponent(  # type: ignore[no-untyped-call]
                name, ResolvedComponent.SCHEMA, schema=definition, object=name
            )
            auto_schema.registry.register_on_missing(component)
        return schema


RESPONSE_HEADERS = [
    OpenApiParameter(
        "X-Request-ID",
        str,
        OpenApiParameter.HEADER,
        required=True,
        response=True,
        description="The ID that you sent, or a new one. It is also in the service's logs.",
    ),
    OpenApiParameter(
        "WWW-Authenticate",
        str,
        OpenApiParameter.HEADER,
        required=True,
        response=[401],
        description="The scheme to authenticate with: Bearer.",
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        OpenApiParameter.HEADER,
        required=True,
        response=[429, 503],
        description="How many seconds to wait before you try again.",
    ),
]


class AutoSchema(SpectacularAutoSchema):
    """Adds the headers that every endpoint answers with."""

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *RESPONSE_HEADERS]

    def _is_list_view(self, serializer: object = None) -> bool:
        """Our answers are objects, also those of lists: their models say what is in them."""
        return False

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        """What reads a body needs one, also where no field of it is required."""
        body: Schema | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        return body and {**body, "required": True}


def without_trailing_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Paths work with and without a trailing slash; the contract writes them without."""
    return [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints]


View = TypeVar("View", bound=Callable[..., Any])

TENANT = OpenApiParameter(
    "X-Tenant-ID",
    str,
    OpenApiParameter.HEADER,
    description="The tenant's name. You may leave it out if your key belongs to one tenant only.",
)
REQUEST_ID = OpenApiParameter(
    "X-Request-ID",
    str,
    OpenApiParameter.HEADER,
    description="An ID of your choice, which the response and the service's logs repeat.",
)
HEADERS = [TENANT, REQUEST_ID]

# What any endpoint may answer, and one that reads a JSON object. Each refuses query parameters that it does not have.
ANYWHERE: tuple[type[ApiError], ...] = (
    InvalidRequest,
    Unauthenticated,
    InsufficientScope,
    TenantMismatch,
    TenantSuspended,
    InvalidFilter,
    ServiceUnavailable,
    DatabaseBusy,
)
OF_A_BODY: tuple[type[ApiError], ...] = (PayloadTooLarge, UnsupportedMediaType, InvalidParams)


def errors(*refusals: type[ApiError]) -> dict[int, OpenApiResponse]:
    """The error answers of an endpoint, besides those that every endpoint has: each status with its codes."""
    by_status: dict[int, list[str]] = {}
    for refusal in (*ANYWHERE, *refusals):
        by_status.setdefault(refusal.status, []).append(f"{refusal.code}: {refusal.default_message}")
    return {
        status: OpenApiResponse(ErrorAnswer, description="\n\n".join(by_status[status]))
        for status in sorted(by_status)
    }


def parameter(name: str, kind: Any, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


def several(name: str, choices: Sequence[str], description: str) -> OpenApiParameter:
    """A parameter that takes one or several of the choices, comma separated."""
    kind = {"type": "array", "items": {"type": "string", "enum": list(choices)}, "minItems": 1}
    return parameter(name, kind, description, style="form", explode=False)


PAGE = [
    parameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50}, "How many results a page has."
    ),
    parameter(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
        "The `next_cursor` of the page before, of the same list. Any other text is refused.",
    ),
]
