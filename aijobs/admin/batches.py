"""Batches with their jobs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from aijobs import batches, identifiers
from aijobs.admin.base import ReadOnlyInline
from aijobs.admin.cancelling import CancelAdmin
from aijobs.admin.filters import TenantFilter
from aijobs.models import Batch, Job


class BatchJobsInline(ReadOnlyInline):
    model = Job
    ordering = ["position"]
    fields = ["position", "public_id", "type", "status", "depends_on", "blocked"]
    readonly_fields = ["public_id"]
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        return super().get_queryset(request).defer("metadata", "params", "result")


@admin.register(Batch)
class BatchAdmin(CancelAdmin):
    id_prefix = identifiers.BATCH_PREFIX
    list_display = ["public_id", "tenant", "sequential", "on_failure", "created_at", "cancelled_at"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, "sequential"]
    fields = ["public_id", "tenant", "sequential", "on_failure", "created_at", "cancelled_at"]
    inlines = [BatchJobsInline]
    actions = ["cancel_queued"]

    @admin.action(description="Cancel the queued jobs of the selected batches", permissions=["cancel"])
    def cancel_queued(self, request: HttpRequest, rows: QuerySet[Batch]) -> None:
        self.cancel_each(request, rows, batches.cancel)
