"""A job's attempts, from its events: how long each waited, backed off and ran, beside what is usual for its type."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aijobs.engine import figures
from aijobs.explaining import duration
from aijobs.models import Job, JobEvent
from aijobs.presenting import Chart, Row, Tone, stacked
from aijobs.states import EventKind, Status

# One may be handed back for a day.
MOST_ATTEMPTS = 20
# Of which runs the usual times are.
USUAL_SPAN = timedelta(days=1)
LEGEND: list[tuple[Tone, str]] = [
    ("backoff", "backing off, or postponed"),
    ("waiting", "waiting for a worker"),
    ("running", "running"),
]


@dataclass(frozen=True, slots=True)
class Attempt:
    """Seconds, and how it ended in words. `number` is None for what was not started."""

    number: int | None
    backed_off: float
    waited: float
    ran: float
    end: str


def attempts(job: Job, events: Sequence[JobEvent], at: datetime) -> Iterator[Attempt]:
    """In order. The last one may not be over, and is then as long as it is at this moment."""
    since, delayed, started = job.created_at, False, None
    for event in events:
        match event.kind:
            case EventKind.QUEUED:
                since = event.at
            case EventKind.STARTED:
                started = event
            case EventKind.CHANGED | EventKind.CANCEL_REQUESTED:
                # No attempt begins or ends by it.
                continue
            case EventKind.CANCELLED if started is None:
                yield _attempt(job, None, since, event.at, None, delayed, "cancelled")
            case _ if started is not None:
                yield _attempt(job, started.attempt, since, started.at, event.at, delayed, _end(event))
                since, started = event.at, None
                # What was lost, or handed back at a shutdown, is due again at once.
                delayed = event.kind == EventKind.RETRIED or job.run_after > event.at
    if started is not None:
        yield _attempt(job, started.attempt, since, started.at, at, delayed, "is running")
    elif job.status == Status.QUEUED:
        yield _attempt(job, None, since, at, None, delayed, "is to come")


def _attempt(
    job: Job, number: int | None, since: datetime, until: datetime, ended: datetime | None, delayed: bool, end: str
) -> Attempt:
    """From the end of the one before. When it was due, only the last one's row still says."""
    due = min(max(job.run_after, since), until) if number in (None, job.attempt) else until
    backed_off = (due - since).total_seconds() if delayed else 0.0
    ran = (ended - until).total_seconds() if ended else 0.0
    return Attempt(number, backed_off, max((until - since).total_seconds() - backed_off, 0.0), max(ran, 0.0), end)


def _end(event: JobEvent) -> str:
    data = event.data or {}
    return f"{event.get_kind_display().lower()}: {data['code']}" if data.get("code") else event.kind.replace("_", " ")


def chart(job: Job, events: Sequence[JobEvent], at: datetime) -> Chart:
    found = list(attempts(job, events, at))
    rows = [_row(each) for each in found[-MOST_ATTEMPTS:]]
    note = f"These are the last {MOST_ATTEMPTS} of {len(found):,} attempts." if len(found) > MOST_ATTEMPTS else ""
    return Chart("", [*rows, *_usual(job.type, at)], LEGEND, note)


def _row(each: Attempt) -> Row:
    words = ((each.backed_off, "backed off"), (each.waited, "waited"), (each.ran, "ran"))
    says = ", ".join(f"{what} {duration(seconds)}" for seconds, what in words if seconds)
    label = "not started" if each.number is None else f"attempt {each.number}"
    parts: list[tuple[float, Tone, str]] = [
        (each.backed_off, "backoff", f"backed off {duration(each.backed_off)}"),
        (each.waited, "waiting", f"waited {duration(each.waited)}"),
        (each.ran, "running", f"ran {duration(each.ran)}"),
    ]
    return stacked(label, parts, f"{says}; {each.end}" if says else each.end)


def _usual(type_name: str, at: datetime) -> Iterator[Row]:
    """What is usual for the type: half of its jobs took no longer, and 95 % of them."""
    times = figures.times(type_name, at - USUAL_SPAN, at)
    for label, share in (("usual (p50)", 0.5), ("slow (p95)", 0.95)):
        waited, ran = (times.waited(share), times.ran(share)) if times else (None, None)
        if waited is not None and ran is not None:
            says = f"waited {duration(waited)}, ran {duration(ran)}"
            yield stacked(label, [(waited, "waiting", "waited"), (ran, "running", "ran")], says)
