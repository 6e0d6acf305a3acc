"""Tenants: made, suspended, limited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs.admin import audit
from aijobs.admin.base import DELAY, Admin, ReadOnlyAdmin
from aijobs.models import Tenant, TenantCapacity


@admin.register(Tenant)
class TenantAdmin(Admin):
    list_display = ["name", "timezone", "suspended_at", "release_window", "max_running", "queue_limit", "created_at"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = [
        "name",
        "timezone",
        "release_window",
        "max_running",
        "queue_limit",
        "rate_limit",
        "job_days",
        "result_days",
        "offer_days",
        "created_at",
        "suspended_at",
    ]
    readonly_fields = ["created_at", "suspended_at"]
    actions = ["suspend", "resume"]

    def get_readonly_fields(self, request: HttpRequest, obj: Tenant | None = None) -> list[str]:
        """The name is in the callers' configuration: it never changes."""
        return [*self.readonly_fields, "name"] if obj else [*self.readonly_fields]

    def has_delete_permission(self, request: HttpRequest, obj: Tenant | None = None) -> bool:
        """Its jobs are kept, so it is suspended instead."""
        return False

    @admin.action(description="Suspend selected tenants", permissions=["change"])
    def suspend(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        suspended = audit.changed(request, tenants.filter(suspended_at=None), "Suspended.", suspended_at=now())
        self.message_user(
            request,
            f"The service suspended {suspended} of the selected tenants. It stops accepting their keys {DELAY}.",
        )

    @admin.action(description="Resume selected tenants", permissions=["change"])
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        resumed = audit.changed(request, tenants.exclude(suspended_at=None), "Resumed.", suspended_at=None)
        self.message_user(
            request, f"The service resumed {resumed} of the selected tenants. Their keys work again {DELAY}."
        )


@admin.register(TenantCapacity)
class TenantCapacityAdmin(ReadOnlyAdmin):
    list_display = ["tenant", "active"]
    list_select_related = ["tenant"]
