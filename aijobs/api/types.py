"""The job types, with their params and results."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import registry
from aijobs.api.jobs import TAGS
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, View, errors
from aijobs.api.wire.views import ViewSet
from aijobs.engine import statistics
from aijobs.registry import JobType, Params, Result
from aijobs.scopes import ANY_READ


class TypicalDuration(BaseModel):
    """How long a job of this type takes, in seconds."""

    min: int
    max: int
    expected: float = Field(description="The median of recent runs, or a typical value until there are any.")


class TypeLimits(BaseModel):
    soft_time_limit_seconds: int
    hard_time_limit_seconds: int
    attempts: int = Field(description="How often a job is tried at most, including the first time.")


class JobTypeView(BaseModel):
    type: str
    description: str
    typical_duration_seconds: TypicalDuration
    limits: TypeLimits
    params_schema: dict[str, Any] = Field(description="The JSON Schema of the params.")
    result_schema: dict[str, Any] = Field(description="The JSON Schema of the result.")
    example: dict[str, Any]


class JobTypesAnswer(BaseModel):
    data: list[JobTypeView]


def show_type(kind: JobType[Params, Result]) -> dict[str, object]:
    shortest, longest = kind.limits.typical_range
    return JobTypeView(
        type=kind.name,
        description=kind.description,
        typical_duration_seconds=TypicalDuration(
            min=shortest, max=longest, expected=statistics.snapshot().run_seconds(kind.name)
        ),
        limits=TypeLimits(
            soft_time_limit_seconds=kind.limits.soft_seconds,
            hard_time_limit_seconds=kind.limits.hard_seconds,
            attempts=kind.limits.attempts,
        ),
        params_schema=kind.params.model_json_schema(),
        result_schema=kind.result.model_json_schema(mode="serialization"),
        example=dict(kind.example),
    ).model_dump()


def show_types() -> list[dict[str, object]]:
    return [show_type(kind) for kind in registry.all_types()]


describe_list: Callable[[View], View] = extend_schema(
    operation_id="list_job_types",
    tags=TAGS,
    summary="List the job types with their params and results",
    parameters=HEADERS,
    responses={200: JobTypesAnswer, **errors()},
)


class JobTypeViewSet(ViewSet):
    scopes = {"GET": ANY_READ}

    @describe_list
    def list(self, request: Request) -> Response:
        return data_response(show_types())
