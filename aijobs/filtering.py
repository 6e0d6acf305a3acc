"""Which jobs: the one meaning of a filter, for the API's list and for whatever acts on all jobs that match."""

from datetime import datetime
from itertools import chain, product
from typing import Annotated, Literal
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from pydantic import BeforeValidator, Field

from aijobs import identifiers
from aijobs.models import LISTED_STATUS, NEWEST_FIRST, TERMS, Job
from aijobs.shapes import LONGEST_TAG, TAG, Form, PriorityName, RequestModel, SentMoment
from aijobs.sql import merged
from aijobs.states import Priority

# The smallest id.
BEFORE_ALL = UUID(int=0)

JOB_ID = Form(identifiers.JOB_PATTERN, "must be a job ID, for example job_01JQZ4X5M8N9P0Q1R2S3T4V5W6")
BATCH_ID = Form(identifiers.BATCH_PATTERN, "must be a batch ID, for example batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6")
SCHEDULE_ID = Form(
    identifiers.SCHEDULE_PATTERN, "must be a schedule ID, for example schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
)
REQUEST_ID = Form(
    identifiers.REQUEST_ID_PATTERN, "must be an X-Request-ID: 1 to 128 of the characters A-Z, a-z, 0-9, ., _, : and -"
)

# As the params of jobs take it.
LONGEST_SKU = 100
SKU = Form(r"^[^\x00-\x1f\x7f]+$", "must be one line without control characters")
# So many of a list's jobs are read, to find those that have a term.
LOOKED_THROUGH = 5_000
# Of a list with a term, so many types and statuses are looked through apart, by two or three statements each. More of
# them are most of a tenant's jobs, which are looked through together.
MOST_APART = 6

StatusName = Literal["queued", "running", "completed", "failed", "cancelled"]
Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG), TAG]
Types = Annotated[list[str], Field(max_length=100)]
Statuses = Annotated[list[StatusName], Field(max_length=5)]
Tags = Annotated[list[Tag], Field(max_length=10)]


def _several(sent: object) -> BeforeValidator:
    """One text stands for a list of it, as in a list's query. `sent`: the type of what may be sent."""
    return BeforeValidator(lambda value: [value] if isinstance(value, str) else value, json_schema_input_type=sent)


class JobFilter(RequestModel):
    """A job matches where it meets every condition. It can be stored as JSON and read again."""

    type: Annotated[Types, _several(Types | str)] = Field(default=[], description="Only jobs of one of these types.")
    status: Annotated[Statuses, _several(Statuses | StatusName)] = Field(
        default=[], description="Only jobs in one of these statuses."
    )
    priority: PriorityName | None = Field(default=None, description="Only jobs with this priority.")
    batch_id: Annotated[str, BATCH_ID] | None = Field(default=None, description="Only the jobs of this batch.")
    schedule_id: Annotated[str, SCHEDULE_ID] | None = Field(
        default=None, description="Only the jobs that this schedule has dispatched."
    )
    request_id: Annotated[str, REQUEST_ID] | None = Field(
        default=None, description="Only the jobs that came with this X-Request-ID."
    )
    tag: Annotated[Tags, _several(Tags | Tag)] = Field(
        default=[], description="Only jobs that have all of these tags."
    )
    sku: Annotated[str, Field(min_length=1, max_length=LONGEST_SKU), SKU] | None = Field(
        default=None, description="Only jobs whose params name this SKU."
    )
    error_code: str | None = Field(
        default=None, description="Only jobs that failed with this code.", min_length=1, max_length=64
    )
    start_date: SentMoment | None = Field(default=None, description="Only jobs created at this moment or later.")
    end_date: SentMoment | None = Field(default=None, description="Only jobs created at this moment or earlier.")

    @property
    def is_empty(self) -> bool:
        return not self.model_dump(exclude_defaults=True)

    def apart(self, jobs: QuerySet[Job]) -> list[QuerySet[Job]]:
        """The jobs that match, those of each type and status apart: an index has them in a list's order."""
        rows = self._apart_from_lists(jobs).alias(listed_status=LISTED_STATUS)
        types = [{"type": name} for name in dict.fromkeys(self.type)]
        statuses = [{"listed_status": name} for name in dict.fromkeys(self.status)]
        return [rows.filter(**kind, **state) for kind, state in product(types or [{}], statuses or [{}])]

    def newest(self, jobs: QuerySet[Job], most: int) -> list[Job]:
        """The first of the jobs that match, newest first."""
        if self._is_by_term:
            without_terms = self.model_copy(update={"tag": [], "sku": None, "request_id": None})
            wider, parts = without_terms.apart(jobs), self.apart(jobs)
            if len(parts) > MOST_APART:
                return _of_term(without_terms._apart_from_lists(jobs), self.together(jobs), most)
            found = [_of_term(rows, part, most) for rows, part in zip(wider, parts, strict=True)]
            return sorted(chain.from_iterable(found), key=lambda job: job.id, reverse=True)[:most]
        return merged(self.apart(jobs), [NEWEST_FIRST], most)

    @property
    def _is_by_term(self) -> bool:
        return bool(self.tag or self.sku or self.request_id)

    def together(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        """The jobs that match, in one query: for whoever looks through a bounded stretch of ids."""
        rows = self._apart_from_lists(jobs)
        if self.type:
            rows = rows.filter(type__in=self.type)
        return rows.filter(status__in=self.status) if self.status else rows

    def stretch(
        self, tenant_id: int | None, length: int, *, after: UUID | None, until: UUID
    ) -> tuple[QuerySet[Job], UUID | None]:
        """Those of the next so many jobs that match, oldest first, and up to where those are; None: to the end.

        However few match, it is read quickly.
        """
        jobs = Job.objects.of(tenant_id) if tenant_id else Job.objects.all()
        present = jobs.filter(id__gt=after or BEFORE_ALL, id__lt=until, **_bounds(self.start_date, self.end_date))
        # Backwards through the index of the tenant's list.
        ordered = present.order_by(F("id").asc(nulls_first=True) if tenant_id else "id")
        last = ordered.values_list("id", flat=True)[length - 1 : length].first()
        return self.together(present.filter(id__lte=last) if last else present).order_by("id"), last

    def _apart_from_lists(self, jobs: QuerySet[Job]) -> QuerySet[Job]:
        if self.priority:
            jobs = jobs.filter(priority=Priority.from_name(self.priority))
        if self.batch_id and (batch_id := identifiers.decode(identifiers.BATCH_PREFIX, self.batch_id)):
            jobs = jobs.filter(batch_id=batch_id)
        if self.schedule_id and (schedule_id := identifiers.decode(identifiers.SCHEDULE_PREFIX, self.schedule_id)):
            jobs = jobs.filter(schedule_id=schedule_id)
        if self.request_id:
            # One index has all that jobs came with.
            with_terms = jobs.alias(terms=TERMS)
            jobs = with_terms.filter(terms__contains=[self.request_id], request_id=self.request_id)  # type: ignore[misc]
        if self.tag:
            # The index has only those with tags.
            jobs = jobs.exclude(tags=[]).filter(tags__contains=self.tag)
        if self.sku:
            named = Q(terms__contains=[self.sku]) & Q(subjects__contains=[self.sku])
            jobs = jobs.alias(terms=TERMS).filter(named)
        if self.error_code:
            # The index has only those of a code.
            jobs = jobs.exclude(error_code="").filter(error_code=self.error_code)
        return jobs.filter(**_bounds(self.start_date, self.end_date))


def _of_term(rows: QuerySet[Job], matching: QuerySet[Job], most: int) -> list[Job]:
    """The first of those that match: of the next jobs where these have enough of them, else by the terms' index.

    Not left to the planner, which does not know how many of these jobs have a term, and would look through all of
    them for a rare one, or sort all that have a usual one.
    """
    last = rows.order_by(NEWEST_FIRST).values_list("id", flat=True)[LOOKED_THROUGH - 1 : LOOKED_THROUGH].first()
    near = list((matching.filter(id__gte=last) if last else matching).order_by(NEWEST_FIRST)[:most])
    if last is None or len(near) == most:
        return near
    # In an order that no other index has.
    return list(matching.order_by(Coalesce("id", "id").desc())[:most])


def _bounds(start: datetime | None, end: datetime | None) -> dict[str, object]:
    """Ids begin with the moment of creation: a range of them is a stretch of every list's index."""
    return {
        **({"id__gte": identifiers.first_id_at(start)} if start else {}),
        **({"id__lte": identifiers.last_id_at(end)} if end else {}),
    }
