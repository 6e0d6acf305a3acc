"""What is wrong, the worst first, each in a sentence with what to do about it. Nothing is asked of anybody here."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.conf import settings

from aijobs.admin.dashboard import addresses
from aijobs.admin.dashboard.ended import Ends, Recent, Week
from aijobs.admin.dashboard.live import Live, Process
from aijobs.explaining import UNCLAIMED_AFTER, UNSWEPT_AFTER
from aijobs.models.workers import SILENT_SECONDS
from aijobs.states import CONTROL_QUEUE, QUEUES, Priority

# Counts are two seconds behind, and after an outage longer.
UNCOUNTED_AFTER = timedelta(seconds=60)
# A type fails too often when its rate is so many times last week's: but not for a handful of jobs, nor for one in
# fifty. Nine in ten are too many in any case.
TIMES_THE_NORM = 3
LEAST_FAILED = 5
LEAST_RATE = 0.05
HIGHEST_NORMAL_RATE = 0.9
WITHOUT_EVENTS = "callers get no streams and no waits, and have to poll."
START_EVENTS = "Start it again (granian, with config.asgi:application), or read its log if it runs."
# As much of a reason as a line shows.
LONGEST_REASON = 200


class Level(StrEnum):
    # Jobs do not run as they should, now.
    BAD = "bad"
    # They do, and somebody should look.
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Concern:
    level: Level
    sentence: str
    advice: str
    # What it is about, as a list.
    link: str


def concerns(live: Live, recent: Recent, week: Week) -> list[Concern]:
    """None where all is well. The order is fixed: what comes first is often the cause of what comes later."""
    return [
        *_broker(live),
        *_sweeper(live),
        *_counting(live),
        *_claims(live),
        *_waiting(live),
        *_failing(recent.failing, week.ended),
        *_paused(live),
        *_streams(live),
        *_watched(live),
    ]


def _broker(live: Live) -> Iterator[Concern]:
    if not live.broker_answers:
        yield Concern(
            Level.BAD,
            "The broker does not answer, so workers get no new jobs.",
            "Start Valkey or Redis again. Accepted jobs wait in the database, and the service publishes them when "
            "the broker is back.",
            addresses.jobs(status="queued", created="all"),
        )


def _sweeper(live: Live) -> Iterator[Concern]:
    if live.measured_at is not None and live.now - live.measured_at < UNSWEPT_AFTER:
        return
    since = f"for {in_words(live.now - live.measured_at)}" if live.measured_at else "since the service was set up"
    who, advice = _silent(_alive(live))
    yield Concern(
        Level.BAD,
        f"{who} has been silent {since}: lost runs and messages are not noticed, and retries do not begin.",
        advice,
        addresses.workers(),
    )


def _counting(live: Live) -> Iterator[Concern]:
    if live.uncounted_since is not None and live.now - live.uncounted_since > UNCOUNTED_AFTER:
        yield Concern(
            Level.WARNING,
            f"Jobs that ended {in_words(live.now - live.uncounted_since)} ago are not counted yet, so this page, "
            "/metrics and estimates tell of an earlier time.",
            "After an outage this passes by itself. If it does not, read the control worker's log.",
            addresses.workers(),
        )


def _silent(alive: Sequence[Process]) -> tuple[str, str]:
    """Of those who sweep together the one that is not there, and what to do."""
    if not any(CONTROL_QUEUE in each.queues for each in alive):
        return "The control worker", f"Start it: it is the worker of the queue {CONTROL_QUEUE}."
    if not any(each.name.startswith("beat@") for each in alive):
        return "Beat", "Start it: it tells the control worker when to sweep."
    return "The sweeper", "Read the logs of the control worker and of beat, and start them again."


def _alive(live: Live) -> list[Process]:
    return [each for each in live.processes if each.alive]


def job_places(live: Live) -> int:
    """How many jobs the workers that are there run at a time."""
    return sum(each.places for each in _alive(live) if QUEUES[Priority.NORMAL] in each.queues)


def _claims(live: Live) -> Iterator[Concern]:
    oldest = min(live.oldest.values(), default=None)
    if oldest is None or live.now - oldest < UNCLAIMED_AFTER:
        return
    claimed = max((each.last_claim_at for each in live.processes if each.last_claim_at), default=None)
    if claimed is not None and live.now - claimed < UNCLAIMED_AFTER:
        return
    since = f"for {in_words(live.now - (claimed or oldest))}"
    places = job_places(live)
    if not places:
        yield Concern(
            Level.BAD,
            f"No worker has taken a job {since} though jobs are due, and none is there.",
            f"Start a worker of the queues {', '.join(QUEUES[each] for each in sorted(QUEUES, reverse=True))}.",
            addresses.workers(),
        )
    elif live.running >= places:
        yield Concern(
            Level.WARNING,
            f"No worker has taken a job {since} though jobs are due: all {places} places are taken by long runs.",
            "Look at what runs, and start another worker if these runs are as long as they should be.",
            addresses.jobs(status="running", created="all"),
        )
    else:
        yield Concern(
            Level.BAD,
            f"No worker has taken a job {since} though jobs are due and {places - live.running} of {places} places "
            "are free.",
            "Read the worker's log, and start the worker again.",
            addresses.jobs(status="queued", created="all"),
        )


def _waiting(live: Live) -> Iterator[Concern]:
    bound = timedelta(seconds=settings.AIJOBS_PROMOTE_AFTER_SECONDS)
    late = {lane: live.now - since for lane, since in live.oldest.items() if live.now - since > bound}
    if late:
        lane = max(late, key=lambda each: late[each])
        yield Concern(
            Level.WARNING,
            f"The oldest job of the {lane.label} lane has been due for {in_words(late[lane])}, and should have begun "
            f"within {in_words(bound)}.",
            "Start more workers, or find out which tenant or type takes their time.",
            addresses.jobs(status="queued", created="all"),
        )


def _failing(failing: Mapping[str, Ends], norms: Mapping[str, Ends]) -> Iterator[Concern]:
    for type_name, ends in sorted(failing.items(), key=lambda each: -each[1].failed):
        normal = rate(norms.get(type_name, Ends()))
        if ends.failed >= LEAST_FAILED and rate(ends) >= too_often(normal):
            before = f"last week {normal:.0%} did" if type_name in norms else "last week there were none"
            yield Concern(
                Level.WARNING,
                f"{ends.failed} of the last {ends.ended} jobs of {type_name} failed; {before}.",
                "Open one of them: its page says why it failed and what to do.",
                addresses.jobs(status="failed", type=type_name, created="day"),
            )


def too_often(normal: float) -> float:
    """From which rate of failures on a type fails too often, given last week's."""
    return min(max(TIMES_THE_NORM * normal, LEAST_RATE), HIGHEST_NORMAL_RATE)


def rate(ends: Ends) -> float:
    return ends.failed / ends.ended if ends.ended else 0.0


def _paused(live: Live) -> Iterator[Concern]:
    """The newest one by its name, and how many others."""
    if live.paused:
        newest, others = live.paused[0], len(live.paused) - 1
        reason = newest.reason[:LONGEST_REASON].rstrip(".")
        more = f" {others} other{'s' if others > 1 else ''} did so before." if others else ""
        yield Concern(
            Level.WARNING,
            f"The schedule {newest.name} of {newest.tenant} paused itself: {reason}.{more}",
            "Mend what the reason says, and resume it.",
            addresses.schedules_that_paused_themselves(),
        )


def _streams(live: Live) -> Iterator[Concern]:
    """Nothing where there need be no events process: none was seen, and nobody is sent to one."""
    seen = live.events_seen_at
    if seen is None and not settings.AIJOBS_EVENTS_URL:
        return
    silent = live.now - seen if seen else None
    if silent is None or silent > timedelta(seconds=SILENT_SECONDS):
        found = (
            f"The events process has been silent for {in_words(silent)}" if silent else "No events process is there"
        )
        yield Concern(Level.WARNING, f"{found}: {WITHOUT_EVENTS}", START_EVENTS, addresses.workers())


def _watched(live: Live) -> Iterator[Concern]:
    for watch, count in live.watched:
        if count:
            yield Concern(Level.WARNING, watch.sentence(count), watch.advice, addresses.of(watch.page, watch.query))


def in_words(duration: timedelta) -> str:
    """To the larger unit: seconds below two minutes, then minutes, hours, days."""
    seconds = int(duration.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}s"
    return f"{seconds} second{'' if seconds == 1 else 's'}"
