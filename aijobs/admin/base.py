"""What the pages of all resources have in common."""

import json
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.contrib.admin.widgets import AdminSplitDateTime, AutocompleteSelect, AutocompleteSelectMultiple
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import DateTimeField, F, Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from aijobs import auth
from aijobs.admin.filters import ExactFilter, TenantFilter

DELAY = f"within {auth.CACHE_SECONDS:.0f} seconds"


def pretty(value: object) -> SafeString:
    """JSON to read, escaped: what callers sent is text and never markup."""
    return format_html("<pre>{}</pre>", json.dumps(value, indent=2, ensure_ascii=False))


class BoundedPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than anybody pages: what is older is found by search and filters, not by count(*)."""

    most_rows = 5_000

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows[: self.most_rows].count())


class NewestRows(ChangeList):
    """A list whose filters look through its newest rows only, except those that an index serves, as that by tenant.

    A filter that few rows pass would else read the whole table to fill a page.
    """

    most_rows = 50_000
    has_older = False

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        rows = super().get_queryset(request, exclude_parameters)
        base, is_filtered = self.root_queryset, False
        for each in self.filter_specs:
            if isinstance(each, ExactFilter) and each.has_index:
                base = cast("QuerySet[Any]", each.queryset(request, base))
            else:
                is_filtered |= any(name in self.params for name in each.expected_parameters())
        if is_filtered:
            base, _ = self.model_admin.get_search_results(request, base, self.query)
            ordered = base.order_by(*self.model_admin.get_ordering(request)).values_list("pk", flat=True)
            if oldest := ordered[self.most_rows :].first():
                self.has_older = True
                rows = rows.filter(pk__gte=oldest)
        return rows

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if self.has_older and request.method == "GET":
            messages.info(
                request,
                f"This list has looked through the newest {self.most_rows:,} rows only. Search, or filter by tenant, "
                "to find older ones.",
            )


class TypedAutocomplete(AutocompleteSelect):
    """Shows a form again whatever was sent for the row: Django's own looks for any text among the keys, and fails."""

    def build_attrs(self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None) -> dict[str, Any]:
        """What is shown before a row is chosen; screen readers have no other name for it."""
        return super().build_attrs(base_attrs, extra_attrs) | {"data-placeholder": "Choose"}

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [each for each in value if not each or _is_key(self.field, each)], attr)


class NamedDateTime(AdminSplitDateTime):
    """Django's own has words beside its two fields that are not connected with them."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        for widget, name in zip(self.widgets, ("Date", "Time"), strict=True):
            widget.attrs["aria-label"] = name


class TypedAutocompleteMultiple(TypedAutocomplete, AutocompleteSelectMultiple):
    """The same for several rows."""


def _is_key(field: Any, text: str) -> bool:
    try:
        field.target_field.to_python(text)
    except ValidationError:
        return False
    return "\0" not in text


class Admin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Lists that are counted no further than anybody pages."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    formfield_overrides: ClassVar = {DateTimeField: {"widget": NamedDateTime}}

    class Media:
        css: ClassVar = {"all": ["aijobs/admin.css"]}
        js: ClassVar = ["aijobs/names.js"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Of a row that is there only what the form has changed: it may have been suspended or revoked since."""
        if not change:
            super().save_model(request, obj, form, change)
            return
        written = {*form.changed_data, *(["updated_at"] if form.changed_data else [])}
        obj.save(update_fields=written & {field.name for field in obj._meta.concrete_fields})

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", TypedAutocomplete(db_field, self.admin_site))
        return super().formfield_for_foreignkey(db_field, request, **options)

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            options.setdefault("widget", TypedAutocompleteMultiple(db_field, self.admin_site))
        return super().formfield_for_manytomany(db_field, request, **options)


class ReadOnlyAdmin(Admin):
    """Rows that only the lifecycle writes: to be looked at, newest first, one bounded query a page."""

    ordering: ClassVar = ["-pk"]
    # Any other order would sort the whole table.
    sortable_by: ClassVar = ()

    def get_ordering(self, request: HttpRequest) -> Any:
        """Of a tenant's rows, or of those that are searched for, the primary key is not the way: see NEWEST_FIRST."""
        few = request.GET.get(SEARCH_VAR) or request.GET.get(str(TenantFilter.parameter_name))
        return [F("pk").desc(nulls_last=True)] if few else self.ordering

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        return NewestRows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]  # not subscriptable at run time
    """The rows below a row, as read-only as that."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
