"""What a seller sells, what it sold, and which prices were changed on whose decision."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q, TextChoices
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import ApiKey, Job, Tenant

MARKETPLACE = RegexValidator(r"\A[a-z0-9_]{1,32}\Z", "Use a-z, 0-9 and '_', as in amazon_us.")
CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", "Use an ISO 4217 code, as in USD.")
DEFAULT_CURRENCY = "USD"

# Of an offer. What a marketplace grades more finely (used: like new) counts as the one.
CONDITIONS = ("new", "used", "refurbished", "collectible")

LONGEST_SKU = 100
LONGEST_TITLE = 1000
LONGEST_LABEL = 200
LONGEST_FULFILMENT = 32
LONGEST_URL = 2000
# Every amount has at most so many digits, and so many of them after the point.
MONEY_DIGITS = 14
MONEY_DECIMALS = 4

MOST_COMPETITOR_URLS = 20
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")


def validate_url(url: str) -> None:
    """Its form only: whether its host may be called is the HTTP client's matter."""
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        raise ValidationError(f"must be an http or https URL of at most {LONGEST_URL} characters")


def validate_urls(text: str) -> None:
    urls = text.split()
    if len(urls) > MOST_COMPETITOR_URLS:
        raise ValidationError(f"must be at most {MOST_COMPETITOR_URLS} URLs")
    for url in urls:
        validate_url(url)


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
    external_id = models.CharField(
        "external id",
        max_length=LONGEST_LABEL,
        blank=True,
        default="",
        db_default="",
        help_text="The marketplace's own name of it, such as an ASIN.",
    )
    competitor_urls = models.TextField(
        "competitor URLs",
        blank=True,
        default="",
        db_default="",
        validators=[validate_urls],
        help_text="Competitors' pages of the same product, separated by spaces.",
    )
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


class OfferQuerySet(models.QuerySet["Offer"]):
    def of(self, tenant_id: int) -> "OfferQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(product__tenant_id=tenant_id)


class Offer(models.Model):
    """What a competitor asked for a product at a moment: a history, to which imports and scans add."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="offers", db_index=False)
    seller = models.CharField(max_length=LONGEST_LABEL)
    condition = models.CharField(max_length=16, default="new", db_default="new")
    # Who ships, in the marketplace's own word.
    fulfilment = models.CharField(max_length=LONGEST_FULFILMENT, blank=True, default="", db_default="")
    fetched_at = models.DateTimeField()
    price = MoneyField()
    shipping = MoneyField(default=Decimal(0), db_default=Decimal(0))
    currency = models.CharField(max_length=3)
    is_buy_box = models.BooleanField(default=False, db_default=False)
    url = models.CharField(max_length=LONGEST_URL, blank=True, default="", db_default="")

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            # A product's newest offers are the end of this index.
            models.UniqueConstraint(
                fields=["product", "fetched_at", "seller", "condition", "fulfilment"],
                name="offer_product_moment_seller",
            ),
            models.CheckConstraint(condition=Q(price__gt=0, shipping__gte=0), name="offer_in_range"),
        ]
        indexes = [BrinIndex(fields=["fetched_at"], name="offer_fetched_at")]

    def __str__(self) -> str:
        return f"{self.product_id} {self.seller}: {self.price}"


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


class RepricingPolicy(models.Model):
    """What a seller allows all repricing to do; a tenant without a row has the defaults."""

    tenant = models.OneToOneField(Tenant, models.CASCADE, primary_key=True, related_name="repricing_policy")
    repricing_enabled = models.BooleanField(
        default=True, help_text="The kill switch: off, no price is changed, whatever is asked for."
    )
    max_changes_per_day = models.PositiveIntegerField(
        default=10, validators=[MinValueValidator(1)], help_text="Changes of one product within 24 hours."
    )
    cool_down_minutes = models.PositiveIntegerField(
        default=15, help_text="How long a product's price is left alone after a change."
    )
    min_margin_pct = models.FloatField(
        default=0.0,
        validators=[MinValueValidator(0.0), MaxValueValidator(99.0)],
        help_text="Least (price − cost) ÷ price in per cent, whatever a job asks for.",
    )
    outlier_factor = models.FloatField(
        default=3.0,
        validators=[MinValueValidator(1.1), MaxValueValidator(100.0)],
        help_text="A competitor's price that is off ours by more than this factor is suspicious, and not followed.",
    )

    class Meta:
        verbose_name_plural = "repricing policies"

    def __str__(self) -> str:
        return f"{self.tenant_id}"


class PriceChangeStatus(TextChoices):
    # Decided, nothing sent yet.
    PENDING = "pending"
    # In our own database in the transaction that decided it; or the marketplace has taken it.
    APPLIED = "applied"
    # Nothing was changed, and nothing will be.
    REJECTED = "rejected"
    # Sent, or about to be: only reading the price back can tell.
    UNKNOWN = "unknown"


OPEN = (PriceChangeStatus.PENDING, PriceChangeStatus.UNKNOWN)
# What was decided longer ago, and not yet sent, is not sent any more: the market has moved on.
EXPIRES_AFTER = timedelta(hours=1)


class PriceChangeQuerySet(models.QuerySet["PriceChange"]):
    def of(self, tenant_id: int) -> "PriceChangeQuerySet":
        """Only this tenant's: every read of the API starts here."""
        return self.filter(tenant_id=tenant_id)


class PriceChange(models.Model):
    """The audit of one decided price. A job changes a product's price at most once."""

    tenant = models.ForeignKey(Tenant, models.PROTECT, related_name="+", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="price_changes", db_index=False)
    # No constraint: the audit outlives the pruned job.
    job = models.ForeignKey(
        Job, models.DO_NOTHING, null=True, related_name="price_changes", db_constraint=False, db_index=False
    )
    reverts = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="reverted_by", db_index=False, help_text="The change undone."
    )
    before = MoneyField()
    after = MoneyField()
    reason = models.TextField(blank=True)
    status = models.CharField(max_length=16, choices=PriceChangeStatus.choices, default=PriceChangeStatus.APPLIED)
    detail = models.TextField(blank=True, help_text="Why it is not applied, or what the marketplace said.")
    applied_by = models.ForeignKey(
        ApiKey,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text="Who applied it after a look; empty when the job itself did.",
    )
    created_at = models.DateTimeField(default=now, editable=False)
    # How often a worker took it to write it over the network: the fence of what that worker then records.
    attempts = models.PositiveIntegerField(default=0, editable=False)
    # Until then another worker has it, or waits for the marketplace.
    not_before = models.DateTimeField(default=now, editable=False)

    objects = PriceChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["job", "product"], name="pricechange_job_product"),
            # One decision at a time is on its way to the marketplace.
            models.UniqueConstraint(fields=["product"], condition=Q(status__in=OPEN), name="pricechange_one_open"),
            models.UniqueConstraint(
                fields=["reverts"],
                condition=~Q(status=PriceChangeStatus.REJECTED),
                name="pricechange_reverted_once",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-id"], name="pricechange_tenant_id"),
            models.Index(fields=["product", "-id"], name="pricechange_product_id"),
            models.Index(fields=["not_before"], condition=Q(status__in=OPEN), name="pricechange_open"),
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.before} → {self.after}"

    @property
    def public_job_id(self) -> str | None:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id) if self.job_id else None


class PricingDecision(models.Model):
    """What a job decided before it wrote to a marketplace: a later attempt goes on with it, and computes nothing."""

    # No constraint: committed beside the job's row, not with it.
    job = models.OneToOneField(
        Job, models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False, db_index=False
    )
    result = models.JSONField()
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id)
