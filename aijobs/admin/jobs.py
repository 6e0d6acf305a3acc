"""Jobs: the list, and the page of one."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.admin.job_actions import JobActionsAdmin
from aijobs.admin.job_filters import CreatedFilter
from aijobs.admin.job_list import FILTERS, JobList
from aijobs.admin.job_page import page_of
from aijobs.explaining import duration
from aijobs.models import Job
from aijobs.states import Status


@admin.register(Job)
class JobAdmin(JobActionsAdmin):
    id_prefix = identifiers.JOB_PREFIX
    list_display = ["state", "why", "type", "subject", "attempt", "waiting", "running", "tenant", "public_id"]
    list_display_links = ["state", "public_id"]
    list_select_related = ["tenant"]
    list_filter = [*FILTERS, CreatedFilter]
    search_help_text = (
        "Enter the whole ID of a job, a batch or a schedule, an error code, an SKU that the params name, a tag, an "
        "X-Request-ID, an Idempotency-Key or a tenant. Jobs dispatched with “all” are not found by SKU, and neither "
        "what else the params say nor results are searched."
    )
    fieldsets = [
        (
            "All of its row",
            {
                "classes": ["collapse"],
                "fields": [
                    ("public_id", "tenant", "type", "status"),
                    ("created_at", "started_at", "completed_at", "duration_seconds"),
                    ("processed", "total"),
                    ("error_code", "error_message"),
                    ("cancel_reason", "cancelled_by", "cancel_requested_at"),
                    ("batch", "position", "depends_on", "blocked"),
                    ("priority", "lane", "releases"),
                    ("run_at", "expires_at", "run_after", "released_at"),
                    ("attempt", "failures", "worker"),
                    ("lease_expires_at", "deadline_at"),
                ],
            },
        ),
    ]
    change_form_template = "aijobs/admin/job.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Without what may have megabytes: a page shows no more of it than it can."""
        return super().get_queryset(request).defer("metadata", "params", "result")

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
        """The first SKU, and how many others; or that it is about all products."""
        if not job.subjects:
            return job.whole or "-"
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

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Job | None = None,
    ) -> HttpResponse:
        # Nobody adds a job here, so there always is one.
        context |= {"page": page_of(request, obj)} if obj else {}
        return super().render_change_form(request, context, add, change, form_url, obj)


def show_state(status: str) -> SafeString:
    return format_html('<span class="state state-{}">{}</span>', status, status)
