"""What the sweeper measured last."""

from django.contrib import admin
from django.utils.safestring import SafeString

from aijobs.admin.base import ReadOnlyAdmin, pretty
from aijobs.models import QueueStatistics


@admin.register(QueueStatistics)
class QueueStatisticsAdmin(ReadOnlyAdmin):
    list_display = ["refreshed_at", "active", "drain_rate"]
    fields = ["refreshed_at", "active", "drain_rate", "shown_depths", "shown_oldest_due", "shown_medians"]

    @admin.display(description="depths")
    def shown_depths(self, row: QueueStatistics) -> SafeString:
        return pretty(row.depths)

    @admin.display(description="oldest due")
    def shown_oldest_due(self, row: QueueStatistics) -> SafeString:
        return pretty(row.oldest_due)

    @admin.display(description="medians")
    def shown_medians(self, row: QueueStatistics) -> SafeString:
        return pretty(row.medians)
