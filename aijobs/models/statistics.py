"""What the sweeper measures."""

from django.db import models


class QueueStatistics(models.Model):
    """One row, written by the sweeper every two seconds and cached by readers for one: dispatch never counts."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    refreshed_at = models.DateTimeField()
    # Jobs queued or running, of all tenants.
    active = models.PositiveIntegerField()
    # Jobs queued per lane: {"0": 12, "1": 3, "2": 0}.
    depths = models.JSONField()
    # Since when the oldest due job waits, per lane that has one: {"1": "2026-03-12T10:30:00Z"}. Those of suspended
    # tenants do not count.
    oldest_due = models.JSONField(default=dict)
    # Jobs completed or failed per second in this minute and the one before.
    drain_rate = models.FloatField()
    # Median seconds of the last completed runs per type, where there are any.
    medians = models.JSONField()
    # What forecasts rest on, as engine/workload.py has it.
    workload = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = "queue statistics"

    def __str__(self) -> str:
        return f"{self.active} active"
