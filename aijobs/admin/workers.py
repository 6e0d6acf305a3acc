"""The processes that run jobs and keep the clock, as they say of themselves."""

from django.contrib import admin

from aijobs.admin.base import ReadOnlyAdmin
from aijobs.models import Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    list_display = ["name", "shown_queues", "places", "version", "started_at", "seen_at", "last_claim_at"]
    fields = ["name", "id", "host", "shown_queues", "places", "version", "started_at", "seen_at", "last_claim_at"]
    ordering = ["name", "id"]

    @admin.display(description="queues")
    def shown_queues(self, worker: Worker) -> str:
        return ", ".join(worker.queues)
