"""How many jobs ended when and how, and how long they waited and ran: counted once, by engine/rollups.py."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from aijobs.models.events import TransactionIdField
from aijobs.models.tenants import Tenant
from aijobs.states import TERMINAL, Priority, Status

# Upper bounds of the buckets in seconds, from 10 ms to 5.8 hours, each √2 times the one before. A time falls into the
# first bucket whose bound is larger; into one more, the last, where none is. A percentile read from them lies in the
# same bucket as the true one, so it is off by a factor of √2 (41 %) at the very worst, and by a few percent where the
# times of many jobs are spread over their bucket.
BUCKET_BOUNDS: tuple[float, ...] = tuple(0.01 * 2 ** (number / 2) for number in range(43))
BUCKETS = len(BUCKET_BOUNDS) + 1


class Rollup(models.Model):
    """The jobs of a type and lane that ended alike within a minute or an hour.

    `waiting` and `running` count those that a worker had taken: how long the last attempt waited since it was due and
    unblocked (`run_after`), and how long it ran. A cancelled job has neither.
    """

    # The beginning of the minute or hour, in UTC.
    start = models.DateTimeField()
    type = models.CharField(max_length=64)
    lane = models.SmallIntegerField(choices=Priority.choices)
    end = models.CharField(max_length=16, choices=[(each.value, each.label) for each in Status if each in TERMINAL])
    # Of a cancelled job the reason; "" where there is none.
    error_code = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    # Jobs per bucket, see BUCKET_BOUNDS.
    waiting = ArrayField(models.IntegerField())
    running = ArrayField(models.IntegerField())
    waiting_seconds = models.FloatField()
    running_seconds = models.FloatField()

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(fields=["start", "type", "lane", "end", "error_code"], name="%(class)s_key")
        ]
        # A type's last runs, for its median.
        indexes = [models.Index(fields=["type", "-start"], name="%(class)s_runs", condition=Q(end=Status.COMPLETED))]

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} {self.type} {self.end} {self.error_code}: {self.count}"


class MinuteRollup(Rollup):
    """Kept for days."""


class HourRollup(Rollup):
    """Kept for months. The present hour is among them, and grows."""


class TotalRollup(Rollup):
    """Kept for ever: all since the beginning, for counters that may never fall. `start` is the epoch."""


class DayUsage(models.Model):
    """What the jobs of a tenant and type that ended alike on a day, in UTC, have used. Kept for months."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()
    type = models.CharField(max_length=64)
    end = models.CharField(max_length=16, choices=[(each.value, each.label) for each in Status if each in TERMINAL])
    count = models.PositiveIntegerField()
    running_seconds = models.FloatField()
    # In US dollars, of completed jobs of a type that costs.
    cost = models.DecimalField(max_digits=20, decimal_places=8)

    class Meta:
        verbose_name = "usage of a day"
        verbose_name_plural = "usage by day"
        constraints = [models.UniqueConstraint(fields=["tenant", "day", "type", "end"], name="dayusage_key")]
        # For deletion by age.
        indexes = [models.Index(fields=["day"], name="dayusage_day")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.type} {self.end}: {self.count}"


class RollupCursor(models.Model):
    """One row: what is counted. That is every transaction below `below` but those that were `open` then."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    below = TransactionIdField()
    open = ArrayField(TransactionIdField())
    # After a restore into another cluster, whose transactions are numbered from a lower number: what happened before
    # is in the rollup already.
    since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"below {self.below}"
