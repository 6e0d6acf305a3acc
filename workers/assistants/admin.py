"""The staff's view of assistants: connections and budgets to set, and what each month has cost."""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs.admin.base import Admin, ReadOnlyAdmin
from aijobs.admin.filters import ExactFilter, TenantFilter
from workers.assistants import accounting, connections
from workers.assistants.connectors import CONNECTORS
from workers.assistants.models import Account, Budget, Connection, MonthlyUsage
from workers.connections.admin import ConnectionAdmin, ConnectionForm


class AssistantForm(ConnectionForm):
    connections = connections
    known = CONNECTORS

    class Meta:
        model = Connection
        fields: ClassVar = ["tenant", "name", "connector", "settings"]


@admin.register(Connection)
class AssistantAdmin(ConnectionAdmin):
    form = AssistantForm


@admin.register(Budget)
class BudgetAdmin(Admin):
    list_display = ["tenant", "monthly_limit", "spent_this_month"]
    list_select_related = ["tenant"]
    search_fields = ["tenant__name"]
    autocomplete_fields = ["tenant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["tenant"] if obj else []

    def get_queryset(self, request: HttpRequest) -> QuerySet[Budget]:
        """With what is spent, in the one statement of the list."""
        of_month = Account.objects.filter(tenant=OuterRef("pk"), month=accounting.month_of(now()))
        rows: QuerySet[Budget] = super().get_queryset(request)
        return rows.annotate(spent=Subquery(of_month.values("spent")))

    @admin.display(description="spent this month")
    def spent_this_month(self, row: Any) -> str:
        return f"{row.spent or 0:.2f}"


class MonthFilter(ExactFilter):
    """As `2026-03`: there is an index of months, and one of a tenant's."""

    title = "month (2026-03)"
    parameter_name = "month"
    has_index = True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.value():
            return queryset
        try:
            month = date.fromisoformat(f"{self.value()}-01")
        except ValueError:
            return queryset.none()
        return queryset.filter(month=month)


@admin.register(MonthlyUsage)
class MonthlyUsageAdmin(ReadOnlyAdmin):
    list_display = ["month", "tenant", "assistant", "model", "calls", "input_tokens", "output_tokens", "cost"]
    list_filter = [TenantFilter, MonthFilter]
    list_select_related = ["tenant"]
    search_fields: ClassVar = ["assistant__exact"]
    search_help_text = "Enter a whole name."

    def get_ordering(self, request: HttpRequest) -> Any:
        """Of a month's rows, as of a tenant's, the primary key is not the way."""
        of_month = request.GET.get(str(MonthFilter.parameter_name))
        return [F("pk").desc(nulls_last=True)] if of_month else super().get_ordering(request)
