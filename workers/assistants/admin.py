"""The staff's view of assistants: connections and budgets to set, and what each month has cost."""

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from aijobs.admin.base import Admin, ReadOnlyAdmin
from aijobs.admin.filters import TenantFilter
from workers.assistants import accounting, connections
from workers.assistants.connectors import CONNECTORS
from workers.assistants.models import Budget, Connection, MonthlyUsage
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

    @admin.display(description="spent this month")
    def spent_this_month(self, row: Budget) -> str:
        return f"{accounting.spent_this_month(row.pk):.2f}"


@admin.register(MonthlyUsage)
class MonthlyUsageAdmin(ReadOnlyAdmin):
    list_display = ["month", "tenant", "assistant", "model", "calls", "input_tokens", "output_tokens", "cost"]
    list_filter = [TenantFilter]
    list_select_related = ["tenant"]
    date_hierarchy = "month"
    search_fields: ClassVar = ["assistant__exact"]
    search_help_text = "Enter a whole name."
