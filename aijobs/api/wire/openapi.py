"""OpenAPI: the key, the paths as they are called, and what the descriptions of all endpoints have in common."""

import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from drf_spectacular.contrib.pydantic import PydanticExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse

from aijobs import scopes
from aijobs.api.wire.shapes import ErrorAnswer
from aijobs.errors import (
    ApiError,
    DatabaseBusy,
    InsufficientScope,
    InvalidFilter,
    InvalidParams,
    InvalidRequest,
    PayloadTooLarge,
    RateLimited,
    ServiceUnavailable,
    TenantMismatch,
    TenantSuspended,
    Unauthenticated,
    UnsupportedMediaType,
)

Schema = dict[str, Any]
# Of an operation; what begins with x- may be added to OpenAPI.
REQUIRED_SCOPE = "x-required-scope"
Endpoint = tuple[str, str, str, Callable[..., object]]
COMPONENTS = "#/components/schemas/"
# What Swagger UI shows when somebody presses Authorize.
WHERE_KEYS_ARE = (
    "Your API key, which begins with `aij_`.\n\n"
    "- On your own machine, `manage.py up` prints one when it has started. It is valid until the next `up`.\n"
    "- A lasting one is made by `manage.py createapikey --tenant NAME --scopes ai-jobs:write,ai-jobs:read`, or in "
    "the admin at `/admin/`. It is shown once.\n"
    "- If the service is not yours, ask its operator for one.\n\n"
    "Paste the key alone, without the word Bearer."
)


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "aijobs.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": WHERE_KEYS_ARE}


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
            _refuse_another(auto_schema.registry, component)
            auto_schema.registry.register_on_missing(component)
        return schema


def _refuse_another(registry: ComponentRegistry, component: ResolvedComponent) -> None:
    """Two models of one name would be one component, and one of them described wrongly. Raises ValueError."""
    if component in registry and registry[component].schema != component.schema:
        raise ValueError(f"Two models of the API have the name {component.name}. Give one of them another name.")


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
        "RateLimit-Policy",
        {"type": "string", "examples": ['"requests";q=60000;w=60']},
        OpenApiParameter.HEADER,
        response=True,
        description="Experimental, as draft-ietf-httpapi-ratelimit-headers-11 has it: how many requests your key may "
        "make with this tenant (`q`) in how many seconds (`w`). Streams and waits have a policy of their own: how "
        "many of them your tenant may have open at a time.",
    ),
    OpenApiParameter(
        "RateLimit",
        {"type": "string", "examples": ['"requests";r=59990;t=1']},
        OpenApiParameter.HEADER,
        response=True,
        description="Experimental, as well: how many of them are left (`r`), and in how many seconds there is one "
        "more (`t`). A redirection does not say it.",
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        OpenApiParameter.HEADER,
        response=[429],
        description="How many seconds to wait before you try again. Without it, trying again does not help.",
    ),
    OpenApiParameter(
        "Retry-After",
        {"type": "integer", "minimum": 1},
        OpenApiParameter.HEADER,
        required=True,
        response=[503],
        description="How many seconds to wait before you try again.",
    ),
]


class AutoSchema(SpectacularAutoSchema):
    """Adds the headers that every endpoint answers with, the scope that it needs, and examples to read."""

    def get_operation(self, *arguments: Any) -> Schema | None:
        operation: Schema | None = super().get_operation(*arguments)
        for each in (operation or {}).get("parameters", []):
            _tell_example(each)
        required: str | None = getattr(self.view, "scopes", {}).get(self.method)
        if operation and required:
            sentence = f"Your key needs the scope {scopes.in_words(required)}."
            operation["description"] = f"{operation.get('description', '')}\n\n{sentence}".strip()
            operation[REQUIRED_SCOPE] = required
        return operation

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *RESPONSE_HEADERS]

    def _is_list_view(self, serializer: object = None) -> bool:
        """Our answers are objects, also those of lists: their models say what is in them."""
        return False

    def _get_request_body(self, direction: str = "request") -> Schema | None:
        """What reads a body needs one, also where no field of it is required."""
        body: Schema | None = super()._get_request_body(direction)  # type: ignore[no-untyped-call]
        return body and {**body, "required": True}


def _tell_example(parameter: Schema) -> None:
    """In words: Swagger UI does not show the examples of a schema. A parameter's own it would send when tried out."""
    schema = parameter["schema"]
    if examples := schema.get("examples") or _evident(schema):
        schema["examples"] = examples
        shown = " or ".join(f"`{_as_sent(each)}`" for each in examples)
        parameter["description"] = f"{parameter.get('description', '')} For example {shown}.".strip()


def _evident(schema: Schema) -> list[object]:
    """The examples of what can hardly be anything else."""
    match schema:
        case {"enum": [first, *_]}:
            return [first]
        case {"type": "boolean"}:
            return [True]
        case {"type": "array", "items": {"enum": [*choices]}}:
            return [choices[:1], choices[:2]]
        case {"format": "date"}:
            return ["2026-03-12"]
    return []


def _as_sent(value: object) -> str:
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else json.dumps(value)


def without_trailing_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Paths work with and without a trailing slash; the contract writes them without."""
    return [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints]


View = TypeVar("View", bound=Callable[..., Any])

TENANT = OpenApiParameter(
    "X-Tenant-ID",
    {"type": "string", "examples": ["my-shop"]},
    OpenApiParameter.HEADER,
    description="The tenant's name. You may leave it out if your key belongs to one tenant only.",
)
REQUEST_ID = OpenApiParameter(
    "X-Request-ID",
    {"type": "string", "examples": ["nightly-2026-03-12"]},
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
    RateLimited,
    ServiceUnavailable,
    DatabaseBusy,
)
OF_A_BODY: tuple[type[ApiError], ...] = (PayloadTooLarge, UnsupportedMediaType, InvalidParams)


def errors(*refusals: type[ApiError]) -> dict[int, OpenApiResponse]:
    """The error answers of an endpoint, besides those that every endpoint has: each status with its codes."""
    by_status: dict[int, list[type[ApiError]]] = {}
    for refusal in (*ANYWHERE, *refusals):
        by_status.setdefault(refusal.status, []).append(refusal)
    return {status: _refused(by_status[status]) for status in sorted(by_status)}


def _refused(refusals: list[type[ApiError]]) -> OpenApiResponse:
    # Markdown takes what stands between < and > for markup.
    lines = [f"{each.code}: {each.default_message}".replace("<", "&lt;") for each in refusals]
    examples = [
        OpenApiExample(each.code, {"error": {"code": each.code, "message": each.default_message}}, response_only=True)
        for each in refusals
    ]
    return OpenApiResponse(ErrorAnswer, description="\n\n".join(lines), examples=examples)


def parameter(name: str, kind: Any, description: str, **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description, **more)


def location(description: str) -> OpenApiParameter:
    """The header of an answer 201."""
    return OpenApiParameter(
        "Location", str, OpenApiParameter.HEADER, required=True, response=[201], description=description
    )


def several(name: str, choices: Sequence[str], description: str) -> OpenApiParameter:
    """A parameter that takes one or several of the choices, comma separated."""
    kind = {"type": "array", "items": {"type": "string", "enum": list(choices)}, "minItems": 1}
    return parameter(name, kind, description, style="form", explode=False)


PAGE = [
    parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 200, "default": 50, "examples": [20]},
        "How many results a page has.",
    ),
    parameter(
        "cursor",
        {"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "examples": ["am9iXzAxSlFaNFg1TThOOVAwUTFSMlMzVDRWNVc2"]},
        "The `next_cursor` of the page before, of the same list. Any other text is refused.",
    ),
    OpenApiParameter(
        "Link",
        str,
        OpenApiParameter.HEADER,
        response=[200],
        description='The next page, if there is one: `</api/…?cursor=…>; rel="next"`. The address has no host.',
    ),
]
