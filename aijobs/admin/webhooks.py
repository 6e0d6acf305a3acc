"""Webhooks and their deliveries: tenants make them by the API, and staff see how they fare and help."""

from datetime import datetime
from typing import ClassVar

import orjson
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from aijobs import identifiers
from aijobs.admin.acting import ActingAdmin
from aijobs.admin.documents import show_document
from aijobs.admin.filters import TenantFilter, of_tenant
from aijobs.models import Webhook, WebhookDelivery
from aijobs.webhooks import endpoints, health, replaying


def may_act(request: HttpRequest) -> bool:
    """On webhooks and on their deliveries alike."""
    return request.user.has_perm("aijobs.change_webhook")


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [(each, each.capitalize()) for each in ("active", "failing", "paused", "disabled")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Webhook]) -> QuerySet[Webhook]:
        enabled = queryset.filter(enabled=True)
        match self.value():
            case "active":
                return enabled.filter(paused_at=None, failures=0)
            case "failing":
                return enabled.filter(paused_at=None, failures__gt=0)
            case "paused":
                return enabled.filter(paused_at__isnull=False)
            case "disabled":
                return queryset.filter(enabled=False)
        return queryset


@admin.register(Webhook)
class WebhookAdmin(ActingAdmin):
    list_display = ["public_id", "tenant", "url", "state", "failing_since", "last_delivered_at"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, StateFilter]
    fields = [
        *("public_id", "tenant", "url", "events", "description", "state", "reason", "failures", "failing_since"),
        *("last_error", "last_delivered_at", "previous_secret_until", "sent", "created_at", "updated_at"),
    ]
    search_fields: ClassVar = ["pk"]
    search_help_text = "Enter a webhook's ID, or the whole name of a tenant."
    actions = ["resume_webhooks", "enable_webhooks", "disable_webhooks", "ping_webhooks"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Webhook]:
        """Not those that their tenants have deleted."""
        rows: QuerySet[Webhook] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Webhook], search_term: str
    ) -> tuple[QuerySet[Webhook], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = identifiers.decode(identifiers.WEBHOOK_PREFIX, term)
        return of_tenant(queryset, term) if found is None else queryset.filter(pk=found), False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return may_act(request)

    @admin.display(description="state")
    def state(self, webhook: Webhook) -> str:
        return health.of(webhook)[0]

    @admin.display(description="reason")
    def reason(self, webhook: Webhook) -> str:
        return health.of(webhook)[1]

    @admin.display(description="the previous secret signs until")
    def previous_secret_until(self, webhook: Webhook) -> str:
        return _in_utc(health.previous_until(webhook))

    @admin.display(description="deliveries")
    def sent(self, webhook: Webhook) -> SafeString:
        address = f"{reverse('admin:aijobs_webhookdelivery_changelist')}?q={webhook.public_id}"
        return format_html('<a href="{}">Show its deliveries</a>', address)

    @admin.action(description="Resume the selected webhooks", permissions=["act"])
    def resume_webhooks(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        self.act_on_each(
            request, rows, lambda row: _nothing(endpoints.resume(row.pk, row.tenant_id)), "resumed", "resume"
        )

    @admin.action(description="Enable the selected webhooks", permissions=["act"])
    def enable_webhooks(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        self._change(request, rows, enabled=True)

    @admin.action(description="Disable the selected webhooks", permissions=["act"])
    def disable_webhooks(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        self._change(request, rows, enabled=False)

    def _change(self, request: HttpRequest, rows: QuerySet[Webhook], *, enabled: bool) -> None:
        do = "enable" if enabled else "disable"
        change = lambda row: _nothing(endpoints.change(row.pk, row.tenant_id, {"enabled": enabled}))  # noqa: E731
        self.act_on_each(request, rows, change, f"{do}d", do)

    @admin.action(description="Send a ping to the selected webhooks", permissions=["act"])
    def ping_webhooks(self, request: HttpRequest, rows: QuerySet[Webhook]) -> None:
        self.act_on_each(
            request,
            rows,
            lambda row: replaying.ping(row.pk, row.tenant_id).public_id,
            "sent a ping to",
            "send a ping to",
        )


def _in_utc(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "-"


def _nothing(done: object) -> None:
    """To remark in the audit."""


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ActingAdmin):
    list_display = ["public_id", "type", "job_public_id", "status", "attempts", "answered", "due", "tenant"]
    list_select_related = ["tenant"]
    list_filter = ["status"]
    fields = [
        *("public_id", "webhook", "tenant", "type", "job_public_id", "seq", "event_id", "status", "attempts", "due"),
        *("attempted_at", "url", "request_body", "answered", "response_type", "response_body", "error_code"),
        *("error_message", "seconds", "all_attempts", "ended_at", "replayed"),
    ]
    search_fields: ClassVar = ["pk"]
    search_help_text = "Enter the ID of a delivery, a webhook or a job."
    actions = ["replay_deliveries"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[WebhookDelivery], search_term: str
    ) -> tuple[QuerySet[WebhookDelivery], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        prefixes = {
            identifiers.DELIVERY_PREFIX: "pk",
            identifiers.WEBHOOK_PREFIX: "webhook_id",
            identifiers.JOB_PREFIX: "job_id",
        }
        for prefix, column in prefixes.items():
            if found := identifiers.decode(prefix, term):
                return queryset.filter(**{column: found}), False
        return queryset.none(), False

    def has_act_permission(self, request: HttpRequest) -> bool:
        return may_act(request)

    @admin.display(description="job")
    def job_public_id(self, delivery: WebhookDelivery) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, delivery.job_id) if delivery.job_id else "-"

    @admin.display(description="next attempt")
    def due(self, delivery: WebhookDelivery) -> str:
        return _in_utc(delivery.due_at if delivery.status == "pending" else None)

    @admin.display(description="answer")
    def answered(self, delivery: WebhookDelivery) -> str:
        if delivery.response_status is not None:
            return str(delivery.response_status)
        return delivery.error_code

    @admin.display(description="request")
    def request_body(self, delivery: WebhookDelivery) -> SafeString:
        return show_document(delivery.body)

    @admin.display(description="all attempts")
    def all_attempts(self, delivery: WebhookDelivery) -> SafeString:
        return show_document(orjson.dumps(delivery.log).decode())

    @admin.display(description="replay of")
    def replayed(self, delivery: WebhookDelivery) -> str:
        earlier = delivery.replay_of_id
        return identifiers.encode(identifiers.DELIVERY_PREFIX, earlier) if earlier else "-"

    @admin.action(description="Send the selected deliveries once more", permissions=["act"])
    def replay_deliveries(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> None:
        self.act_on_each(
            request,
            rows,
            lambda row: replaying.replay(row.webhook_id, row.tenant_id, row.pk).public_id,
            "replayed",
            "replay",
        )
