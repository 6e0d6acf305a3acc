"""The staff's view of changes: policies to set, decided changes to read."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from aijobs.admin.base import Admin, ReadOnlyAdmin
from workers.changes.models import Change, RepricingPolicy


@admin.register(RepricingPolicy)
class RepricingPolicyAdmin(Admin):
    list_display = ["tenant", "repricing_enabled", "max_changes_per_day", "cool_down_minutes", "min_margin_pct"]
    list_select_related = ["tenant"]
    list_filter = ["repricing_enabled"]
    search_fields = ["tenant__name"]
    autocomplete_fields = ["tenant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["tenant"] if obj else []


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    list_display = [
        "product",
        "kind",
        "before",
        "after",
        "status",
        "detail",
        "tenant",
        "public_job_id",
        "applied_by",
        "created_at",
    ]
    list_filter = ["kind", "status", "tenant"]
    list_select_related = ["product", "tenant", "applied_by"]
    search_fields = ["product__sku__exact"]
    raw_id_fields = ["job", "reverts"]
