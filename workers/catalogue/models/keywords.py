"""What shoppers search for."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue.models.fields import LONGEST_LABEL, LONGEST_SKU
from workers.catalogue.models.products import Product


class KeywordQuerySet(models.QuerySet["Keyword"]):
    def of(self, tenant_id: int) -> "KeywordQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Keyword(models.Model):
    """Words that shoppers search a marketplace for, and how often: of one product, or of the whole marketplace."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    marketplace = models.CharField(max_length=32)
    # The product's, which never changes; empty where the keyword is the marketplace's. It is in the key in place of
    # the product, as PostgreSQL finds no null by an index of several columns.
    sku = models.CharField("SKU", max_length=LONGEST_SKU, blank=True, default="", db_default="")
    # In lower case.
    keyword = models.CharField(max_length=LONGEST_LABEL)
    product = models.ForeignKey(Product, models.CASCADE, related_name="keywords", null=True, db_index=False)
    # Searches in a month; null where the source does not say.
    volume = models.PositiveIntegerField(null=True)
    imported_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    objects = KeywordQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also the order of every list.
            models.UniqueConstraint(
                fields=["tenant", "marketplace", "sku", "keyword"], name="keyword_marketplace_sku"
            ),
            models.CheckConstraint(
                condition=Q(sku="", product__isnull=True) | (~Q(sku="") & Q(product__isnull=False)),
                name="keyword_sku_has_product",
            ),
        ]
        indexes = [
            # A removal looks for what belongs to a product.
            models.Index(fields=["product"], condition=Q(product__isnull=False), name="keyword_product"),
            # The marketplace's, those first that are searched for most.
            models.Index(
                "tenant",
                "marketplace",
                F("volume").desc(nulls_last=True),
                "keyword",
                condition=Q(sku=""),
                name="keyword_volume",
            ),
        ]

    def __str__(self) -> str:
        return self.keyword
