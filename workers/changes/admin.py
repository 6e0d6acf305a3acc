"""The staff's view of changes: policies to set, decided changes to read."""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from aijobs.admin import effects
from aijobs.admin.base import Admin, ReadOnlyAdmin
from aijobs.admin.effects import Effect
from aijobs.admin.filters import TenantFilter
from aijobs.models import Job
from workers.catalogue.admin import MarketplaceFilter
from workers.changes.kinds import KINDS
from workers.changes.models import Change, ListingPolicy, RepricingPolicy
from workers.listings.diffs import word_diff

# Of a word diff: what is in both texts is plain.
TAGS = {"removed": "del", "added": "ins", "same": "span"}
# On the page of the job that made them.
MOST_CHANGES = 100


@admin.register(RepricingPolicy)
class RepricingPolicyAdmin(Admin):
    list_display = ["tenant", "repricing_enabled", "max_changes_per_day", "cool_down_minutes", "min_margin_pct"]
    list_select_related = ["tenant"]
    list_filter = ["repricing_enabled"]
    search_fields = ["tenant__name"]
    autocomplete_fields = ["tenant"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["tenant"] if obj else []


@admin.register(ListingPolicy)
class ListingPolicyAdmin(Admin):
    list_display = ["tenant", "editing_enabled", "max_changes_per_day"]
    list_select_related = ["tenant"]
    list_filter = ["editing_enabled"]
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
        "shown_before",
        "shown_after",
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
    readonly_fields = ["difference"]

    @admin.display(description="before")
    def shown_before(self, row: Change) -> str:
        return _shown(row, row.before)

    @admin.display(description="after")
    def shown_after(self, row: Change) -> str:
        return _shown(row, row.after)

    @admin.display(description="difference")
    def difference(self, row: Change) -> SafeString:
        """Word by word. What was written, by whomever, is text and never markup."""
        before, after = _texts(row, row.before), _texts(row, row.after)
        parts = ((name, _marked(before.get(name, ""), text)) for name, text in after.items())
        return format_html_join("", '<div class="difference"><b>{}</b><p>{}</p></div>', parts)


def _shown(row: Change, value: object) -> str:
    """As its kind says it; as it is stored, where this release does not know the kind."""
    kind = KINDS.get(row.kind)
    return kind.show(kind.load(value)) if kind else str(value)


def _texts(row: Change, value: object) -> Mapping[str, str]:
    kind = KINDS.get(row.kind)
    return kind.texts(kind.load(value)) if kind else {row.kind: str(value)}


def _marked(before: str, after: str) -> SafeString:
    tagged = ((TAGS[part.kind], part.text, TAGS[part.kind]) for part in word_diff(before, after))
    return format_html_join("", "<{}>{}</{}>", tagged)


@effects.register
def changes_of(job: Job) -> Effect | None:
    """What a job decided to change, and what became of it."""
    found = list(Change.objects.filter(job=job).order_by("id")[: MOST_CHANGES + 1])
    if not found:
        return None
    columns = ["SKU", "marketplace", "what", "before", "after", "status", "detail"]
    rows = [
        [
            each.sku,
            each.marketplace,
            each.kind,
            _shown(each, each.before),
            _shown(each, each.after),
            each.status,
            each.detail,
        ]
        for each in found[:MOST_CHANGES]
    ]
    note = f"These are the first {MOST_CHANGES} changes." if len(found) > MOST_CHANGES else ""
    query = urlencode({"tenant": job.tenant.name})
    return Effect("Changes", columns, rows, note, f"{reverse('admin:changes_change_changelist')}?{query}")
