"""What a seller sells."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now, Upper
from django.utils.timezone import now

from aijobs.models import Tenant
from workers.catalogue import currencies
from workers.catalogue.models.fields import (
    CURRENCY,
    DEFAULT_CURRENCY,
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    MARKETPLACE,
    NOT_NEGATIVE,
    POSITIVE,
    MoneyField,
    validate_urls,
)


class ProductQuerySet(models.QuerySet["Product"]):
    def of(self, tenant_id: int) -> "ProductQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Product(models.Model):
    """An offer of a tenant on a marketplace. `kinds.products` keeps its rules for imports."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="products", db_index=False)
    marketplace = models.CharField(max_length=32, validators=[MARKETPLACE])
    sku = models.CharField("SKU", max_length=LONGEST_SKU)
    title = models.CharField(max_length=LONGEST_TITLE)
    # Imports leave out what a file does not have: the database fills it in.
    brand = models.CharField(max_length=LONGEST_LABEL, blank=True, default="", db_default="")
    category = models.CharField(max_length=LONGEST_LABEL, blank=True, default="", db_default="")
    currency = models.CharField(
        max_length=3, default=DEFAULT_CURRENCY, db_default=DEFAULT_CURRENCY, validators=[CURRENCY]
    )
    price = MoneyField(validators=[POSITIVE])
    cost = MoneyField(null=True, blank=True, validators=[NOT_NEGATIVE], help_text="What one unit costs the seller.")
    min_price = MoneyField(null=True, blank=True, validators=[POSITIVE])
    max_price = MoneyField(null=True, blank=True, validators=[POSITIVE])
    map_price = MoneyField(
        "MAP", null=True, blank=True, validators=[POSITIVE], help_text="The lowest price that may be advertised."
    )
    stock = models.PositiveIntegerField(null=True, blank=True, help_text="How many units are on hand.")
    external_id = models.CharField(
        "external ID",
        max_length=LONGEST_LABEL,
        blank=True,
        default="",
        db_default="",
        help_text="The marketplace's own ID of the product, such as an ASIN.",
    )
    competitor_urls = models.TextField(
        "competitor URLs",
        blank=True,
        default="",
        db_default="",
        validators=[validate_urls],
        help_text="The addresses of competitors' pages of the same product, separated by spaces.",
    )
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    # When a pricing job was last done with it, whatever came of that.
    priced_at = models.DateTimeField(null=True, editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also the order of every list.
            models.UniqueConstraint(fields=["tenant", "marketplace", "sku"], name="product_tenant_marketplace_sku"),
            models.CheckConstraint(condition=Q(price__gt=0), name="product_price_positive"),
        ]
        indexes = [
            models.Index(
                "tenant", "marketplace", F("priced_at").asc(nulls_first=True), "id", name="product_longest_not_priced"
            ),
            # Reviews name a product by it.
            models.Index(
                fields=["tenant", "marketplace", "external_id"],
                condition=~Q(external_id=""),
                name="product_external_id",
            ),
            # Jobs ask for a brand's, in whatever case of letters, and for the first of them by SKU.
            models.Index(
                "tenant", "marketplace", Upper("brand"), "sku", condition=~Q(brand=""), name="product_brand"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.sku}"

    def clean(self) -> None:
        for name in ("price", "cost", "min_price", "max_price", "map_price"):
            amount = getattr(self, name)
            if amount is not None and not currencies.fits(amount, self.currency):
                raise ValidationError({name: f"This has more decimals than {self.currency} allows."})
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise ValidationError({"min_price": "The minimum price must not be above the maximum price."})
