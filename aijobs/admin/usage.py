"""What tenants' jobs have used, by day and type."""

from datetime import date

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_date

from aijobs.admin.base import ReadOnlyAdmin
from aijobs.admin.filters import ExactFilter, TenantFilter
from aijobs.admin.job_filters import TypeFilter
from aijobs.explaining import duration
from aijobs.models import DayUsage


class DayFilter(ExactFilter):
    """A day in UTC, as 2026-03-12: there is an index of days, and one of a tenant's."""

    title = "day (2026-03-12)"
    parameter_name = "day"

    def queryset(self, request: HttpRequest, queryset: QuerySet[DayUsage]) -> QuerySet[DayUsage]:
        if not (sent := self.value()):
            return queryset
        day = _read(sent)
        return queryset.filter(day=day) if day else queryset.none()


def _read(sent: str) -> date | None:
    """None for what is no day, such as 30 February."""
    try:
        return parse_date(sent)
    except ValueError:
        return None


@admin.register(DayUsage)
class DayUsageAdmin(ReadOnlyAdmin):
    list_display = ["day", "tenant", "type", "end", "count", "ran", "cost"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, DayFilter, TypeFilter, "end"]
    fields = ["day", "tenant", "type", "end", "count", "ran", "cost"]

    @admin.display(description="ran for")
    def ran(self, usage: DayUsage) -> str:
        return duration(usage.running_seconds)
