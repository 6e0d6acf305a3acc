"""OpenAPI: the key, the paths as they are called, and each job type's params and result spelled out."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.renderers import OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularAPIView
from pydantic.json_schema import models_json_schema

from aijobs import registry
from aijobs.registry import JobType, Params, Result

Schema = dict[str, Any]
Endpoint = tuple[str, str, str, Callable[..., object]]
REFERENCE = "#/components/schemas/{model}"


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "aijobs.api.authentication.ApiKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: object) -> Schema:
        return {"type": "http", "scheme": "bearer", "description": "An API key, as in `aij_…`."}


class SchemaView(SpectacularAPIView):
    """JSON, which browsers show and every tool reads."""

    renderer_classes = [OpenApiJsonRenderer2]


def without_trailing_slash(endpoints: list[Endpoint]) -> list[Endpoint]:
    """Paths work with and without a trailing slash; the contract writes them without."""
    return [(path.rstrip("/"), regex, method, view) for path, regex, method, view in endpoints]


def describe_job_types(result: Schema, generator: object, request: object, public: bool) -> Schema:
    """Replace the placeholders for params and results by the schemas of the registered types, with their examples."""
    types = registry.all_types()
    schemas: Schema = result["components"]["schemas"]
    names, definitions = models_json_schema(
        [(kind.params, "validation") for kind in types] + [(kind.result, "serialization") for kind in types],
        ref_template=REFERENCE,
    )
    schemas.update(definitions.get("$defs", {}))
    params = [names[kind.params, "validation"] for kind in types]
    results = [names[kind.result, "serialization"] for kind in types]
    schemas["JobRequest"] = _job_request(schemas, types, params)
    schemas["BatchRequest"]["properties"]["jobs"]["items"] = {"$ref": REFERENCE.format(model="JobRequest")}
    # A view may leave both out; what is there is of one of the types.
    schemas["JobView"]["properties"]["params"] = {"anyOf": params, "description": "As sent."}
    schemas["JobView"]["properties"]["result"] = {"anyOf": results, "description": "Of a completed job."}
    _add_examples(result["paths"], types)
    return result


def _job_request(schemas: Schema, types: list[JobType[Params, Result]], params: list[Schema]) -> Schema:
    """One component per type; `type` tells them apart."""
    mapping: dict[str, str] = {}
    priority = schemas["JobRequest"]["properties"]["priority"]
    for kind, reference in zip(types, params, strict=True):
        component = f"{''.join(part.title() for part in kind.name.split('_'))}Job"
        mapping[kind.name] = REFERENCE.format(model=component)
        schemas[component] = {
            "type": "object",
            "description": kind.description,
            "properties": {"type": {"const": kind.name}, "params": reference, "priority": priority},
            "required": ["type"] if _all_optional(kind) else ["type", "params"],
            "additionalProperties": False,
        }
    return {
        "oneOf": [{"$ref": reference} for reference in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _all_optional(kind: JobType[Params, Result]) -> bool:
    return not any(field.is_required() for field in kind.params.model_fields.values())


def _add_examples(paths: Schema, types: list[JobType[Params, Result]]) -> None:
    requests = {kind.name: {"value": {"type": kind.name, "params": kind.example["params"]}} for kind in types}
    paths["/api/ai-jobs"]["post"]["requestBody"]["content"]["application/json"]["examples"] = requests
    jobs = [each["value"] for each in requests.values()]
    batch = {"sequential": {"value": {"jobs": jobs, "sequential": True}}}
    paths["/api/ai-jobs/batch"]["post"]["requestBody"]["content"]["application/json"]["examples"] = batch
    answers = {kind.name: {"value": {"data": _completed(kind)}} for kind in types}
    read = paths["/api/ai-jobs/{job_id}"]["get"]["responses"]["200"]
    read["content"]["application/json"]["examples"] = answers


def _completed(kind: JobType[Params, Result]) -> Schema:
    return {
        "id": "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
        "type": kind.name,
        "status": "completed",
        "priority": "normal",
        "params": kind.example["params"],
        "created_at": "2026-03-12T14:32:01.123Z",
        "started_at": "2026-03-12T14:32:05.000Z",
        "completed_at": "2026-03-12T14:32:32.000Z",
        "duration_seconds": 27.0,
        "estimated_completion_at": None,
        "progress": {"processed": 2, "total": 2},
        "retry_count": 0,
        "batch_id": None,
        "result": kind.example["result"],
    }
