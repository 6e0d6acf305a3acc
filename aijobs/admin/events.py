"""Events, to be found by a job's id."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from aijobs import identifiers
from aijobs.admin.base import ReadOnlyAdmin, pretty
from aijobs.models import JobEvent


@admin.register(JobEvent)
class JobEventAdmin(ReadOnlyAdmin):
    list_display = ["job_public_id", "seq", "kind", "attempt", "tenant", "at"]
    list_select_related = ["tenant"]
    list_filter = ["kind"]
    fields = ["job", "seq", "kind", "attempt", "tenant", "at", "shown_data"]
    search_fields = ["job__pk"]
    search_help_text = "Enter a job's ID."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[JobEvent], search_term: str
    ) -> tuple[QuerySet[JobEvent], bool]:
        job_id = identifiers.decode(identifiers.JOB_PREFIX, search_term.strip())
        if not search_term:
            return queryset, False
        return queryset.filter(job_id=job_id) if job_id else queryset.none(), False

    @admin.display(description="job")
    def job_public_id(self, event: JobEvent) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, event.job_id)

    @admin.display(description="data")
    def shown_data(self, event: JobEvent) -> SafeString:
        return pretty(event.data)
