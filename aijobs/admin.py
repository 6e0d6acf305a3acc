"""The staff's view: tenants and keys to manage, the lifecycle's rows to read; actions call what the API calls."""

import json
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timezone import now

from aijobs import auth, batches, identifiers, lifecycle, registry
from aijobs.errors import ApiError
from aijobs.models import (
    ApiKey,
    Batch,
    IdempotencyKey,
    Job,
    JobEvent,
    QueueStatistics,
    Tenant,
    TenantCapacity,
)

# Refusals that an action spells out; a message is no report.
SHOWN_REFUSALS = 20
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


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    """Rows that only the lifecycle writes: to be looked at, newest first, one bounded query a page."""

    ordering: ClassVar = ["-pk"]
    # Any other order would sort the whole table.
    sortable_by: ClassVar = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

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


class CancelAdmin(ReadOnlyAdmin):
    """Rows with a public id that can be searched for, and cancelled by whoever may change the model."""

    id_prefix: ClassVar[str]
    search_fields: ClassVar = ["tenant__name"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found = identifiers.decode(self.id_prefix, search_term.strip())
        if found is None:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(pk=found), False

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
        self.message_user(request, f"Cancelled: {cancelled}.", messages.SUCCESS if cancelled else messages.INFO)
        if refusals:
            self.message_user(request, _refused(refusals), messages.WARNING)


def _refused(refusals: list[tuple[str, str]]) -> SafeString:
    shown = format_html_join("", "<br>{}: {}", refusals[:SHOWN_REFUSALS])
    more = len(refusals) - SHOWN_REFUSALS
    return format_html("Not cancelled: {}.{}{}", len(refusals), shown, f" … and {more} more" if more > 0 else "")


@admin.register(Tenant)
class TenantAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ["name", "timezone", "suspended_at", "release_window", "max_running", "queue_limit", "created_at"]
    ordering = ["name"]
    search_fields = ["name"]
    fields = ["name", "timezone", "release_window", "max_running", "queue_limit", "created_at", "suspended_at"]
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
        suspended = tenants.filter(suspended_at=None).update(suspended_at=now())
        self.message_user(request, f"Suspended: {suspended}. Their keys are refused {DELAY}.")

    @admin.action(description="Resume selected tenants", permissions=["change"])
    def resume(self, request: HttpRequest, tenants: QuerySet[Tenant]) -> None:
        resumed = tenants.exclude(suspended_at=None).update(suspended_at=None)
        self.message_user(request, f"Resumed: {resumed}. Their keys work again {DELAY}.")


@admin.register(TenantCapacity)
class TenantCapacityAdmin(ReadOnlyAdmin):
    list_display = ["tenant", "active"]
    list_select_related = ["tenant"]


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ["prefix", "label", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]
    ordering = ["-pk"]
    search_fields = ["prefix", "label", "tenants__name"]
    readonly_fields = ["prefix", "created_at", "revoked_at", "last_used_at"]
    autocomplete_fields = ["tenants"]
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        asked_for = ["label", "scopes", "tenants", "expires_at"]
        return [*asked_for, *self.readonly_fields] if obj else asked_for

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is revoked and stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: "ModelForm[ApiKey]", change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        created, secret = auth.create_key(
            form.cleaned_data["tenants"], obj.scopes, expires_at=obj.expires_at, label=obj.label
        )
        # The admin goes on with its own instance: let that be the row just made.
        obj.pk = created.pk
        obj.refresh_from_db()
        request.new_api_key = secret  # type: ignore[attr-defined]  # until response_add, in memory only

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this very response: a message would carry it through a cookie or the session table."""
        secret = request.new_api_key  # type: ignore[attr-defined]
        content = format_html(
            "<p>Copy the key now, it is shown only this once:</p><p><code>{}</code></p><p><a href='{}'>Done</a></p>",
            secret,
            reverse("admin:aijobs_apikey_change", args=[obj.pk]),
        )
        context = {**self.admin_site.each_context(request), "title": f"API key {obj}", "content": content}
        return TemplateResponse(request, "admin/base_site.html", context)

    @admin.action(description="Revoke selected API keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        revoked = keys.filter(revoked_at=None).update(revoked_at=now())
        self.message_user(request, f"Revoked: {revoked}. They are refused {DELAY}.")


class BatchJobsInline(ReadOnlyInline):
    model = Job
    ordering = ["position"]
    fields = ["position", "public_id", "type", "status", "blocked"]
    readonly_fields = ["public_id"]
    show_change_link = True


@admin.register(Batch)
class BatchAdmin(CancelAdmin):
    id_prefix = identifiers.BATCH_PREFIX
    list_display = ["public_id", "tenant", "sequential", "on_failure", "created_at", "cancelled_at"]
    list_select_related = ["tenant"]
    list_filter = ["sequential"]
    fields = ["public_id", "tenant", "sequential", "on_failure", "created_at", "cancelled_at"]
    inlines = [BatchJobsInline]
    actions = ["cancel_queued"]

    @admin.action(description="Cancel what is still queued", permissions=["cancel"])
    def cancel_queued(self, request: HttpRequest, rows: QuerySet[Batch]) -> None:
        self.cancel_each(request, rows, batches.cancel)


class TypeFilter(admin.SimpleListFilter):
    """The registered job types; Django's own filter would read the whole table for its DISTINCT."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(each.name, each.name) for each in registry.all_types()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class JobEventsInline(ReadOnlyInline):
    model = JobEvent
    ordering = ["seq"]
    fields = ["seq", "kind", "attempt", "at", "shown_data"]
    readonly_fields = ["shown_data"]

    @admin.display(description="data")
    def shown_data(self, event: JobEvent) -> SafeString:
        return pretty(event.data)


@admin.register(Job)
class JobAdmin(CancelAdmin):
    id_prefix = identifiers.JOB_PREFIX
    list_display = ["public_id", "tenant", "type", "status", "priority", "lane", "attempt", "created_at"]
    list_select_related = ["tenant"]
    list_filter = ["status", TypeFilter, "priority"]
    fields = [
        "public_id",
        ("tenant", "type", "status"),
        ("batch", "position", "blocked"),
        "shown_params",
        ("priority", "lane", "releases"),
        ("created_at", "run_after", "released_at"),
        ("attempt", "failures", "worker"),
        ("lease_expires_at", "deadline_at"),
        ("processed", "total"),
        ("started_at", "completed_at", "duration_seconds"),
        "shown_result",
        ("error_code", "error_message"),
        ("cancel_reason", "cancelled_by"),
    ]
    inlines = [JobEventsInline]
    actions = ["cancel_queued"]

    @admin.display(description="params")
    def shown_params(self, job: Job) -> SafeString:
        return pretty(job.params)

    @admin.display(description="result")
    def shown_result(self, job: Job) -> SafeString:
        return pretty(job.result)

    @admin.action(description="Cancel selected queued jobs", permissions=["cancel"])
    def cancel_queued(self, request: HttpRequest, rows: QuerySet[Job]) -> None:
        self.cancel_each(request, rows, lifecycle.cancel)


@admin.register(JobEvent)
class JobEventAdmin(ReadOnlyAdmin):
    list_display = ["job_public_id", "seq", "kind", "attempt", "tenant", "at"]
    list_select_related = ["tenant"]
    list_filter = ["kind"]
    fields = ["job", "seq", "kind", "attempt", "tenant", "at", "shown_data"]
    search_fields = ["job__pk"]
    search_help_text = "A job's id"

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[JobEvent], search_term: str
    ) -> tuple[QuerySet[JobEvent], bool]:
        job_id = identifiers.decode(identifiers.JOB_PREFIX, search_term.strip())
        if not search_term:
            return queryset, False
        return queryset.filter(job_id=job_id) if job_id else queryset.none(), False

    @admin.display(description="job")
    def job_public_id(self, event: JobEvent) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, event.job_id)

    @admin.display(description="data")
    def shown_data(self, event: JobEvent) -> SafeString:
        return pretty(event.data)


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ["key", "tenant", "location", "created_at"]
    list_select_related = ["tenant"]
    search_fields = ["key", "tenant__name"]
    fields = ["key", "tenant", "location", "created_at", "shown_fingerprint", "shown_response"]

    @admin.display(description="fingerprint")
    def shown_fingerprint(self, key: IdempotencyKey) -> str:
        return bytes(key.fingerprint).hex()

    @admin.display(description="response")
    def shown_response(self, key: IdempotencyKey) -> SafeString:
        return pretty(json.loads(key.response))


@admin.register(QueueStatistics)
class QueueStatisticsAdmin(ReadOnlyAdmin):
    list_display = ["refreshed_at", "active", "drain_rate"]
    fields = ["refreshed_at", "active", "drain_rate", "shown_depths", "shown_medians"]

    @admin.display(description="depths")
    def shown_depths(self, row: QueueStatistics) -> SafeString:
        return pretty(row.depths)

    @admin.display(description="medians")
    def shown_medians(self, row: QueueStatistics) -> SafeString:
        return pretty(row.medians)
