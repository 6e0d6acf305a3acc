"""What tenants' jobs have used, by day and type."""

from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
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
    has_index = True

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

    def get_ordering(self, request: HttpRequest) -> Any:
        """Of a day's rows, as of a tenant's, the primary key is not the way."""
        of_day = request.GET.get(str(DayFilter.parameter_name))
        return [F("pk").desc(nulls_last=True)] if of_day else super().get_ordering(request)

    @admin.display(description="ran for")
    def ran(self, usage: DayUsage) -> str:
        return duration(usage.running_seconds)
