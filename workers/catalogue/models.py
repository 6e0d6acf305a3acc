"""What a seller sells, what it sold, and which prices were changed on whose decision."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import ApiKey, Job, Tenant

MARKETPLACE = RegexValidator(r"\A[a-z0-9_]{1,32}\Z", "Use a-z, 0-9 and '_', as in amazon_us.")
CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", "Use an ISO 4217 code, as in USD.")
DEFAULT_CURRENCY = "USD"

LONGEST_SKU = 100
LONGEST_TITLE = 1000
LONGEST_LABEL = 200
# Every amount has at most so many digits, and so many of them after the point.
MONEY_DIGITS = 14
MONEY_DECIMALS = 4

_NOT_NEGATIVE = MinValueValidator(Decimal(0))
_POSITIVE = MinValueValidator(Decimal("0.0001"))


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # not subscriptable at run time
    """An amount in major units of the product's currency."""

    def __init__(self, verbose_name: str | None = None, **options: Any) -> None:
        super().__init__(verbose_name, **{"max_digits": MONEY_DIGITS, "decimal_places": MONEY_DECIMALS, **options})

    def deconstruct(self) -> Any:
        """To migrations it is the plain field, so that they need nothing of this module."""
        name, _, positional, named = super().deconstruct()
        return name, "django.db.models.DecimalField", positional, named


class ProductQuerySet(models.QuerySet["Product"]):
    def of(self, tenant_id: int) -> "ProductQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class Product(models.Model):
    """An offer of a tenant on a marketplace. `importing` keeps its rules; nothing else adds products."""

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
    price = MoneyField(validators=[_POSITIVE])
    cost = MoneyField(null=True, blank=True, validators=[_NOT_NEGATIVE], help_text="Of one unit, to the seller.")
    min_price = MoneyField(null=True, blank=True, validators=[_POSITIVE])
    max_price = MoneyField(null=True, blank=True, validators=[_POSITIVE])
    map_price = MoneyField(
        "MAP", null=True, blank=True, validators=[_POSITIVE], help_text="The lowest price that may be advertised."
    )
    stock = models.PositiveIntegerField(null=True, blank=True, help_text="Units on hand.")
    created_at = models.DateTimeField(default=now, db_default=Now(), editable=False)
    updated_at = models.DateTimeField(default=now, db_default=Now(), editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        constraints = [
            # Also the order of every list.
            models.UniqueConstraint(fields=["tenant", "marketplace", "sku"], name="product_tenant_marketplace_sku"),
            models.CheckConstraint(condition=Q(price__gt=0), name="product_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.marketplace} {self.sku}"

    def clean(self) -> None:
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise ValidationError({"min_price": "The minimum is above the maximum."})


class SaleQuerySet(models.QuerySet["Sale"]):
    def of(self, tenant_id: int) -> "SaleQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(product__tenant_id=tenant_id)


class Sale(models.Model):
    """What one product sold in one period: a day or, when the dates are a week apart, a week.

    The columns are ordered so that none needs padding: a tenant has millions of rows.
    """

    product = models.ForeignKey(Product, models.CASCADE, related_name="sales", db_index=False)
    date = models.DateField()
    # The share of the period under promotion: 0 or 1 of a day, anything between of a week.
    promoted = models.FloatField(default=0.0, db_default=0.0)
    # Weekly figures may be averages of several shops, so not always whole.
    units = models.FloatField()
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

    def __str__(self) -> str:
        return f"{self.product_id} {self.date}"


class PriceChangeStatus(TextChoices):
    # In our own database, in the transaction that decided it.
    APPLIED = "applied"


class PriceChangeQuerySet(models.QuerySet["PriceChange"]):
    def of(self, tenant_id: int) -> "PriceChangeQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class PriceChange(models.Model):
    """The audit of one changed price. A job changes a product's price at most once."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="price_changes", db_index=False)
    # No constraint: the audit outlives the pruned job.
    job = models.ForeignKey(
        Job, models.DO_NOTHING, null=True, related_name="price_changes", db_constraint=False, db_index=False
    )
    before = MoneyField()
    after = MoneyField()
    reason = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=PriceChangeStatus.choices, default=PriceChangeStatus.APPLIED)
    applied_by = models.ForeignKey(
        ApiKey,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who applied it after a look; empty when the job itself did.",
    )
    created_at = models.DateTimeField(default=now, editable=False)

    objects = PriceChangeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "product"], name="pricechange_job_product")]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="pricechange_tenant_id"),
            models.Index(fields=["product", "-id"], name="pricechange_product_id"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.before} → {self.after}"

    @property
    def public_job_id(self) -> str | None:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id) if self.job_id else None
