"""The staff's view of changes: policies to set, decided changes to read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from aijobs.admin.base import Admin, ReadOnlyAdmin
from aijobs.admin.filters import TenantFilter
from workers.catalogue.admin import MarketplaceFilter
from workers.changes.kinds import KINDS
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


class KindFilter(admin.SimpleListFilter):
    """The kinds that there are; Django's own filter would read the whole table for its DISTINCT."""

    title = "kind"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(name, name) for name in KINDS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Change]) -> QuerySet[Change]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """It names SKUs and not products: those may be removed, and their changes stay."""

    list_display = [
        "sku",
        "marketplace",
        "kind",
        "before",
        "after",
        "status",
        "detail",
        "read_back",
        "tenant",
        "public_job_id",
        "applied_by",
        "created_at",
    ]
    list_filter = [TenantFilter, MarketplaceFilter, KindFilter, "status", "read_back"]
    list_select_related = ["tenant", "applied_by"]
    search_fields: ClassVar = ["sku__exact"]
    search_help_text = "Enter a whole SKU."
    raw_id_fields = ["job", "reverts"]
