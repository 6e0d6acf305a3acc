"""Cancelling from a list, as the API does."""

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aijobs import identifiers
from aijobs.admin.base import ReadOnlyAdmin
from aijobs.admin.filters import of_tenant
from aijobs.errors import ApiError

# Refusals that an action spells out; a message is no report.
SHOWN_REFUSALS = 20


class CancelAdmin(ReadOnlyAdmin):
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
        """Call the API's own function for each row, and say how many it did and why it refused the others."""
        cancelled = 0
        refusals: list[tuple[str, str]] = []
        for row in rows:
            try:
                cancel(row.pk, row.tenant_id)
            except ApiError as error:
                refusals.append((row.public_id, error.message))
            else:
                cancelled += 1
                self.log_change(request, row, "Cancelled.")
        told = f"The service cancelled {cancelled} of the selected {self.opts.verbose_name_plural}."
        self.message_user(request, told, messages.SUCCESS if cancelled else messages.INFO)
        if refusals:
            self.message_user(request, _refused(refusals), messages.WARNING)


def _refused(refusals: list[tuple[str, str]]) -> SafeString:
    shown = format_html_join("", "<br>{}: {}", refusals[:SHOWN_REFUSALS])
    more = len(refusals) - SHOWN_REFUSALS
    rest = f" … and {more} more" if more > 0 else ""
    return format_html("The service did not cancel {} of them:{}{}", len(refusals), shown, rest)
