"""What staff did: Django's own log of the admin, written for every action, to be searched and never changed.

It names what was changed and which fields, and no values: a secret cannot get into it.
"""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from aijobs import identifiers
from aijobs.admin.base import NewestRows, ReadOnlyAdmin
from aijobs.admin.filters import ExactFilter

PREFIXES = (
    identifiers.JOB_PREFIX,
    identifiers.BATCH_PREFIX,
    identifiers.BULK_PREFIX,
    identifiers.SCHEDULE_PREFIX,
    identifiers.WEBHOOK_PREFIX,
    identifiers.DELIVERY_PREFIX,
)


def record(request: HttpRequest, row: Model | None, message: str, *, model: type[Model] | None = None) -> None:
    """One entry about a row, or about none in particular of a model."""
    LogEntry.objects.create(
        user_id=request.user.pk,  # type: ignore[misc]  # nobody else is in the admin
        content_type=ContentType.objects.get_for_model(row or model),  # type: ignore[arg-type]  # one of them is there
        object_id=None if row is None else str(row.pk),
        object_repr=str(row or "")[:200],
        action_flag=CHANGE,
        change_message=message,
    )


def changed(request: HttpRequest, rows: QuerySet[Any], message: str, **values: object) -> int:
    """Change chosen rows, with an entry for each; returns how many. None is changed without its entry."""
    with transaction.atomic():
        locked = list(rows.select_for_update())
        rows.model._default_manager.filter(pk__in=[row.pk for row in locked]).update(**values)
        for row in locked:
            record(request, row, message)
    return len(locked)


class UserFilter(ExactFilter):
    title = "user"
    parameter_name = "user"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(user__username=self.value()) if self.value() else queryset


@admin.register(LogEntry)
class AuditAdmin(ReadOnlyAdmin):
    list_display = ["action_time", "user", "did", "content_type", "object_repr", "said"]
    list_select_related = ["user", "content_type"]
    list_filter = [UserFilter, "action_flag"]
    fields = ["action_time", "user", "did", "content_type", "object_id", "object_repr", "said"]
    search_fields: ClassVar = ["object_repr"]
    search_help_text = "Enter an ID, a user's name, or a part of what was changed or said."

    def get_ordering(self, request: HttpRequest) -> Any:
        """Also of what is searched for, which is among the newest rows: see below."""
        return self.ordering

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[LogEntry], search_term: str
    ) -> tuple[QuerySet[LogEntry], bool]:
        """Among the newest rows, as filters do (see NewestRows): no index has what is looked for."""
        term = search_term.strip().replace("\0", " ")
        if not term:
            return queryset, False
        newest = LogEntry.objects.order_by("-pk").values_list("pk", flat=True)
        if oldest := newest[NewestRows.most_rows :].first():
            queryset = queryset.filter(pk__gte=oldest)
        for prefix in PREFIXES:
            if row_id := identifiers.decode(prefix, term):
                return queryset.filter(Q(object_id=str(row_id)) | Q(change_message__contains=term)), False
        said = Q(object_repr__icontains=term) | Q(change_message__icontains=term) | Q(user__username=term)
        return queryset.filter(said), False

    @admin.display(description="action")
    def did(self, entry: LogEntry) -> str:
        return str(entry.get_action_flag_display())

    @admin.display(description="in words")
    def said(self, entry: LogEntry) -> str:
        return entry.get_change_message()
