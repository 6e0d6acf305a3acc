"""What competitors' pages say."""

from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import MD5, Now
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue.models.fields import (
    LONGEST_CATEGORY,
    LONGEST_LABEL,
    LONGEST_TITLE,
    LONGEST_URL,
)
from workers.catalogue.models.products import Product


class CompetitorListingQuerySet(models.QuerySet["CompetitorListing"]):
    def of(self, tenant_id: int) -> "CompetitorListingQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)

    def in_category(self, category: str) -> "CompetitorListingQuerySet":
        """Those that are said of no product. By the index of their categories."""
        hashed = self.alias(category_hash=MD5("category")).filter(category_hash=MD5(Value(category)))
        return hashed.filter(product=None, category=category)


class CompetitorListing(models.Model):
    """The texts with which somebody else offers a product of theirs on a marketplace."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    marketplace = models.CharField(max_length=32)
    # The marketplace's own ID, such as an ASIN, or the page's address.
    external_id = models.CharField("external ID", max_length=LONGEST_LABEL)
    # The seller's own product that it competes with, and with which it goes; null where that is not said.
    product = models.ForeignKey(
        Product, models.CASCADE, related_name="competitor_listings", null=True, db_index=False
    )
    brand = models.CharField(max_length=LONGEST_LABEL, blank=True, default="", db_default="")
    title = models.CharField(max_length=LONGEST_TITLE)
    # Texts, in their order.
    bullets = models.JSONField(default=list, db_default=[])
    # As it was sent, HTML included.
    description = models.TextField(blank=True, default="", db_default="")
    category = models.CharField(max_length=LONGEST_CATEGORY, blank=True, default="", db_default="")
    # Texts by their names, such as {"Material": "steel"}.
    attributes = models.JSONField(default=dict, db_default={})
    url = models.CharField("URL", max_length=LONGEST_URL, blank=True, default="", db_default="")
    imported_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    objects = CompetitorListingQuerySet.as_manager()

    class Meta:
        verbose_name = "competitor's listing"
        verbose_name_plural = "competitors' listings"
        constraints = [
            # Also the order of the list of all.
            models.UniqueConstraint(
                fields=["tenant", "marketplace", "external_id"], name="competitor_listing_marketplace_id"
            ),
        ]
        indexes = [
            # A product's, in that order.
            models.Index(fields=["tenant", "marketplace", "product", "external_id"], name="competitor_listing_page"),
            # A removal looks for what belongs to a product. In order, too, or else PostgreSQL would sort for a page.
            models.Index(
                fields=["product", "external_id"],
                condition=Q(product__isnull=False),
                name="competitor_listing_product",
            ),
            # The first of a category. By its hash: 500 letters of four bytes are too long for an index.
            models.Index(
                "tenant",
                "marketplace",
                MD5("category"),
                "external_id",
                condition=Q(product__isnull=True),
                name="competitor_listing_category",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.external_id}"
