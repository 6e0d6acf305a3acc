"""Actions on all jobs that match: asked for with a count before, watched, stopped."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

from aijobs import bulk, identifiers, registry
from aijobs.admin import audit, matching, once
from aijobs.admin.base import ReadOnlyAdmin
from aijobs.admin.filters import TenantFilter
from aijobs.errors import ApiError
from aijobs.filtering import LONGEST_SKU, JobFilter
from aijobs.models import BulkAction, Tenant
from aijobs.shapes import LONGEST_TAG
from aijobs.states import BulkKind, BulkState, Priority, Status

ACTIONS = {
    BulkKind.CANCEL: "Cancel the queued ones, and have the running ones stop",
    BulkKind.RETRY: "Retry those that failed or were cancelled, as new jobs",
    BulkKind.SET_PRIORITY: "Set the priority of the queued ones",
    BulkKind.DELETE_RESULT: "Delete the results of those that completed or were stopped",
}
# What a user must be allowed to do with one job to do it with all.
NEEDED = {
    BulkKind.CANCEL: "aijobs.change_job",
    BulkKind.RETRY: "aijobs.change_job",
    BulkKind.SET_PRIORITY: "aijobs.change_job",
    BulkKind.DELETE_RESULT: "aijobs.delete_job_result",
}
PRIORITIES = [("", "any"), *((each.label, each.label) for each in reversed(Priority))]


def _types() -> list[tuple[str, str]]:
    return [(each.name, each.name) for each in registry.all_types()]


class BulkForm(forms.Form):
    """What to do, and with which jobs."""

    action = forms.ChoiceField(choices=[(kind.value, text) for kind, text in ACTIONS.items()])
    to = forms.ChoiceField(choices=PRIORITIES[1:], required=False, label="To the priority", initial="normal")
    tenant = forms.CharField(required=False, help_text="Its whole name. Empty: all tenants.")
    status = forms.MultipleChoiceField(
        choices=Status.choices, required=False, widget=forms.CheckboxSelectMultiple, help_text="None: any."
    )
    type = forms.MultipleChoiceField(
        choices=_types, required=False, widget=forms.CheckboxSelectMultiple, help_text="None: any."
    )
    priority = forms.ChoiceField(choices=PRIORITIES, required=False)
    error_code = forms.CharField(required=False, max_length=64)
    batch_id = forms.RegexField(identifiers.BATCH_PATTERN, required=False, label="Batch ID")
    schedule_id = forms.RegexField(identifiers.SCHEDULE_PATTERN, required=False, label="Schedule ID")
    tag = forms.CharField(required=False, max_length=LONGEST_TAG)
    sku = forms.CharField(required=False, max_length=LONGEST_SKU, label="SKU", help_text="That the params name.")
    start_date = forms.DateTimeField(required=False, label="Created from", help_text="In UTC: 2026-03-12 14:30.")
    end_date = forms.DateTimeField(required=False, label="Created until", help_text="In UTC, and including it.")

    tenant_row: Tenant | None = None
    wanted: JobFilter

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors:
            conditions = {key: value for key, value in cleaned.items() if value and key not in ("action", "to")}
            said = {key: _said(value) for key, value in conditions.items()}
            try:
                self.tenant_row, self.wanted = matching.read(said)
            except ValueError as error:
                raise forms.ValidationError(str(error)) from None
        return cleaned

    @property
    def kind(self) -> BulkKind:
        return BulkKind(self.cleaned_data["action"])

    @property
    def priority_to_set(self) -> Priority | None:
        to = self.cleaned_data["to"] or "normal"
        return Priority.from_name(to) if self.kind == BulkKind.SET_PRIORITY else None


def _form(query: QueryDict) -> BulkForm:
    """Filled in with what a list was narrowed by; asked once it says what to do."""
    apart = query.copy()
    for name in matching.SEVERAL:
        apart.setlist(name, [part for text in query.getlist(name) for part in text.split(",") if part])
    if "action" in query:
        return BulkForm(apart)
    several = {name: apart.getlist(name) for name in matching.SEVERAL}
    return BulkForm(initial={"to": "normal", **apart.dict(), **several})


def _said(value: Any) -> str:
    """As a query says it."""
    if isinstance(value, list):
        return ",".join(value)
    return value if isinstance(value, str) else value.isoformat()


@admin.register(BulkAction)
class BulkActionAdmin(ReadOnlyAdmin):
    list_display = ["public_id", "what", "tenant", "jobs", "requested_by", "state", "done", "refusals", "created_at"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, "state", "action"]
    fields = [
        *("public_id", "what", "tenant", "jobs", "requested_by", "matched", "state", "progress", "shown_refusals"),
        *("message", "created_at", "finished_at", "stopped_by"),
    ]
    search_fields: ClassVar = ["pk"]
    search_help_text = "Enter an ID."
    change_form_template = "aijobs/admin/bulk_action.html"

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        term = search_term.strip()
        found = identifiers.decode(identifiers.BULK_PREFIX, term)
        return queryset if not term else queryset.filter(pk=found) if found else queryset.none(), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("aijobs.add_bulkaction")

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("aijobs.change_bulkaction")

    def get_urls(self) -> list[URLPattern]:
        stop = self.admin_site.admin_view(require_POST(self.stop_view))
        return [path("<uuid:bulk_id>/stop/", stop, name="aijobs_bulkaction_stop"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """The query says what to do: it is counted first, and begun by a POST to the same address."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = _form(request.GET)
        counted: dict[str, Any] = {}
        if form.is_valid():
            try:
                if request.method == "POST":
                    return self._begin(request, form)
                counted = _counted(form, self._may(request, form))
            except ApiError as refusal:
                form.add_error(None, _in_words(refusal))
        title = "Act on all jobs that match"
        context = {
            **self.admin_site.each_context(request),
            "title": title,
            "form": form,
            "opts": self.opts,
            "once": once.new(),
            **counted,
        }
        return TemplateResponse(request, "aijobs/admin/bulk_form.html", context)

    def _may(self, request: HttpRequest, form: BulkForm) -> bool:
        return request.user.has_perm(NEEDED[form.kind])

    def _begin(self, request: HttpRequest, form: BulkForm) -> HttpResponse:
        if not self._may(request, form):
            raise PermissionDenied
        tenant_id = form.tenant_row.pk if form.tenant_row else None
        requested_by = request.user.get_username()
        action, is_new = bulk.request_once(
            once.id_told(request), form.kind, tenant_id, form.wanted, requested_by, form.priority_to_set
        )
        if is_new:
            self.log_addition(request, action, f"{self.what(action)}: {self.jobs(action)}; {self.matched(action)}.")
        else:
            # By a double click, or by way of Back.
            told = (
                "You have begun this action already, so it was not begun again. To do so, count the jobs once more."
            )
            self.message_user(request, told, messages.WARNING)
        return HttpResponseRedirect(reverse("admin:aijobs_bulkaction_change", args=[action.pk]))

    def stop_view(self, request: HttpRequest, bulk_id: Any) -> HttpResponse:
        if not self.has_stop_permission(request):
            raise PermissionDenied
        if bulk.stop(bulk_id, request.user.get_username()):
            audit.record(request, BulkAction.objects.get(pk=bulk_id), "Stopped.")
            self.message_user(request, "The service stopped it. What was done stays done.", messages.SUCCESS)
        else:
            self.message_user(request, "It was over already.", messages.INFO)
        return HttpResponseRedirect(reverse("admin:aijobs_bulkaction_change", args=[bulk_id]))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """While it runs, the page looks again by itself."""
        action: BulkAction | None = self.get_object(request, object_id)
        runs = action is not None and action.state == BulkState.RUNNING
        may_stop = runs and self.has_stop_permission(request)
        context = {**(extra_context or {}), "runs": runs, "may_stop": may_stop}
        return super().change_view(request, object_id, form_url, context)

    @admin.display(description="what")
    def what(self, action: BulkAction) -> str:
        to = f" to {action.get_priority_display()}" if action.action == BulkKind.SET_PRIORITY else ""
        return f"{action.get_action_display().lower()}{to}"

    @admin.display(description="jobs")
    def jobs(self, action: BulkAction) -> str:
        return "; ".join(f"{name.replace('_', ' ')}: {_listed(value)}" for name, value in action.filter.items())

    @admin.display(description="matched at the start")
    def matched(self, action: BulkAction) -> str:
        return _matched(action.expected)

    @admin.display(description="progress")
    def progress(self, action: BulkAction) -> str:
        told = f"{action.done:,} done, {action.refusals:,} refused"
        if action.cursor is None:
            return told
        return f"{told}, all jobs created until {identifiers.created_at(action.cursor):%Y-%m-%d %H:%M:%S} looked at"

    @admin.display(description="refused")
    def shown_refusals(self, action: BulkAction) -> str:
        return ", ".join(f"{code}: {number:,}" for code, number in sorted(action.refused.items())) or "none"


def _counted(form: BulkForm, may: bool) -> dict[str, Any]:
    tenant_id = form.tenant_row.pk if form.tenant_row else None
    expected = bulk.count(form.kind, tenant_id, form.wanted)
    narrowed = bulk.narrowed(form.kind, form.wanted)
    return {
        "matched": _matched(expected),
        "which": matching.in_words(form.tenant_row, narrowed),
        "may_begin": may and expected != 0,
        "may": may,
    }


def _matched(expected: int | None) -> str:
    if expected is None:
        return "more jobs match than the service counts in a second"
    if expected > bulk.MOST_COUNTED:
        return f"more than {bulk.MOST_COUNTED:,} jobs match"
    return "one job matches" if expected == 1 else f"{expected:,} jobs match"


def _listed(value: object) -> str:
    return " or ".join(value) if isinstance(value, list) else str(value)


def _in_words(refusal: ApiError) -> str:
    details = refusal.details if isinstance(refusal.details, list) else []
    return " ".join(f"The filter {each['message']}." for each in details) or refusal.message
