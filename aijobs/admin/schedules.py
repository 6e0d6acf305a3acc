"""Schedules: made and changed as by the API, paused, resumed, run now and made up for."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import orjson
from django import forms
from django.contrib import admin, messages
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import pluralize
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.timezone import now

from aijobs import schedule_bodies, schedule_runs, schedules
from aijobs.admin import once
from aijobs.admin.base import Admin, pretty
from aijobs.admin.due_times import MOST_TICKS, Tick, show_ticks, upcoming
from aijobs.admin.filters import TenantFilter
from aijobs.auth import TenantAccess
from aijobs.errors import ApiError, ScheduleExists, TooManySchedules
from aijobs.models import Schedule, ScheduleRun, Tenant
from aijobs.refusals import fields_of
from aijobs.schedule_bodies import Definition
from aijobs.schedules import LONGEST_REASON, Who
from aijobs.states import Missed, Overlap, PausedBy, TemplateKind

# As much of a reason as a list shows.
SHOWN_REASON = 80
ENDS_OF_A_RANGE = {"from": "The beginning of the range", "to": "The end of the range"}


class ScheduleForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """What the API takes, field by field; read by the function that reads it there."""

    template = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 12, "cols": 80}),
        help_text='The body that would dispatch it, as JSON: {"type": …, "params": …}, or {"jobs": […]} for a batch.',
    )
    overlap = forms.ChoiceField(choices=Overlap.choices, initial=Overlap.SKIP)
    missed = forms.ChoiceField(choices=Missed.choices, initial=Missed.CATCH_UP_ONCE)
    missed_window_seconds = forms.IntegerField(initial=3_600, min_value=60)
    jitter_seconds = forms.IntegerField(initial=0, min_value=0)
    timezone = forms.CharField(required=False, help_text="Leave it empty for the tenant's.")
    definition: Definition

    class Meta:
        model = Schedule
        fields: ClassVar = ["tenant", "name", "cron", "interval_seconds", "anchor", "timezone", "template_kind"]

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.instance.pk:
            text = orjson.dumps(self.instance.template, option=orjson.OPT_INDENT_2).decode()
            self.initial["template"] = text
            for name in ("overlap", "missed", "missed_window_seconds", "jitter_seconds"):
                self.initial[name] = getattr(self.instance, name)

    def clean_template(self) -> object:
        try:
            template: object = orjson.loads(self.cleaned_data["template"])
        except orjson.JSONDecodeError as error:
            raise forms.ValidationError(f"This is not valid JSON: {error}") from None
        if not isinstance(template, dict):
            raise forms.ValidationError("This must be a JSON object, which begins with { and ends with }.")
        return template

    def clean(self) -> dict[str, Any]:
        """As the API reads it. Whatever the fields alone have refused is told first."""
        values = self.cleaned_data
        tenant: Tenant | None = values.get("tenant") or (self.instance.tenant if self.instance.pk else None)
        if self.errors or tenant is None:
            return values
        try:
            self.definition = schedule_bodies.read(TenantAccess.of(tenant), self._body(values))
        except ApiError as refusal:
            for field in fields_of(refusal):
                self.add_error(*self._place(field["path"], field["message"]))
        else:
            self._ask_for_room(tenant)
        return values

    def _ask_for_room(self, tenant: Tenant) -> None:
        """What only the database knows, said while the form can still be corrected."""
        try:
            schedules.refuse_name(tenant.pk, self.definition.name, self.instance.pk)
        except ScheduleExists:
            self.add_error("name", "The tenant already has a schedule with this name. Use another one.")
        except TooManySchedules as refusal:
            self.add_error(None, refusal.message)

    def _body(self, values: dict[str, Any]) -> dict[str, object]:
        anchor: datetime | None = values["anchor"]
        body = {
            **{
                name: values[name]
                for name in ("name", "overlap", "missed", "missed_window_seconds", "jitter_seconds")
            },
            "cron": values["cron"] or None,
            "interval_seconds": values["interval_seconds"],
            "anchor": anchor and anchor.astimezone(UTC).isoformat(),
            "timezone": values["timezone"] or None,
            values["template_kind"]: values["template"],
        }
        return {name: value for name, value in body.items() if value is not None}

    def _place(self, path: str, message: str) -> tuple[str | None, str]:
        """The field of the form that a path of the body is about, and what to say there."""
        root, _, rest = path.partition(".")
        if root in TemplateKind:
            return "template", f"{rest}: {message}" if rest else message
        return (root if root in self.fields else None), message

    def _post_clean(self) -> None:
        """The row is written by `schedules`, which knows its rules."""


class PausedFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("active", "Active"), ("paused", "Paused"), ("itself", "Paused itself")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Schedule]) -> QuerySet[Schedule]:
        match self.value():
            case "active":
                return queryset.filter(paused_at=None)
            case "paused":
                return queryset.exclude(paused_at=None)
            case "itself":
                return queryset.filter(paused_by=PausedBy.SERVICE)
        return queryset


@admin.register(Schedule)
class ScheduleAdmin(Admin):
    form = ScheduleForm
    change_form_template = "aijobs/admin/schedule.html"
    list_display = ["name", "tenant", "words", "timezone", "next_due_at", "state", "ticks"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter, PausedFilter]
    list_per_page = 50
    ordering = ["-id"]
    search_fields = ["name"]
    autocomplete_fields = ["tenant"]
    fields = [
        "tenant",
        "name",
        ("cron", "interval_seconds", "anchor"),
        "timezone",
        "template_kind",
        "template",
        "overlap",
        ("missed", "missed_window_seconds"),
        "jitter_seconds",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        """With what came of their last due times, each in one look at the index."""
        runs = ScheduleRun.objects.filter(schedule=OuterRef("pk")).order_by("-due_at")
        tick = JSONObject(due_at="due_at", outcome="outcome", detail="detail", job_id="job_id", batch_id="batch_id")
        last = ArraySubquery(runs.values_list(tick, flat=True)[:MOST_TICKS])
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.filter(deleted_at=None).annotate(last_runs=last)

    def get_readonly_fields(self, request: HttpRequest, obj: Schedule | None = None) -> list[str]:
        return ["tenant"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: Schedule | None = None) -> bool:
        """Its jobs name it, so it is paused instead; its tenant may delete it."""
        return False

    @admin.display(description="comes due")
    def words(self, schedule: Schedule) -> str:
        return schedules.in_words(schedule)

    @admin.display(description="state")
    def state(self, schedule: Schedule) -> str:
        if schedule.paused_at is None:
            return f"Waiting: {schedule.held}" if schedule.held else "Active"
        reason = schedule.pause_reason
        return f"Paused: {reason if len(reason) <= SHOWN_REASON else reason[: SHOWN_REASON - 1] + '…'}"

    @admin.display(description="last runs")
    def ticks(self, schedule: Any) -> SafeString:
        return show_ticks(
            [Tick(**{**each, "due_at": datetime.fromisoformat(each["due_at"])}) for each in schedule.last_runs]
        )

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        """By the functions that the API calls."""
        if change:
            schedules.change(obj.pk, obj.tenant_id, form.definition)
        else:
            obj.pk = schedules.create(TenantAccess.of(form.cleaned_data["tenant"]), form.definition).pk
            obj.name = form.definition.name

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        schedule = self.get_object(request, object_id) if object_id else None
        shown = self._shown(request, schedule) if schedule else {}
        try:
            return super().changeform_view(request, object_id, form_url, {**(extra_context or {}), **shown})
        except ApiError as refusal:
            # Somebody was quicker than the form: took its name, or the last place.
            self.message_user(request, refusal.message, messages.ERROR)
            return HttpResponseRedirect(request.path)

    def _shown(self, request: HttpRequest, schedule: Any) -> dict[str, object]:
        return {
            "words": self.words(schedule),
            "upcoming": upcoming(schedule, now()),
            "ticks": self.ticks(schedule),
            "runs": ScheduleRun.objects.filter(schedule=schedule).order_by("-due_at")[:MOST_TICKS],
            "template": pretty(schedule.template),
            "may_act": self.has_change_permission(request, schedule),
            "longest_reason": LONGEST_REASON,
            "once": once.new(),
        }

    def get_urls(self) -> list[URLPattern]:
        def route(name: str, act: Callable[[HttpRequest, Any], HttpResponse]) -> URLPattern:
            def view(request: HttpRequest, pk: str) -> HttpResponse:
                return act(request, self._acted_upon(request, pk))

            named = f"aijobs_schedule_{name.replace('-', '_')}"
            return path(f"<uuid:pk>/{name}/", self.admin_site.admin_view(view), name=named)

        return [
            route("pause", self._pause),
            route("resume", self._resume),
            route("run-now", self._run_now),
            route("backfill", self._backfill),
            *super().get_urls(),
        ]

    def _acted_upon(self, request: HttpRequest, pk: object) -> Schedule:
        schedule: Schedule | None = self.get_object(request, str(pk))
        if schedule is None or request.method != "POST":
            raise Http404
        if not self.has_change_permission(request, schedule):
            raise PermissionDenied
        return schedule

    def _act(self, request: HttpRequest, schedule: Schedule, done: str, act: Callable[[], object]) -> HttpResponse:
        """Do it, say so here and in the log, and go back to the schedule."""
        try:
            act()
        except ApiError as refusal:
            self.message_user(request, refusal.message, messages.ERROR)
        else:
            self.log_change(request, schedule, done)
            self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(reverse("admin:aijobs_schedule_change", args=[schedule.pk]))

    def _pause(self, request: HttpRequest, schedule: Schedule) -> HttpResponse:
        reason = request.POST.get("reason", "").replace("\0", " ").strip()[:LONGEST_REASON]
        if not reason:
            self.message_user(request, "Say why you pause it.", messages.ERROR)
            return HttpResponseRedirect(reverse("admin:aijobs_schedule_change", args=[schedule.pk]))
        who = Who(PausedBy.STAFF, request.user.get_username())
        pause = lambda: schedules.pause(schedule.pk, schedule.tenant_id, who, reason)  # noqa: E731
        return self._act(request, schedule, f"Paused: {reason}", pause)

    def _resume(self, request: HttpRequest, schedule: Schedule) -> HttpResponse:
        return self._act(request, schedule, "Resumed.", lambda: schedules.resume(schedule.pk, schedule.tenant_id))

    def _run_now(self, request: HttpRequest, schedule: Schedule) -> HttpResponse:
        return self._act(
            request,
            schedule,
            "Dispatched once, now.",
            lambda: schedule_runs.run_now(schedule.pk, schedule.tenant_id, once=once.told(request)),
        )

    def _backfill(self, request: HttpRequest, schedule: Schedule) -> HttpResponse:
        """The count first; then, with it, the dispatches."""
        form = BackfillForm(request.POST)
        if not form.is_valid():
            return self._backfill_page(request, schedule, form)
        first, last, count = (form.cleaned_data[name] for name in ("first", "last", "count"))
        if count is None:
            return self._backfill_page(request, schedule, form)
        return self._act(
            request,
            schedule,
            f"Made up for {count} due time{pluralize(count)} from {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} "
            "UTC.",
            lambda: schedule_runs.backfill(schedule.pk, schedule.tenant_id, first, last, count),
        )

    def _backfill_page(self, request: HttpRequest, schedule: Schedule, form: "BackfillForm") -> HttpResponse:
        due_times: list[datetime] = []
        if form.is_valid():
            first, last = form.cleaned_data["first"], form.cleaned_data["last"]
            try:
                due_times = schedule_runs.backfill(schedule.pk, schedule.tenant_id, first, last, None).due_times
            except ApiError as refusal:
                for field in fields_of(refusal):
                    place = ENDS_OF_A_RANGE.get(field["path"])
                    form.add_error(None, f"{place} {field['message']}." if place else field["message"])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Backfill {schedule.name}",
            "schedule": schedule,
            "form": form,
            "due_times": due_times,
        }
        return TemplateResponse(request, "aijobs/admin/backfill.html", context)


class BackfillForm(forms.Form):
    """In UTC."""

    first = forms.DateTimeField(label="From (UTC)")
    last = forms.DateTimeField(label="To (UTC)")
    count = forms.IntegerField(required=False, widget=forms.HiddenInput)
