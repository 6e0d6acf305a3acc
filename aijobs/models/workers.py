"""The processes that run jobs, write changes, sweep, keep the clock and stream events, as they say of themselves."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.timezone import now

# After so long without a sign, a process is taken for gone: four missed renewals, see workers/presence.py.
SILENT_SECONDS = 20.0
# What the names of events processes begin with.
EVENTS_PREFIX = "events@"


class Worker(models.Model):
    """One process with its pool. It renews its row every few seconds, and takes it away when it stops in order."""

    # As in `Job.worker`.
    id = models.CharField(primary_key=True, max_length=200)
    # What it is called: worker@host, control@host; beat and the events process have no such name, and are beat@host
    # and events@host.
    name = models.CharField(max_length=200)
    host = models.CharField(max_length=200)
    # Which messages it takes, in order. Beat and the events process take none.
    queues = ArrayField(models.CharField(max_length=100), default=list)
    # How many messages at a time.
    places = models.PositiveSmallIntegerField()
    # Of the service, and a digest of its code: two workers with the same one run the same code.
    version = models.CharField(max_length=50)
    started_at = models.DateTimeField(default=now)
    seen_at = models.DateTimeField(default=now)
    # Of a job, by any process of its pool.
    last_claim_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
