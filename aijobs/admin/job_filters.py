"""What the list of jobs is narrowed by: filters, the span of time, and the one box to search in."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs import identifiers, registry
from aijobs.admin.filters import ExactFilter
from aijobs.models import LISTED_STATUS, Job, JobQuerySet, Schedule, Tenant
from aijobs.states import Priority, Status

CREATED = "created"
SPANS: dict[str, tuple[str, timedelta | None]] = {
    "hour": ("the last hour", timedelta(hours=1)),
    "day": ("the last 24 hours", timedelta(days=1)),
    "week": ("the last seven days", timedelta(days=7)),
    "all": ("any time", None),
}
# Unless something else is asked for.
USUAL_SPAN = "week"


class CreatedFilter(admin.SimpleListFilter):
    """A span of ids, which begin with the moment of creation: of every list's index a stretch."""

    title = "time of creation"
    parameter_name = CREATED

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(name, words) for name, (words, _) in SPANS.items()]

    def value(self) -> str:
        chosen = super().value()
        return chosen if chosen in SPANS else USUAL_SPAN

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        for name, words in self.lookup_choices:
            yield {
                "selected": self.value() == name,
                "query_string": changelist.get_query_string({CREATED: name}),
                "display": str(words).capitalize(),
            }

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        _, span = SPANS[self.value()]
        return queryset.filter(id__gte=identifiers.first_id_at(now() - span)) if span else queryset


class StatusFilter(admin.SimpleListFilter):
    """By the indexes of lists: a tenant's have the status as LISTED_STATUS, and one of all has the failed."""

    title = "status"
    parameter_name = "status__exact"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(status.value, status.label) for status in Status]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        if not self.value():
            return queryset
        listed = queryset.alias(listed=LISTED_STATUS).filter(listed=self.value())
        return listed.filter(status=Status.FAILED) if self.value() == Status.FAILED else listed


class TypeFilter(admin.SimpleListFilter):
    """The registered job types; Django's own filter would read the whole table for its DISTINCT."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(each.name, each.name) for each in registry.all_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class PriorityFilter(admin.SimpleListFilter):
    title = "priority"
    parameter_name = "priority__exact"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(str(priority.value), priority.label) for priority in reversed(Priority)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        chosen = self.value()
        return queryset.filter(priority=int(chosen)) if chosen and chosen.isdecimal() else queryset


class ErrorCodeFilter(ExactFilter):
    title = "error code"
    parameter_name = "error_code"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return with_error_code(queryset, self.value()) if self.value() else queryset


def with_error_code(jobs: QuerySet[Job], code: str | None) -> QuerySet[Job]:
    """By the index, which has only those of a code; "" none of them."""
    return jobs.exclude(error_code="").filter(error_code=code)


class ScheduleFilter(ExactFilter):
    title = "schedule ID"
    parameter_name = "schedule_id"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return of_schedule(queryset, self.value() or "") if self.value() else queryset


def of_schedule(jobs: QuerySet[Job], public_id: str) -> QuerySet[Job]:
    """By its tenant too, so that an index has them in a list's order."""
    schedule_id = identifiers.decode(identifiers.SCHEDULE_PREFIX, public_id)
    schedule = Schedule.objects.filter(id=schedule_id).first() if schedule_id else None
    return jobs.filter(schedule=schedule, tenant_id=schedule.tenant_id) if schedule else jobs.none()


class TagFilter(ExactFilter):
    title = "tag"
    parameter_name = "tag"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.exclude(tags=[]).filter(tags__contains=[self.value()]) if self.value() else queryset


@dataclass(frozen=True, slots=True)
class Search:
    """What a text was taken for, in words, and the jobs that it stands for."""

    means: str
    among: Callable[[JobQuerySet], QuerySet[Job]]
    # Whoever has an ID wants that job, whenever it was created and whatever else the list is narrowed by.
    is_id: bool = False
    is_tenant: bool = False
    is_term: bool = False


def read_search(term: str) -> Search:
    """What a text stands for: an ID, an error code that some job has, a tenant, or else a term of jobs."""
    if (job_id := identifiers.decode(identifiers.JOB_PREFIX, term)) is not None:
        return Search("the job with this ID", lambda jobs: jobs.filter(pk=job_id), is_id=True)
    if (batch_id := identifiers.decode(identifiers.BATCH_PREFIX, term)) is not None:
        return Search("the jobs of this batch", lambda jobs: jobs.filter(batch_id=batch_id), is_id=True)
    if identifiers.decode(identifiers.SCHEDULE_PREFIX, term) is not None:
        return Search("the jobs of this schedule", lambda jobs: of_schedule(jobs, term))
    if term.isupper() and with_error_code(Job.objects.all(), term).exists():
        return Search("jobs that failed with this code", lambda jobs: with_error_code(jobs, term))
    if tenant := Tenant.objects.filter(name=term).first():
        return Search("jobs of this tenant", lambda jobs: jobs.filter(tenant=tenant), is_tenant=True)
    return Search(
        "jobs that name this SKU, have this tag, or came with this X-Request-ID or Idempotency-Key",
        lambda jobs: jobs.with_term(term),
        is_term=True,
    )
