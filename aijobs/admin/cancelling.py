"""Cancelling from a list, as the API does."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from aijobs import identifiers
from aijobs.admin.acting import ActingAdmin
from aijobs.admin.filters import of_tenant


class CancelAdmin(ActingAdmin):
    """Rows with a public id that can be searched for, and cancelled by whoever may change the model."""

    id_prefix: ClassVar[str]
    search_fields: ClassVar = ["pk"]
    search_help_text = "Enter an ID, or the whole name of a tenant."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = identifiers.decode(self.id_prefix, term)
        return of_tenant(queryset, term) if found is None else queryset.filter(pk=found), False

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """The rows are read-only even for who may change them, so the actions ask for the permission itself."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def cancel_each(self, request: HttpRequest, rows: QuerySet[Any], cancel: Callable[[UUID, int], None]) -> None:
        self.act_on_each(request, rows, lambda row: cancel(row.pk, row.tenant_id), "cancelled", "cancel")
