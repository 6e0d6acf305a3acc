"""The admin site: every list, also those of Django and of other packages, is filtered by what it offers only."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.contrib.admin.utils import get_fields_from_path
from django.db.models import DateField
from django.http import HttpRequest

# What Django's own filters, and the links of a date hierarchy, ask a column for.
LOOKUPS = ("", "__exact", "__id__exact", "__isnull", "__isempty")
LOOKUPS_OF_TIMES = ("__gte", "__lt", "__year", "__month", "__day")


class Offered(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Django's own allows every column: who may look at keys could find out a hash, a beginning at a time."""

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        offered = [*self.list_filter, *filter(None, [self.date_hierarchy])]
        # PostgreSQL's text has no NUL.
        if "\0" in value or lookup not in {name for each in offered for name in self._parameters(each)}:
            return False
        # Whatever else the list of a package, or Django, minds.
        return super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]  # its stub knows no None

    def _parameters(self, offered: object) -> list[str]:
        """The query parameters of a filter: a column's, with the lookups of its kind; or one that names its own."""
        if isinstance(offered, tuple):
            offered = offered[0]
        if not isinstance(offered, str):
            return [str(getattr(offered, "parameter_name", ""))]
        column = get_fields_from_path(self.model, offered)[-1]
        lookups = (*LOOKUPS, *LOOKUPS_OF_TIMES) if isinstance(column, DateField) else LOOKUPS
        return [f"{offered}{lookup}" for lookup in lookups]


class Site(admin.AdminSite):
    site_header = site_title = "AI Jobs administration"
    index_title = "AI Jobs at a glance"
    # The front page; for those who may not look at jobs it is Django's list of what they may.
    index_template = "aijobs/admin/front.html"

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        given = admin_class or admin.ModelAdmin
        filtered = type(given.__name__, (Offered, given), {"__module__": given.__module__, "__doc__": given.__doc__})
        super().register(model_or_iterable, filtered, **options)


class SiteConfig(AdminConfig):
    default_site = "config.site.Site"
