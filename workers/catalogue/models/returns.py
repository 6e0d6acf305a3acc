"""What customers sent back."""

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from aijobs.models import Tenant
from workers.catalogue.models.fields import LONGEST_LABEL, LONGEST_PSEUDONYM, LONGEST_REASON, LONGEST_VERSION
from workers.catalogue.models.products import Product


class ReturnQuerySet(models.QuerySet["Return"]):
    def of(self, tenant_id: int) -> "ReturnQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Return(models.Model):
    """Units of a product that a customer sent back, and what a classification has made of why.

    An import that changes what was classified (reason code, comment) makes it new again.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="returns", db_index=False)
    # The product's, which never change: a page of a tenant's, or of a marketplace's, rows is one stretch of an index.
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    marketplace = models.CharField(max_length=32)
    return_id = models.CharField("return ID", max_length=LONGEST_LABEL)
    # Keyed hashes (see workers.catalogue.pseudonyms); empty where the source does not say. Few exports have a buyer.
    order = models.CharField(max_length=LONGEST_PSEUDONYM, blank=True, default="", db_default="")
    buyer = models.CharField(max_length=LONGEST_PSEUDONYM, blank=True, default="", db_default="")
    # The day on which it came back or was asked for, as the source counts.
    date = models.DateField()
    quantity = models.PositiveIntegerField(default=1, db_default=1, validators=[MinValueValidator(1)])
    # The marketplace's own word.
    reason_code = models.CharField(max_length=LONGEST_LABEL, blank=True, default="", db_default="")
    comment = models.TextField(blank=True, default="", db_default="")
    # What state it came back in, in the marketplace's own word.
    disposition = models.CharField(max_length=LONGEST_LABEL, blank=True, default="", db_default="")

    # Ours; empty while it is not classified.
    reason = models.CharField(max_length=LONGEST_REASON, blank=True, default="", db_default="")
    # How probable the reason is, from 0 to 1.
    confidence = models.FloatField(null=True)
    # The rest of what the classification says.
    classification = models.JSONField(default=dict, db_default={})
    # The version of the classifier; empty while the return is new.
    classified_with = models.CharField(max_length=LONGEST_VERSION, blank=True, default="", db_default="")
    classified_at = models.DateTimeField(null=True)

    objects = ReturnQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "return_id"], name="return_product_return_id"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="return_quantity_positive"),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=1),
                name="return_confidence_in_range",
            ),
        ]
        indexes = [
            # Also the days of a product.
            models.Index(fields=["tenant", "marketplace", "product", "-date", "-id"], name="return_page"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.return_id}"
