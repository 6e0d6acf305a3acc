"""Due times to read: those to come, in the schedule's zone and in UTC, and what came of the last ones."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from aijobs import schedules, zones
from aijobs.models import Schedule
from aijobs.states import RunOutcome

MOST_TICKS = 10
# Beside the colour, for who cannot tell colours apart.
SIGNS = {
    RunOutcome.DISPATCHED: "✓",
    RunOutcome.SKIPPED: "–",
    RunOutcome.MISSED: "○",
    RunOutcome.FAILED: "✗",
}


class DueTime(NamedTuple):
    local: str
    utc: str
    # What the clocks have done since the due time before, or "".
    change: str


class Tick(NamedTuple):
    """What came of one due time."""

    due_at: datetime
    outcome: str
    detail: str
    job_id: str | None
    batch_id: str | None


def upcoming(schedule: Schedule, present: datetime) -> list[DueTime]:
    """The next due times. A change of clocks is told with the first one after it."""
    zone = zones.find_or_utc(schedule.timezone)
    moments = [moment.astimezone(zone) for moment in (present, *schedules.upcoming(schedule))]
    return [
        DueTime(
            f"{due:%a %d %b %Y, %H:%M:%S} {due.tzname()}",
            f"{due.astimezone(UTC):%a %d %b, %H:%M:%S}",
            _change(before, due),
        )
        for before, due in pairwise(moments)
    ]


def _change(before: datetime, due: datetime) -> str:
    change = (due.utcoffset() or timedelta()) - (before.utcoffset() or timedelta())
    if not change:
        return ""
    minutes = int(abs(change).total_seconds()) // 60
    return f"after the clocks went {'forward' if change > timedelta() else 'back'} by {minutes} minutes"


def show_ticks(ticks: list[Tick]) -> SafeString:
    """The oldest first, each linked to what was dispatched."""
    return format_html(
        '<span class="ticks">{}</span>', format_html_join("", "{}", ([_show_tick(tick)] for tick in reversed(ticks)))
    )


def _show_tick(tick: Tick) -> SafeString:
    told = f"{tick.due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {tick.outcome}. {tick.detail}".strip()
    sign = format_html(
        '<span class="tick tick-{}" title="{}"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        tick.outcome,
        told,
        SIGNS[RunOutcome(tick.outcome)],
        told,
    )
    address = _address(tick)
    return format_html('<a href="{}">{}</a>', address, sign) if address else sign


def _address(tick: Tick) -> str | None:
    if tick.job_id:
        return reverse("admin:aijobs_job_change", args=[tick.job_id])
    return reverse("admin:aijobs_batch_change", args=[tick.batch_id]) if tick.batch_id else None
