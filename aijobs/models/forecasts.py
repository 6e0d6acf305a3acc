"""Forecasts that were made of some jobs, to be held against what came."""

from django.db import models


class Forecast(models.Model):
    """When a job would be done, by the model alone; the sweeper makes a few in each round, and keeps the last ones.

    No reference to the job, which may be pruned before.
    """

    job_id = models.UUIDField(primary_key=True)
    made_at = models.DateTimeField()
    median_at = models.DateTimeField()
    p90_at = models.DateTimeField()
    # What was published: the p90 as the last forecasts correct it.
    promised_at = models.DateTimeField()
    # As soon as it is known.
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.median_at:%H:%M:%S} to {self.p90_at:%H:%M:%S}"
