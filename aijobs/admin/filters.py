"""Filters of lists that may be long: none of them reads the list to find out what it may be filtered by."""

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest

from aijobs.models import Tenant


class ExactFilter(admin.SimpleListFilter):
    """A value that is typed whole. Django's own filter offers all values, and for that reads the whole table."""

    template = "aijobs/admin/exact_filter.html"
    # The rows are found by it at once, however many others there are.
    has_index = False

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return []

    def has_output(self) -> bool:
        return True

    def value(self) -> str | None:
        # PostgreSQL does not take a NUL to compare with.
        return (super().value() or "").replace("\0", " ") or None

    def choices(self, changelist: ChangeList) -> Iterator[dict[str, Any]]:  # type: ignore[override]
        name = self.parameter_name
        yield {
            "name": name,
            "value": self.value() or "",
            "others": [each for each in changelist.get_filters_params().items() if each[0] != name],
            "without": changelist.get_query_string(remove=[str(name)]),
        }


class TenantFilter(ExactFilter):
    title = "tenant"
    parameter_name = "tenant"
    has_index = True

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return of_tenant(queryset, self.value()) if self.value() else queryset


def of_tenant(rows: QuerySet[Any], name: str | None) -> QuerySet[Any]:
    """The rows of the tenant with this name: by its id, so that an index can find them."""
    tenant = Tenant.objects.filter(name=name.replace("\0", " ")).first() if name else None
    return rows.filter(tenant=tenant) if tenant else rows.none()
