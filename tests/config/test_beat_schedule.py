"""What beat sends, and when: also where the clock is set back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from config.beat_schedule import Scheduler
from config.celery import app

pytestmark = pytest.mark.django_db

TEN_MINUTES = timedelta(minutes=10)
# A due time that is reached to the hundredth of a second is beat's idea of punctuality.
A_WHILE = timedelta(seconds=2.1)


@pytest.fixture(autouse=True)
def connection_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test's transaction is on it."""
    monkeypatch.setattr("django_celery_beat.schedulers.close_old_connections", lambda: None)


class Told(Scheduler):
    """Keeps what it would send."""

    def __init__(self, **named: Any) -> None:
        self.told: list[str] = []
        super().__init__(app, **named)
        # At the end of the process it would look for the database.
        self._finalize.cancel()

    def apply_entry(self, entry: Any, producer: object = None) -> None:
        self.told.append(entry.name)

    def at(self, moment: datetime) -> list[str]:
        """All that is due then, as beat's loop has it: a tick sends one task, and asks for another at once."""
        self.told.clear()
        with time_machine.travel(moment, tick=False):
            while self.tick() == 0:
                pass
        return sorted(self.told)


def test_a_clock_that_is_set_back_silences_no_task() -> None:
    present = datetime(2026, 11, 27, 12, tzinfo=UTC)
    with time_machine.travel(present, tick=False):
        beat = Told()
    beat.at(present)
    often = beat.at(present + A_WHILE)
    assert {"sweep", "tick", "roll-up"} <= {*often}
    assert "partition-events" not in often
    earlier = present - TEN_MINUTES
    beat.at(earlier)
    assert beat.at(earlier + A_WHILE) == often
    assert beat.at(earlier + 2 * A_WHILE) == often


def test_a_beat_that_starts_after_the_clock_was_set_back_is_not_silent() -> None:
    present = datetime(2026, 11, 27, 12, tzinfo=UTC)
    with time_machine.travel(present, tick=False):
        beat = Told()
    often = beat.at(present + A_WHILE)
    with time_machine.travel(present + A_WHILE, tick=False):
        beat.sync()
    earlier = present - TEN_MINUTES
    with time_machine.travel(earlier, tick=False):
        beat = Told()
    beat.at(earlier)
    assert {*often} <= {*beat.at(earlier + A_WHILE)}


def test_the_timetable_is_not_looked_up_with_every_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    present = datetime(2026, 11, 27, 12, tzinfo=UTC)
    monkeypatch.setattr("config.beat_schedule.LOOK_SECONDS", 3600.0)
    with time_machine.travel(present, tick=False):
        beat = Told()
    beat.at(present)
    beat.at(present + A_WHILE)
    with CaptureQueriesContext(connection) as asked:
        assert beat.at(present + 2 * A_WHILE)
    assert len(asked) == 0
    PeriodicTask.objects.filter(name="sweep").update(enabled=False)
    PeriodicTasks.update_changed()
    assert "sweep" in beat.at(present + 3 * A_WHILE)
    # A second later.
    monkeypatch.setattr("config.beat_schedule.LOOK_SECONDS", 0.0)
    assert "sweep" not in beat.at(present + 4 * A_WHILE)
