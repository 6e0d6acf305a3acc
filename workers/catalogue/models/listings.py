"""What a seller's page of a product says."""

from django.db import models
from django.db.models import F
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue.models.fields import LONGEST_CATEGORY, LONGEST_TITLE
from workers.catalogue.models.products import Product


class ListingQuerySet(models.QuerySet["Listing"]):
    def of(self, tenant_id: int) -> "ListingQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Listing(models.Model):
    """The texts with which a product is offered. Its brand is the product's.

    An import that changes one of them makes it new for the job that looks at listings.
    """

    product = models.OneToOneField(Product, models.CASCADE, related_name="listing")
    # The product's, which never change: a page of a tenant's, or of a marketplace's, rows is one stretch of an index.
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    marketplace = models.CharField(max_length=32)
    title = models.CharField(max_length=LONGEST_TITLE, blank=True, default="", db_default="")
    # Texts, in their order.
    bullets = models.JSONField(default=list, db_default=[])
    # As it was sent, HTML included.
    description = models.TextField(blank=True, default="", db_default="")
    # Words for the marketplace's search that shoppers do not see.
    search_terms = models.TextField(blank=True, default="", db_default="")
    # Texts by their names, such as {"Material": "steel"}.
    attributes = models.JSONField(default=dict, db_default={})
    # The marketplace's own, or a path of them.
    category = models.CharField(max_length=LONGEST_CATEGORY, blank=True, default="", db_default="")
    # How many there are; null where the source does not say.
    images = models.PositiveIntegerField(null=True)
    imported_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    # When a listing_optimize job last looked at it, as it is now; null while it is new.
    optimised_at = models.DateTimeField(null=True, editable=False)

    objects = ListingQuerySet.as_manager()

    class Meta:
        indexes = [
            # The other way round than the key of the product, which PostgreSQL would else walk for a page.
            models.Index("tenant", "marketplace", F("product").desc(nulls_last=True), name="listing_page"),
            models.Index(
                "tenant",
                "marketplace",
                F("optimised_at").asc(nulls_first=True),
                "id",
                name="listing_longest_not_optimised",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.title}"
