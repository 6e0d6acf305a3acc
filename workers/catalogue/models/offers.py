"""What competitors ask for the same."""

from decimal import Decimal

from django.db import models
from django.db.models import Q

from aijobs.models import Tenant
from workers.catalogue.models.fields import LONGEST_FULFILMENT, LONGEST_LABEL, LONGEST_URL, MoneyField
from workers.catalogue.models.products import Product


class OfferQuerySet(models.QuerySet["Offer"]):
    def of(self, tenant_id: int) -> "OfferQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Offer(models.Model):
    """What a competitor asked for a product at a moment: a history, to which imports and scans add."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="offers", db_index=False)
    # The product's, which never change: a page of a tenant's, or of a marketplace's, rows is one stretch of an index.
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    fetched_at = models.DateTimeField()
    marketplace = models.CharField(max_length=32)
    seller = models.CharField(max_length=LONGEST_LABEL)
    condition = models.CharField(max_length=16, default="new", db_default="new")
    # Who ships, in the marketplace's own word.
    fulfilment = models.CharField(max_length=LONGEST_FULFILMENT, blank=True, default="", db_default="")
    price = MoneyField()
    shipping = MoneyField(default=Decimal(0), db_default=Decimal(0))
    # What the points are worth that the buyer gets.
    points = MoneyField(default=Decimal(0), db_default=Decimal(0))
    currency = models.CharField(max_length=3)
    is_buy_box = models.BooleanField(default=False, db_default=False)
    # One of AVAILABILITIES; empty where the source says nothing of it.
    availability = models.CharField(max_length=20, blank=True, default="", db_default="")
    # Null where the source does not say.
    tax_included = models.BooleanField(null=True)
    # In what form a page had it, such as json-ld; empty where it is not of a page.
    source = models.CharField(max_length=10, blank=True, default="", db_default="")
    url = models.CharField(max_length=LONGEST_URL, blank=True, default="", db_default="")

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            # A product's newest offers are the end of this index.
            models.UniqueConstraint(
                fields=["product", "fetched_at", "seller", "condition", "fulfilment"],
                name="offer_product_moment_seller",
            ),
            models.CheckConstraint(condition=Q(price__gt=0, shipping__gte=0, points__gte=0), name="offer_in_range"),
        ]
        indexes = [
            # What is kept no longer, tenant by tenant.
            models.Index(fields=["tenant", "fetched_at"], name="offer_fetched_at"),
            models.Index(fields=["tenant", "marketplace", "product", "-fetched_at", "-id"], name="offer_page"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.seller}: {self.price}"
