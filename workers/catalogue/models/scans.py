"""What a job saw of a product's offers."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from aijobs.models import Job
from workers.catalogue.models.fields import LONGEST_LABEL, MoneyField
from workers.catalogue.models.products import Product


class Scan(models.Model):
    """What a job saw of a product's offers: what the next scan compares with, and how prices moved."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="scans", db_index=False)
    # No constraint: the history outlives the pruned job.
    job = models.ForeignKey(Job, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    scanned_at = models.DateTimeField()
    # What was asked for, in alphabetical order: it says nothing about offers of another condition.
    conditions = ArrayField(models.CharField(max_length=16))
    # Whether the marketplace was asked: its answer was complete, and whoever is not in it has left.
    fetched = models.BooleanField()
    sellers = ArrayField(models.CharField(max_length=LONGEST_LABEL))
    lowest_landed = MoneyField(null=True)
    buy_box_price = MoneyField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["product", "job"], name="scan_product_job")]
        indexes = [
            models.Index(fields=["product", "-scanned_at"], name="scan_product_scanned_at"),
            BrinIndex(fields=["scanned_at"], name="scan_scanned_at"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.scanned_at}"
