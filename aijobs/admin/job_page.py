"""All that staff want to know about one job, put together for its page."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.db.models import TextField
from django.db.models.functions import Cast, Left
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import now
from pydantic import ValidationError

from aijobs import identifiers, registry
from aijobs.admin import attempts
from aijobs.admin.documents import LARGEST_IN_TABLES, show_document
from aijobs.admin.drawing import draw
from aijobs.admin.effects import Effect, effects_of
from aijobs.explaining import Explanation, explain
from aijobs.models import ApiKey, Job, JobEvent

logger = logging.getLogger(__name__)

# A job that is handed back again and again has many; the newest say what is up.
MOST_EVENTS = 200
MOST_RETRIES = 20


@dataclass(frozen=True, slots=True)
class Fact:
    """A name, a text, and the address of what it is about, if there is a page."""

    name: str
    text: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class JobPage:
    explanation: Explanation
    attempts: SafeString
    pictures: SafeString
    # Why there are no pictures, where there could be some.
    pictures_note: str
    params: SafeString
    # The caller's own, if there are any.
    metadata: SafeString
    result: SafeString
    effects: list[Effect]
    origin: list[Fact]
    # The members of its batch, in order, itself among them.
    members: list[Job]
    command: str
    events: list[JobEvent]
    has_earlier_events: bool


def page_of(request: HttpRequest, job: Job) -> JobPage:
    params, result, metadata = _texts(job.pk)
    events = list(JobEvent.objects.filter(job=job).order_by("-seq")[: MOST_EVENTS + 1])
    shown = events[:MOST_EVENTS][::-1]
    pictures, note = _pictures(job, result)
    return JobPage(
        explanation=explain([job])[job.id],
        attempts=draw([attempts.chart(job, shown, now())]),
        pictures=pictures,
        pictures_note=note,
        params=show_document(params),
        metadata=show_document(metadata) if metadata is not None else SafeString(),
        result=show_document(result) if result is not None else SafeString(),
        effects=effects_of(job),
        origin=_origin(job),
        members=_members(job),
        command=_command(request, job),
        events=shown,
        has_earlier_events=len(events) > MOST_EVENTS,
    )


def _texts(job_id: UUID) -> tuple[str, str | None, str | None]:
    """As much of a job's params, result and metadata, as they were written, as is shown."""
    documents = ("params", "result", "metadata")
    texts = (Left(Cast(document, TextField()), LARGEST_IN_TABLES + 1) for document in documents)
    found: tuple[str, str | None, str | None] = Job.objects.filter(pk=job_id).values_list(*texts).get()
    return found


def _pictures(job: Job, result: str | None) -> tuple[SafeString, str]:
    kind = registry.find(job.type)
    if result is None or kind is None:
        return SafeString(), ""
    if len(result) > LARGEST_IN_TABLES:
        return SafeString(), "The result is too long for pictures. The API has all of it."
    try:
        return draw(registry.present(kind, result)), ""
    except ValidationError as error:
        logger.info("the result of job %s has no pictures: %s", job, error)
        return SafeString(), "Another release of the service made this result, so there are no pictures of it."


def _origin(job: Job) -> list[Fact]:
    facts = [Fact("Created", f"{job.created_at:%Y-%m-%d %H:%M:%S} UTC"), Fact("Priority", job.get_priority_display())]
    if key := ApiKey.objects.filter(pk=job.api_key_id).first() if job.api_key_id else None:
        name = f"{key.prefix}… {key.label}".strip()
        facts.append(Fact("API key", name, reverse("admin:aijobs_apikey_change", args=[key.pk])))
    terms = [("Request ID", job.request_id), ("Idempotency-Key", job.idempotency_key)]
    terms += [("Tag", tag) for tag in job.tags]
    facts += [Fact(name, text, _list(text)) for name, text in terms if text]
    if job.schedule:
        # A deleted one has no page.
        page = "" if job.schedule.deleted_at else reverse("admin:aijobs_schedule_change", args=[job.schedule_id])
        facts.append(Fact("Schedule", job.schedule.name, page))
    if job.batch_id:
        batch = identifiers.encode(identifiers.BATCH_PREFIX, job.batch_id)
        place = f"{batch}, job {job.position}"
        facts.append(Fact("Batch", place, reverse("admin:aijobs_batch_change", args=[job.batch_id])))
    facts += [_job_fact("Retry of", job.retry_of_id)] if job.retry_of_id else []
    retries = job.retries.order_by("id").values_list("id", flat=True)[:MOST_RETRIES]
    return facts + [_job_fact("Retried as", each) for each in retries]


def _job_fact(name: str, job_id: UUID) -> Fact:
    public_id = identifiers.encode(identifiers.JOB_PREFIX, job_id)
    return Fact(name, public_id, reverse("admin:aijobs_job_change", args=[job_id]))


def _list(term: str) -> str:
    return f"{reverse('admin:aijobs_job_changelist')}?{urlencode({'q': term})}"


def _members(job: Job) -> list[Job]:
    if job.batch_id is None:
        return []
    return list(Job.objects.filter(batch_id=job.batch_id).only("type", "status", "position").order_by("position"))


def _command(request: HttpRequest, job: Job) -> str:
    """What shows what the customer sees. The key is for whoever has one to put in."""
    address = request.build_absolute_uri(f"/api/ai-jobs/{job.public_id}")
    headers: Sequence[str] = ("Authorization: Bearer $AIJOBS_API_KEY", f"X-Tenant-ID: {job.tenant.name}")
    return " \\\n  ".join(["curl -s", *(f'-H "{header}"' for header in headers), address])
