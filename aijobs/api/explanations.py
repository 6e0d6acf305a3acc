"""`GET /api/ai-jobs/:jobId/explain`: why a job waits, or why it ended so. Its words are those for callers."""

from collections.abc import Callable

from drf_spectacular.utils import extend_schema
from pydantic import BaseModel, Field
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs import explaining
from aijobs.api.authentication import tenant_of
from aijobs.api.job_parameters import JOB_ID, job_id_of
from aijobs.api.jobs import TAGS
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, View, errors
from aijobs.api.wire.views import ViewSet
from aijobs.errors import JobNotFound
from aijobs.explaining import CODES, Explanation
from aijobs.models import Job
from aijobs.scopes import ANY_READ


class ExplanationView(BaseModel):
    code: str = Field(
        description="One code, for programs. The codes are listed above.",
        examples=["BEHIND_HIGHER_PRIORITY"],
        json_schema_extra={"enum": list(CODES)},
    )
    message: str = Field(description="The same in a sentence.")
    action: str = Field(description="What you can do about it. It is empty if there is nothing to do but wait.")


class ExplanationAnswer(BaseModel):
    data: ExplanationView


def show_explanation(explanation: Explanation) -> dict[str, object]:
    """An `ExplanationView`."""
    return {"code": explanation.code, "message": explanation.message, "action": explanation.action}


describe_explain: Callable[[View], View] = extend_schema(
    operation_id="explain_job",
    tags=TAGS,
    summary="Explain why a job waits, or why it ended so",
    description="The answer has one code, one sentence, and what to do about it.\n\n"
    + "\n".join(f"- `{code}`: {meaning}" for code, meaning in CODES.items()),
    parameters=[*HEADERS, JOB_ID],
    responses={200: ExplanationAnswer, **errors(JobNotFound)},
)


class ExplanationViewSet(ViewSet):
    """Say why a job waits, or why it ended so."""

    scopes = {"GET": ANY_READ}

    @describe_explain
    def retrieve(self, request: Request, job_id: str) -> Response:
        jobs = Job.objects.of(tenant_of(request).id).defer("params", "result").select_related("tenant")
        job = jobs.filter(id=job_id_of(job_id)).first()
        if job is None:
            raise JobNotFound()
        return data_response(show_explanation(explaining.explain([job])[job.id]))
