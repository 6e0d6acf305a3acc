"""What a path or a query says of jobs, as the schema describes it: an ID, and the conditions of a list."""

from typing import get_args
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter

from aijobs import identifiers, registry
from aijobs.api.wire.openapi import parameter, several
from aijobs.dispatching import MOST_TAGS
from aijobs.errors import JobNotFound
from aijobs.filtering import LONGEST_SKU, SKU
from aijobs.shapes import LONGEST_TAG, TAG, PriorityName
from aijobs.states import Status

JOB_ID = OpenApiParameter(
    "job_id",
    {"type": "string", "pattern": identifiers.JOB_PATTERN, "examples": ["job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"]},
    OpenApiParameter.PATH,
    description="The job's ID.",
)
ZONE = "in the tenant's time zone, and so is a date-time without an offset. A space may stand for the T"
MOMENT = {
    "type": "string",
    "anyOf": [{"format": "date"}, {"format": "date-time"}],
    "examples": ["2026-03-12", "2026-03-12T14:32:01Z"],
}
# Which jobs a list shows, and an export has.
FILTERS = [
    several(
        "type",
        [kind.name for kind in registry.all_types()],
        "Show only jobs of this type, or of these types, separated by commas.",
    ),
    several("status", Status.values, "Show only jobs in this status, or in these, separated by commas."),
    parameter(
        "priority",
        {"type": "string", "enum": list(get_args(PriorityName))},
        "Show only jobs that were dispatched with this priority.",
    ),
    parameter(
        "batch_id",
        {
            "type": "string",
            "pattern": identifiers.BATCH_PATTERN,
            "examples": ["batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
        },
        "Show only the jobs of this batch.",
    ),
    parameter(
        "schedule_id",
        {
            "type": "string",
            "pattern": identifiers.SCHEDULE_PATTERN,
            "examples": ["schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"],
        },
        "Show only the jobs that this schedule has dispatched.",
    ),
    parameter(
        "request_id",
        {"type": "string", "pattern": identifiers.REQUEST_ID_PATTERN, "examples": ["nightly-2026-03-12"]},
        "Show only the jobs that came with this X-Request-ID.",
    ),
    parameter(
        "tag",
        {
            "type": "array",
            "items": {"type": "string", "pattern": TAG.pattern, "maxLength": LONGEST_TAG},
            "minItems": 1,
            "maxItems": MOST_TAGS,
            "examples": [["nightly"]],
        },
        "Show only jobs with this tag. Repeat the parameter for jobs that have several tags: `tag=a&tag=b`.",
        style="form",
        explode=True,
    ),
    parameter(
        "sku",
        {
            "type": "string",
            "pattern": SKU.pattern,
            "minLength": 1,
            "maxLength": LONGEST_SKU,
            "examples": ["SKU-001"],
        },
        "Show only jobs whose params name this SKU. Jobs dispatched with `all` are not found by SKU.",
    ),
    parameter(
        "error_code",
        {
            "type": "string",
            "pattern": r"^[^\x00]+$",
            "minLength": 1,
            "maxLength": 64,
            "examples": ["WORKER_TIMEOUT"],
        },
        "Show only jobs that failed with this code.",
    ),
    parameter("start_date", MOMENT, f"Show only jobs created on or after this. A date is a day {ZONE}."),
    parameter("end_date", MOMENT, f"Show only jobs created on or before this. A date is that whole day {ZONE}."),
]


def job_id_of(text: str) -> UUID:
    """An id of any other form is that of no job."""
    decoded = identifiers.decode(identifiers.JOB_PREFIX, text)
    if decoded is None:
        raise JobNotFound()
    return decoded
