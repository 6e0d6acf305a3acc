"""Jobs with their events."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Left
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.admin.base import ReadOnlyInline, pretty
from aijobs.admin.cancelling import CancelAdmin
from aijobs.admin.documents import LARGEST_IN_TABLES, show_document
from aijobs.admin.filters import TenantFilter
from aijobs.admin.job_filters import CreatedFilter, ErrorCodeFilter, PriorityFilter, StatusFilter, TypeFilter
from aijobs.admin.job_list import JobList
from aijobs.engine import lifecycle
from aijobs.explaining import duration
from aijobs.models import Job, JobEvent
from aijobs.states import Status


class JobEventsInline(ReadOnlyInline):
    model = JobEvent
    ordering = ["seq"]
    fields = ["seq", "kind", "attempt", "at", "shown_data"]
    readonly_fields = ["shown_data"]

    @admin.display(description="data")
    def shown_data(self, event: JobEvent) -> SafeString:
        return pretty(event.data)


@admin.register(Job)
class JobAdmin(CancelAdmin):
    id_prefix = identifiers.JOB_PREFIX
    list_display = ["public_id", "type", "state", "why", "subject", "attempt", "waiting", "running", "tenant"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, StatusFilter, TypeFilter, PriorityFilter, ErrorCodeFilter, CreatedFilter]
    change_list_template = "aijobs/admin/job_rows.html"
    search_help_text = (
        "Enter the whole ID of a job or a batch, an error code, an SKU that the params name, an X-Request-ID, an "
        "Idempotency-Key or a tenant. Jobs dispatched with “all” are not found by SKU, and neither what else the "
        "params say nor results are searched."
    )
    fieldsets = [
        (
            None,
            {
                "fields": [
                    "public_id",
                    ("tenant", "type", "status"),
                    ("created_at", "started_at", "completed_at", "duration_seconds"),
                    ("processed", "total"),
                    ("error_code", "error_message"),
                    ("cancel_reason", "cancelled_by"),
                    "shown_params",
                    "shown_result",
                ]
            },
        ),
        (
            "How it was run",
            {
                "fields": [
                    ("batch", "position", "blocked"),
                    ("priority", "lane", "releases"),
                    ("run_after", "released_at"),
                    ("attempt", "failures", "worker"),
                    ("lease_expires_at", "deadline_at"),
                ]
            },
        ),
    ]
    inlines = [JobEventsInline]
    actions = ["cancel_queued"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Without what may have megabytes: a page shows no more of it than `_text_of` reads."""
        return super().get_queryset(request).defer("params", "result")

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return JobList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        """The list searches by itself, because it says what for."""
        return queryset, False

    @admin.display(description="status")
    def state(self, job: Job) -> SafeString:
        return show_state(job.status)

    @admin.display(description="why")
    def why(self, job: Job) -> str:
        return job.why

    @admin.display(description="about")
    def subject(self, job: Job) -> str:
        """The first SKU, and how many others."""
        if not job.subjects:
            return "-"
        others = len(job.subjects) - 1
        return f"{job.subjects[0]} + {others:,}" if others else job.subjects[0]

    @admin.display(description="waiting")
    def waiting(self, job: Job) -> str:
        """How long the last attempt waited for a worker since it was due, or has been waiting."""
        until = now() if job.status == Status.QUEUED else job.started_at
        return "-" if until is None or job.blocked else duration(max((until - job.run_after).total_seconds(), 0.0))

    @admin.display(description="running")
    def running(self, job: Job) -> str:
        """How long the last attempt ran, or has been running."""
        if job.started_at is None or job.status == Status.QUEUED:
            return "-"
        return duration(((job.completed_at or now()) - job.started_at).total_seconds())

    @admin.display(description="params")
    def shown_params(self, job: Job) -> SafeString:
        return show_document(_text_of(job, "params"))

    @admin.display(description="result")
    def shown_result(self, job: Job) -> SafeString:
        return show_document(_text_of(job, "result"))

    @admin.action(description="Cancel those selected jobs that are queued", permissions=["cancel"])
    def cancel_queued(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        self.cancel_each(request, rows, lifecycle.cancel)


def show_state(status: str) -> SafeString:
    return format_html('<span class="state state-{}">{}</span>', status, status)


def _text_of(job: Job, document: str) -> str | None:
    """As much of a job's params or result, as they were written, as is shown."""
    text = Left(Cast(document, TextField()), LARGEST_IN_TABLES + 1)
    found: str | None = Job.objects.filter(pk=job.pk).values_list(text, flat=True).get()
    return found
