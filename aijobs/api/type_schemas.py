"""OpenAPI: each job type's params and result spelled out."""

from collections.abc import Iterator
from typing import Any, cast

from aijobs import registry
from aijobs.api.wire.openapi import COMPONENTS, Schema
from aijobs.dispatching import MemberRequest
from aijobs.registry import JobType, Params, Result


def describe_job_types(result: Schema, generator: object, request: object, public: bool) -> Schema:
    """Spell out every type: its params and result as components, its example where it is sent and shown."""
    types = registry.all_types()
    components: dict[str, Schema] = result["components"]["schemas"]
    template = components["JobRequest"]
    for kind in types:
        components.update(_components(kind))
        components[_name(kind, "Request")] = _request(kind, template)
        components[_name(kind, "Member")] = _member(kind, components[_name(kind, "Request")])
    components["JobRequest"] = _one_of_requests("JobRequest", {kind.name: _name(kind, "Request") for kind in types})
    components["JobOfBatch"] = _one_of_requests("JobOfBatch", {kind.name: _name(kind, "Member") for kind in types})
    components["BatchRequest"]["properties"]["jobs"]["items"] = _reference("JobOfBatch")
    for part in ("params", "result"):
        _describe(components["JobView"]["properties"], part, types)
    _add_examples(result["paths"], types)
    return result


def _name(kind: JobType[Params, Result], part: str) -> str:
    """pricing_recalculate, Params: PricingRecalculateParams."""
    return kind.name.title().replace("_", "") + part


def _reference(name: str) -> Schema:
    return {"$ref": COMPONENTS + name}


def _components(kind: JobType[Params, Result]) -> Iterator[tuple[str, Schema]]:
    """The type's two schemas, and the models inside them under names of their own: other types have such too."""
    params, result = _name(kind, "Params"), _name(kind, "Result")
    for name, schema in (
        (params, kind.params.model_json_schema(ref_template=f"{COMPONENTS}{params}{{model}}")),
        (result, kind.result.model_json_schema(ref_template=f"{COMPONENTS}{result}{{model}}", mode="serialization")),
    ):
        for inner, definition in schema.pop("$defs", {}).items():
            yield name + inner, definition
        yield name, {**schema, "title": name}


def _request(kind: JobType[Params, Result], template: Schema) -> Schema:
    """The body that dispatches one type."""
    needs_params = any(field.is_required() for field in kind.params.model_fields.values())
    return {
        **template,
        "title": _name(kind, "Request"),
        "description": kind.description,
        "properties": {
            **template["properties"],
            "type": {"type": "string", "const": kind.name},
            "params": _reference(_name(kind, "Params")),
        },
        "required": ["type", "params"] if needs_params else ["type"],
    }


def _member(kind: JobType[Params, Result], request: Schema) -> Schema:
    """The same as a job of a batch."""
    more = MemberRequest.model_json_schema()["properties"]
    return {**request, "title": _name(kind, "Member"), "properties": {**request["properties"], **more}}


def _one_of_requests(title: str, names: dict[str, str]) -> Schema:
    return {
        "title": title,
        "oneOf": [_reference(name) for name in names.values()],
        "discriminator": {
            "propertyName": "type",
            "mapping": {kind: COMPONENTS + name for kind, name in names.items()},
        },
    }


def _describe(properties: dict[str, Schema], part: str, types: list[JobType[Params, Result]]) -> None:
    properties[part] = {
        "description": properties[part]["description"],
        "anyOf": [_reference(_name(kind, part.title())) for kind in types],
    }


def _add_examples(paths: dict[str, Schema], types: list[JobType[Params, Result]]) -> None:
    jobs, job, batches = paths["/api/ai-jobs"], paths["/api/ai-jobs/{job_id}"], paths["/api/ai-jobs/batch"]
    bodies = {kind.name: {"type": kind.name, "params": kind.example["params"]} for kind in types}
    complete = {f"{kind.name}, every parameter": _complete(kind) for kind in types}
    _set_examples(jobs["post"]["requestBody"], bodies | complete)
    _set_examples(jobs["post"]["responses"]["201"], {kind.name: {"data": queued_example(kind)} for kind in types})
    _set_examples(job["get"]["responses"]["200"], {kind.name: {"data": completed_example(kind)} for kind in types})
    _set_examples(jobs["get"]["responses"]["200"], {"page": _page(types)})
    in_order = {"priority": "normal", "sequential": True, "on_failure": "stop"}
    _set_examples(
        batches["post"]["requestBody"],
        {"all_types": {"jobs": list(bodies.values()), **in_order}}
        | {name: {"jobs": [body], **in_order} for name, body in complete.items()},
    )
    for path, method in (("/api/ai-jobs/schedules", "post"), ("/api/ai-jobs/schedules/{schedule_id}", "put")):
        _set_examples(paths[path][method]["requestBody"], _schedules(bodies))


def _complete(kind: JobType[Params, Result]) -> Schema:
    """A body with every param of a type: as its example has it, or else the param's own example, or its default."""
    given = cast("Schema", kind.example["params"])
    params = {
        name: schema["examples"][0] if "examples" in schema else schema["default"]
        for name, schema in kind.params.model_json_schema().get("properties", {}).items()
        if "examples" in schema or "default" in schema
    }
    return {"type": kind.name, "params": params | given, "priority": "normal"}


def _page(types: list[JobType[Params, Result]]) -> Schema:
    """A list's last page, with neither params nor results."""
    jobs = [completed_example(kind) for kind in types]
    shown = [{name: job[name] for name in job if name not in ("params", "result")} for job in jobs]
    return {"data": shown, "pagination": {"next_cursor": None, "has_more": False}}


def _schedules(bodies: dict[str, Schema]) -> dict[str, Schema]:
    """One of a batch in order, and one of a single job."""
    nightly = {"cron": "30 2 * * *", "timezone": "Europe/Berlin"}
    in_order = {"jobs": list(bodies.values()), "sequential": True}
    often = {"interval_seconds": 21_600, "job": next(iter(bodies.values()))}
    return {
        "a batch every night": {"name": "every night", **nightly, "batch": in_order},
        "a job every six hours": {"name": "every six hours", **often},
    }


def _set_examples(body: Schema, values: dict[str, Any]) -> None:
    body["content"]["application/json"]["examples"] = {name: {"value": value} for name, value in values.items()}


def queued_example(kind: JobType[Params, Result]) -> Schema:
    return {
        "id": "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
        "type": kind.name,
        "status": "queued",
        "priority": "normal",
        "params": kind.example["params"],
        "created_at": "2026-03-12T14:32:01.123Z",
        "started_at": None,
        "completed_at": None,
        "duration_seconds": None,
        "estimated_completion_at": "2026-03-12T14:32:31.123Z",
        "queue": {
            "position": 0,
            "estimated_start_at": "2026-03-12T14:32:01.123Z",
            "estimated_completion_at": "2026-03-12T14:32:31.123Z",
            "p90_completion_at": "2026-03-12T14:32:58.000Z",
        },
        "progress": {"processed": 0, "total": None},
        "retry_count": 0,
        "seq": 1,
        "batch_id": None,
        "schedule_id": None,
        "tags": [],
        "metadata": None,
        "run_at": None,
        "expires_at": None,
        "cancel_requested_at": None,
        "retry_of": None,
        "request_id": "nightly-2026-03-12",
    }


def completed_example(kind: JobType[Params, Result]) -> Schema:
    queued = {name: value for name, value in queued_example(kind).items() if name != "queue"}
    return {
        **queued,
        "status": "completed",
        "started_at": "2026-03-12T14:32:05.000Z",
        "completed_at": "2026-03-12T14:32:32.000Z",
        "duration_seconds": 27.0,
        "estimated_completion_at": None,
        "progress": {"processed": 2, "total": 2},
        "seq": 3,
        "result": kind.example["result"],
    }
