"""What staff do with jobs: some that are chosen, or all that the list shows."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse

from aijobs import exporting, identifiers, retrying
from aijobs.admin import audit, matching, once
from aijobs.admin.cancelling import CancelAdmin
from aijobs.auth import TenantAccess
from aijobs.engine import lifecycle, priorities
from aijobs.filtering import JobFilter
from aijobs.models import Job
from aijobs.states import BulkKind, PausedBy, Priority, Status

# Of a page: the action and its name, by the status of the job.
RETRY = ("retry_ended", "Retry")
BUTTONS: dict[str, list[tuple[str, str]]] = {
    Status.QUEUED: [
        ("cancel_queued", "Cancel"),
        *((f"set_{each.label}", f"Set the priority to {each.label}") for each in reversed(Priority)),
    ],
    Status.RUNNING: [("cancel_queued", "Cancel")],
    Status.COMPLETED: [RETRY],
    Status.FAILED: [RETRY],
    Status.CANCELLED: [RETRY],
}


class JobActionsAdmin(CancelAdmin):
    """The actions of the list of jobs."""

    change_list_template = "aijobs/admin/job_list.html"
    actions = [
        "cancel_queued",
        "retry_ended",
        "set_high",
        "set_normal",
        "set_low",
        "export_csv",
        "export_ndjson",
    ]

    @admin.action(
        description="Cancel those selected jobs that are queued, and have the running ones stop",
        permissions=["cancel"],
    )
    def cancel_queued(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase | None:
        if everything := self._everything(request, BulkKind.CANCEL):
            return everything
        self.act_on_each(request, rows, _stop, "cancelled or asked to stop", "cancel")
        return None

    @admin.action(description="Retry those selected jobs that have ended", permissions=["cancel"])
    def retry_ended(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase | None:
        if everything := self._everything(request, BulkKind.RETRY):
            return everything
        self.act_on_each(request, rows, _retry_once(request), "retried", "retry")
        return None

    @admin.action(
        description="Set the priority of those selected jobs that are queued to high", permissions=["cancel"]
    )
    def set_high(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase | None:
        return self._set_priority(request, rows, Priority.HIGH)

    @admin.action(
        description="Set the priority of those selected jobs that are queued to normal", permissions=["cancel"]
    )
    def set_normal(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase | None:
        return self._set_priority(request, rows, Priority.NORMAL)

    @admin.action(
        description="Set the priority of those selected jobs that are queued to low", permissions=["cancel"]
    )
    def set_low(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase | None:
        return self._set_priority(request, rows, Priority.LOW)

    def _set_priority(self, request: HttpRequest, rows: QuerySet[Job], priority: Priority) -> HttpResponseBase | None:
        if everything := self._everything(request, BulkKind.SET_PRIORITY, to=priority.label):
            return everything
        done = do = f"set the priority to {priority.label} for"
        self.act_on_each(request, rows, _with(priority), done, do)
        return None

    @admin.action(description="Export selected jobs as CSV", permissions=["export"])
    def export_csv(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase:
        return self._export(request, rows, "csv")

    @admin.action(description="Export selected jobs as NDJSON, with params and results", permissions=["export"])
    def export_ndjson(self, request: HttpRequest, rows: QuerySet[Job]) -> HttpResponseBase:
        return self._export(request, rows, "ndjson")

    def _export(self, request: HttpRequest, rows: QuerySet[Job], form: str) -> HttpResponseBase:
        """The file has an address of its own, which the gateway gives a thread of its own."""
        if request.POST.get("select_across") == "1":
            try:
                query = matching.shown_by(request.GET)
            except matching.NotExpressible as error:
                self.message_user(request, str(error), messages.ERROR)
                return HttpResponseRedirect(request.get_full_path())
        else:
            query = {"ids": ",".join(row.public_id for row in rows)}
        return HttpResponseRedirect(f"{reverse('admin:aijobs_job_export')}?{urlencode({'format': form, **query})}")

    def _everything(self, request: HttpRequest, kind: BulkKind, **more: str) -> HttpResponseBase | None:
        """Where all that match are chosen, and not those of this page: the page that counts them before it begins."""
        if request.POST.get("select_across") != "1":
            return None
        try:
            query = matching.of_list(request.GET)
        except matching.NotExpressible as error:
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())
        address = reverse("admin:aijobs_bulkaction_add")
        return HttpResponseRedirect(f"{address}?{urlencode({'action': kind.value, **more, **query})}")

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("aijobs.export_job")

    def get_urls(self) -> list[URLPattern]:
        export = path("export/", self.admin_site.admin_view(self.export_view), name="aijobs_job_export")
        return [export, *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """The chosen jobs (`ids`), or those that match the parameters of a filter, in one of the FORMATS."""
        if not self.has_export_permission(request):
            raise PermissionDenied
        form = request.GET.get("format", "")
        if form not in exporting.FORMATS:
            return HttpResponse("The format must be csv or ndjson.", status=400, content_type="text/plain")
        try:
            jobs, which = _wanted(request)
        except ValueError as error:
            return HttpResponse(str(error), status=400, content_type="text/plain; charset=utf-8")
        audit.record(request, None, f"Exported jobs as {form}: {which}", model=Job)
        return exporting.answer(jobs, form)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        more = {"on_all": self._on_all(request), "once": once.new()}
        return super().changelist_view(request, {**(extra_context or {}), **more})

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Job | None = None,
    ) -> HttpResponse:
        """With buttons for what may be done with the job as it is: the actions of the list, which shows it alone."""
        may_act = self.has_cancel_permission(request)
        context |= {"buttons": BUTTONS.get(obj.status, []) if obj and may_act else [], "once": once.new()}
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _on_all(self, request: HttpRequest) -> list[tuple[str, str]]:
        """What may be done with all jobs of the list, in words, and where; none where no filter can say which."""
        try:
            acted_on, exported = (urlencode(query(request.GET)) for query in (matching.of_list, matching.shown_by))
        except (matching.NotExpressible, ValueError):
            return []
        acts = [("Act on all of these jobs", f"{reverse('admin:aijobs_bulkaction_add')}?{acted_on}")]
        address = f"{reverse('admin:aijobs_job_export')}?{exported}"
        exports = [(f"Export all as {form.upper()}", f"{address}&format={form}") for form in exporting.FORMATS]
        may_act = request.user.has_perm("aijobs.add_bulkaction")
        return [*(acts if may_act else []), *(exports if self.has_export_permission(request) else [])]


def _wanted(request: HttpRequest) -> tuple[exporting.Stretches, str]:
    """The jobs to export, and which those are in words. Raises ValueError."""
    if "ids" in request.GET:
        found = [identifiers.decode(identifiers.JOB_PREFIX, text) for text in request.GET["ids"].split(",")]
        chosen = [each for each in found if each]
        if not chosen:
            raise ValueError("None of the IDs is that of a job.")
        return exporting.selected(chosen), f"{len(chosen)} that were chosen"
    conditions = {name: value for name, value in request.GET.dict().items() if name != "format"}
    if unknown := sorted({*conditions} - {"tenant", *JobFilter.model_fields}):
        # Without them it would be an export of more than was asked for.
        raise ValueError(f"The service does not know {' and '.join(unknown)}.")
    tenant, wanted = matching.read(conditions)
    return exporting.matching(tenant.pk if tenant else None, wanted), matching.in_words(tenant, wanted)


def _stop(job: Job) -> None:
    lifecycle.request_cancel(job.id, job.tenant_id, PausedBy.STAFF)


def _retry_once(request: HttpRequest) -> Callable[[Job], str]:
    """Who clicks twice on the same page, or sends its form again, gets the same new job."""
    return lambda job: retrying.retry(TenantAccess.of(job.tenant), job.id, once=once.told(request))


def _with(priority: Priority) -> Callable[[Job], None]:
    return lambda job: priorities.set_priority(job.id, job.tenant_id, priority)
