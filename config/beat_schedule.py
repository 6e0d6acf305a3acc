"""The timetable of Celery beat, which goes on when the clock is set back."""

import time
from datetime import datetime
from typing import Any

from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

# What staff change of the timetable may take so long to be seen.
LOOK_SECONDS = 1.0


class Entry(ModelEntry):  # type: ignore[misc]  # has no types
    """A task whose last run is never in the future."""

    last_run_at: datetime

    def is_due(self) -> Any:
        self.last_run_at = min(self.last_run_at, self._default_now())
        return super().is_due()


class Scheduler(DatabaseScheduler):  # type: ignore[misc]  # has no types
    """django-celery-beat's, which would send nothing until a clock that was set back has caught up.

    The sweeper, schedules and everything else that beat sends would be silent for as long as that takes.
    """

    Entry = Entry
    _ticked_at = 0.0
    _looked_at = float("-inf")

    def schedule_changed(self) -> bool:
        """Looked up once a second: beat asks with each tick, of which there are twenty a second."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS:
            return False
        self._looked_at = time.monotonic()
        return bool(super().schedule_changed())

    def tick(self, *arguments: Any, **named: Any) -> Any:
        """Where the clock is earlier than at the last look, when each task is next due is found out again."""
        present = time.time()
        if present < self._ticked_at:
            self._heap = None
        self._ticked_at = present
        return super().tick(*arguments, **named)
