"""Jobs with their events."""

from django.contrib import admin
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast, Left
from django.http import HttpRequest
from django.utils.safestring import SafeString

from aijobs import identifiers, registry
from aijobs.admin.base import ReadOnlyInline, pretty
from aijobs.admin.documents import LARGEST_IN_TABLES, show_document
from aijobs.admin.filters import TenantFilter
from aijobs.admin.job_actions import JobActionsAdmin
from aijobs.models import Job, JobEvent


class TypeFilter(admin.SimpleListFilter):
    """The registered job types; Django's own filter would read the whole table for its DISTINCT."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(each.name, each.name) for each in registry.all_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class JobEventsInline(ReadOnlyInline):
    model = JobEvent
    ordering = ["seq"]
    fields = ["seq", "kind", "attempt", "at", "shown_data"]
    readonly_fields = ["shown_data"]

    @admin.display(description="data")
    def shown_data(self, event: JobEvent) -> SafeString:
        return pretty(event.data)


@admin.register(Job)
class JobAdmin(JobActionsAdmin):
    id_prefix = identifiers.JOB_PREFIX
    list_display = ["public_id", "tenant", "type", "status", "priority", "lane", "attempt", "created_at"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, "status", TypeFilter, "priority"]
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

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        """Without what may have megabytes: a page shows no more of it than `_text_of` reads."""
        return super().get_queryset(request).defer("params", "result")

    @admin.display(description="params")
    def shown_params(self, job: Job) -> SafeString:
        return show_document(_text_of(job, "params"))

    @admin.display(description="result")
    def shown_result(self, job: Job) -> SafeString:
        return show_document(_text_of(job, "result"))


def _text_of(job: Job, document: str) -> str | None:
    """As much of a job's params or result, as they were written, as is shown."""
    text = Left(Cast(document, TextField()), LARGEST_IN_TABLES + 1)
    found: str | None = Job.objects.filter(pk=job.pk).values_list(text, flat=True).get()
    return found
