"""What it sold."""

from django.db import models
from django.db.models import Q

from aijobs.models import Tenant
from workers.catalogue.models.fields import MoneyField
from workers.catalogue.models.products import Product


class SaleQuerySet(models.QuerySet["Sale"]):
    def of(self, tenant_id: int) -> "SaleQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Sale(models.Model):
    """What one product sold in one period: a day or, when the dates are a week apart, a week.

    The columns are ordered so that none needs padding, in the migration too: a tenant has millions of rows.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="sales", db_index=False)
    # The product's, which never change: a page of a tenant's, or of a marketplace's, rows is one stretch of an index.
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    # The share of the period under promotion: 0 or 1 of a day, anything between of a week.
    promoted = models.FloatField(default=0.0, db_default=0.0)
    # Weekly figures may be averages of several shops, so not always whole.
    units = models.FloatField()
    date = models.DateField()
    marketplace = models.CharField(max_length=32)
    # Charged on average, before it is anybody's cent: hence no currency's own decimals.
    price = MoneyField()

    objects = SaleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "date"], name="sale_product_date"),
            models.CheckConstraint(
                condition=Q(price__gt=0, units__gte=0, promoted__gte=0, promoted__lte=1), name="sale_in_range"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "marketplace", "product", "-date"], name="sale_page")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.date}"
