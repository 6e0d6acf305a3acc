"""What customers wrote about it."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue.models.fields import (
    LONGEST_LABEL,
    LONGEST_LANGUAGE,
    LONGEST_PSEUDONYM,
    LONGEST_TITLE,
    LONGEST_VERSION,
)
from workers.catalogue.models.products import Product

# What a review says on the whole; empty while it is not analysed, and where it cannot be told.
LABELS = ("negative", "neutral", "positive")


class ReviewQuerySet(models.QuerySet["Review"]):
    def of(self, tenant_id: int) -> "ReviewQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Review(models.Model):
    """A customer's review of a product, and what an analysis has found in it.

    An import that changes what was analysed (title, body, rating, language) makes it new again.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews", db_index=False)
    # The product's, which never change: a page of a tenant's, or of a marketplace's, rows is one stretch of an index.
    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    marketplace = models.CharField(max_length=32)
    external_id = models.CharField("external ID", max_length=LONGEST_LABEL)
    # Stars, 1 to 5; null where the customer gave none.
    rating = models.PositiveSmallIntegerField(null=True, validators=[MinValueValidator(1), MaxValueValidator(5)])
    title = models.CharField(max_length=LONGEST_TITLE, blank=True, default="", db_default="")
    # As it was sent, HTML included: spans of the analysis are of this text.
    body = models.TextField()
    # A keyed hash of who wrote it (see workers.catalogue.pseudonyms); empty where the source does not say.
    author = models.CharField(max_length=LONGEST_PSEUDONYM, blank=True, default="", db_default="")
    # Whether the marketplace knows that the author bought it; null where the source does not say.
    verified = models.BooleanField(null=True)
    # As the source says it, such as en or de-AT; empty where it does not.
    language = models.CharField(max_length=LONGEST_LANGUAGE, blank=True, default="", db_default="")
    # When it was written; null where the source does not say.
    created_at = models.DateTimeField(null=True)
    imported_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    label = models.CharField(max_length=8, blank=True, default="", db_default="")
    # From -1, as negative as can be, to 1.
    score = models.FloatField(null=True)
    # How probable the label is, from 0 to 1.
    confidence = models.FloatField(null=True)
    # What the analysis took the language for; und where it could not tell.
    detected_language = models.CharField(max_length=LONGEST_LANGUAGE, blank=True, default="", db_default="")
    aspects = models.JSONField(default=list, db_default=[])
    flags = models.JSONField(default=list, db_default=[])
    # The version of the model; empty while the review is new.
    analysed_with = models.CharField(max_length=LONGEST_VERSION, blank=True, default="", db_default="")
    analysed_at = models.DateTimeField(null=True)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "external_id"], name="review_product_external_id"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_1_to_5"),
            models.CheckConstraint(condition=Q(label__in=["", *LABELS]), name="review_label_known"),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__gte=-1, score__lte=1), name="review_score_in_range"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True) | Q(confidence__gte=0, confidence__lte=1),
                name="review_confidence_in_range",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "marketplace", "product", "-id"], name="review_page"),
            models.Index(fields=["product", "created_at"], name="review_product_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.external_id}"
