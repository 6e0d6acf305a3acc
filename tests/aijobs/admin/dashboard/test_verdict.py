"""What the front page says first: nothing is wrong, or what is, the worst first, with what to do about it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from aijobs.admin.dashboard.ended import Ends, Recent, Week
from aijobs.admin.dashboard.live import Live, Paused, Process
from aijobs.admin.dashboard.verdict import Concern, Level, concerns, in_words, too_often
from aijobs.states import Priority
from aijobs.watching import Watch

NOW = datetime(2026, 3, 12, 10, 30, tzinfo=UTC)
LANES = ["ai-jobs.high", "ai-jobs.normal", "ai-jobs.low"]


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def process(name: str, queues: list[str], **changes: Any) -> Process:
    whole: dict[str, Any] = {
        **{"id": name, "name": f"{name}@jobs-1", "host": "jobs-1", "queues": queues, "places": 2, "version": "0.1.0"},
        **{"started_at": ago(3600), "seen_at": NOW, "last_claim_at": None, "alive": True, "holds": 0, "held": []},
    }
    return Process(**{**whole, **changes})


WORKER = process("worker", LANES, last_claim_at=ago(5))
CONTROL = process("control", ["ai-jobs.control"])
BEAT = process("beat", [])
WELL = Live(
    now=NOW,
    broker_answers=True,
    measured_at=ago(2),
    uncounted_since=None,
    depths={},
    oldest={},
    tenants=[],
    running=0,
    processes=[WORKER, CONTROL, BEAT],
    events_seen_at=ago(4),
    marketplaces={},
    used=True,
    upcoming=[],
    paused=[],
    unmet=[],
    watched=[],
)


def recent(**failing: Ends) -> Recent:
    return Recent(NOW, {}, {}, failing, failing, [], {})


def found(
    live: Live, failing: Mapping[str, Ends] | None = None, norms: Mapping[str, Ends] | None = None
) -> list[Concern]:
    return concerns(live, recent(**failing or {}), Week(norms or {}, {}))


def only(live: Live, failing: Mapping[str, Ends] | None = None, norms: Mapping[str, Ends] | None = None) -> Concern:
    (concern,) = found(live, failing, norms)
    return concern


def test_all_is_well() -> None:
    busy = replace(WELL, oldest={Priority.LOW: ago(59)}, depths={Priority.LOW: 10_000})
    assert found(WELL) == found(busy) == []


def test_a_broker_that_is_down_comes_before_what_it_causes() -> None:
    down = replace(WELL, broker_answers=False, measured_at=ago(90), oldest={Priority.HIGH: ago(90)})
    silent = replace(down, processes=[replace(WORKER, last_claim_at=ago(95)), CONTROL, BEAT])
    assert [each.sentence.split(",")[0].split(" for ")[0] for each in found(silent)] == [
        "The broker does not answer",
        "The sweeper has been silent",
        "No worker has taken a job",
    ]
    assert found(silent)[0].link == "/admin/aijobs/job/?status__exact=queued&created=all"


@pytest.mark.parametrize(
    ("processes", "says"),
    [
        ([WORKER, BEAT], "The control worker has been silent for 3 minutes"),
        ([WORKER, BEAT, replace(CONTROL, alive=False)], "The control worker has been silent for 3 minutes"),
        ([WORKER, CONTROL], "Beat has been silent for 3 minutes"),
        ([WORKER, CONTROL, BEAT], "The sweeper has been silent for 3 minutes"),
    ],
    ids=["no control", "a silent control", "no beat", "both"],
)
def test_who_is_silent_where_nothing_is_measured(processes: list[Process], says: str) -> None:
    concern = only(replace(WELL, measured_at=ago(200), processes=processes))
    assert concern.level == Level.BAD
    assert concern.sentence.startswith(says)


def test_nothing_was_ever_measured() -> None:
    assert "since the service was set up" in only(replace(WELL, measured_at=None)).sentence


def test_what_ended_is_not_counted() -> None:
    assert found(replace(WELL, uncounted_since=ago(59))) == []
    concern = only(replace(WELL, uncounted_since=ago(180)))
    assert concern.level == Level.WARNING
    assert concern.sentence.startswith("Jobs that ended 3 minutes ago are not counted yet")


def test_no_worker_is_there() -> None:
    gone = replace(WORKER, alive=False, last_claim_at=ago(130))
    concern = only(replace(WELL, oldest={Priority.NORMAL: ago(61)}, processes=[gone, CONTROL, BEAT]))
    assert concern.sentence == "No worker has taken a job for 2 minutes though jobs are due, and none is there."
    assert concern.advice == "Start a worker of the queues ai-jobs.high, ai-jobs.normal, ai-jobs.low."


def test_a_worker_that_is_there_takes_nothing() -> None:
    stuck = replace(WORKER, last_claim_at=ago(61))
    live = replace(WELL, oldest={Priority.NORMAL: ago(61)}, processes=[stuck, CONTROL, BEAT], running=1)
    assert only(live).level == Level.BAD
    assert "1 of 2 places are free" in only(live).sentence


def test_long_runs_are_no_fault_of_the_workers() -> None:
    busy = replace(WORKER, last_claim_at=ago(61))
    live = replace(WELL, oldest={Priority.NORMAL: ago(61)}, processes=[busy, CONTROL, BEAT], running=2)
    assert only(live).level == Level.WARNING
    assert only(live).link == "/admin/aijobs/job/?status__exact=running&created=all"


def test_a_job_that_waits_for_long_is_named_by_its_lane() -> None:
    concern = only(replace(WELL, oldest={Priority.LOW: ago(700), Priority.HIGH: ago(650)}))
    assert concern.sentence == (
        "The oldest job of the low lane has been due for 11 minutes, and should have begun within 10 minutes."
    )


@pytest.mark.parametrize(
    ("ended", "failed", "norm", "named"),
    [
        # Three times the norm, and below.
        (100, 31, Ends(1000, 100), True),
        (100, 29, Ends(1000, 100), False),
        # A handful says nothing.
        (4, 4, Ends(1000, 0), False),
        # What never failed may fail once in fifty.
        (1000, 20, Ends(1000, 0), False),
        (100, 5, Ends(1000, 0), True),
        # What often fails still has a limit.
        (10, 9, Ends(10, 8), True),
        # Of a new type nothing is known.
        (10, 5, Ends(0, 0), True),
    ],
)
def test_a_type_fails_too_often(ended: int, failed: int, norm: Ends, named: bool) -> None:
    concerned = found(WELL, {"competitor_scan": Ends(ended, failed)}, {"competitor_scan": norm})
    assert [each.link for each in concerned] == (
        ["/admin/aijobs/job/?status__exact=failed&type=competitor_scan&created=day"] if named else []
    )


def test_a_rate_is_never_normal_at_nine_in_ten() -> None:
    assert [too_often(rate) for rate in (0.0, 0.1, 0.2, 0.9, 1.0)] == pytest.approx([0.05, 0.3, 0.6, 0.9, 0.9])


def test_a_schedule_that_paused_itself_is_named_with_its_reason() -> None:
    newest = Paused(uuid4(), "nightly", "northfield", "Five due times in a row failed.")
    older = Paused(uuid4(), "hourly", "northfield", "Its template is invalid.")
    concern = only(replace(WELL, paused=[newest, older]))
    assert concern.sentence == (
        "The schedule nightly of northfield paused itself: Five due times in a row failed. 1 other did so before."
    )
    assert concern.link == "/admin/aijobs/schedule/?state=itself"


def test_what_apps_have_watched_is_said_in_their_words() -> None:
    watch = Watch(
        "things", "SELECT 0", lambda count: f"{count} things wait.", "Look.", "admin:auth_user_changelist", "q=a"
    )
    concern = only(replace(WELL, watched=[(watch, 3)]))
    assert concern == Concern(Level.WARNING, "3 things wait.", "Look.", "/admin/auth/user/?q=a")
    assert found(replace(WELL, watched=[(watch, 0)])) == []


def test_a_type_without_a_last_week_is_compared_with_none() -> None:
    assert only(WELL, {"new_type": Ends(10, 5)}).sentence == (
        "5 of the last 10 jobs of new_type failed; last week there were none."
    )


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (119, "119 seconds"), (120, "2 minutes"), (7199, "119 minutes"), (86_400 * 3, "3 days")],
)
def test_durations_are_said_in_one_unit(seconds: int, words: str) -> None:
    assert in_words(timedelta(seconds=seconds)) == words


# --- The events process


@pytest.mark.parametrize(("seen", "url"), [(ago(19), "https://events.example.com"), (ago(19), ""), (None, "")])
def test_an_events_process_that_is_there_or_need_not_be_is_no_concern(
    settings: Any, seen: datetime | None, url: str
) -> None:
    settings.AIJOBS_EVENTS_URL = url
    assert found(replace(WELL, events_seen_at=seen)) == []


@pytest.mark.parametrize("url", ["https://events.example.com", ""])
def test_an_events_process_that_is_silent(settings: Any, url: str) -> None:
    settings.AIJOBS_EVENTS_URL = url
    concern = only(replace(WELL, events_seen_at=ago(180)))
    assert concern.level == Level.WARNING
    assert concern.sentence == (
        "The events process has been silent for 3 minutes: callers get no streams and no waits, and have to poll."
    )
    assert "config.asgi:application" in concern.advice
    assert concern.link.startswith("/admin/aijobs/worker/")


def test_an_events_process_that_is_not_there_though_callers_are_sent_to_it(settings: Any) -> None:
    settings.AIJOBS_EVENTS_URL = "https://events.example.com"
    concern = only(replace(WELL, events_seen_at=None))
    assert concern.sentence.startswith("No events process is there: callers get no streams")
