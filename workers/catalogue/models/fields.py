"""What the columns of several tables have in common: lengths, forms, money."""

import re
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models

# Of a marketplace's name, without anchors: Python, PostgreSQL and JSON Schema write those differently.
MARKETPLACE_PATTERN = "[a-z0-9_]{1,32}"
MARKETPLACE = RegexValidator(rf"\A{MARKETPLACE_PATTERN}\Z", "Use a-z, 0-9 and '_', for example amazon_us.")
CURRENCY = RegexValidator(r"\A[A-Z]{3}\Z", "Use an ISO 4217 code, for example USD.")
DEFAULT_CURRENCY = "USD"

# Of an offer. What a marketplace grades more finely (used: like new) counts as the one.
CONDITIONS = ("new", "used", "refurbished", "collectible")

# Of an offer, in schema.org's words; an offer whose source says nothing of it has none of them.
AVAILABILITIES = (
    "InStock", "LimitedAvailability", "OnlineOnly", "MadeToOrder",
    "InStoreOnly", "OutOfStock", "SoldOut", "Discontinued", "PreOrder", "PreSale", "BackOrder", "Reserved",
)  # fmt: skip
# With these, anybody can order it now, and gets it: what competitors ask otherwise is nothing to follow.
TO_BE_HAD = frozenset(["", *AVAILABILITIES[:4]])

LONGEST_SKU = 100
LONGEST_TITLE = 1000
LONGEST_LABEL = 200
# A path of categories, such as Home & Kitchen > Bottles.
LONGEST_CATEGORY = 500
LONGEST_FULFILMENT = 32
LONGEST_URL = 2000
# A tag of BCP 47.
LONGEST_LANGUAGE = 35
# Of a name or an order id, in hexadecimal digits.
LONGEST_PSEUDONYM = 32
LONGEST_REASON = 32
# Of the model that has looked at a row.
LONGEST_VERSION = 64
# Every amount has at most so many digits, and so many of them after the point.
MONEY_DIGITS = 14
MONEY_DECIMALS = 4

MOST_COMPETITOR_URLS = 20
_URL = re.compile(r"https?://[^\s\x00-\x1f\x7f]+")
_WITH_USER = re.compile(r"https?://[^/?#]*@")


def validate_url(url: str) -> None:
    """Its form only: whether its host may be called is the HTTP client's matter."""
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        raise ValidationError(f"must be an http or https URL of at most {LONGEST_URL} characters")
    if _WITH_USER.match(url):
        raise ValidationError("must not have a user name or password")


def validate_urls(text: str) -> None:
    urls = text.split()
    if len(urls) > MOST_COMPETITOR_URLS:
        raise ValidationError(f"must have at most {MOST_COMPETITOR_URLS} URLs")
    for url in urls:
        validate_url(url)


NOT_NEGATIVE = MinValueValidator(Decimal(0))
POSITIVE = MinValueValidator(Decimal("0.0001"))


class MoneyField(models.DecimalField):  # type: ignore[type-arg]  # not subscriptable at run time
    """An amount in major units of the product's currency."""

    def __init__(self, verbose_name: str | None = None, **options: Any) -> None:
        super().__init__(verbose_name, **{"max_digits": MONEY_DIGITS, "decimal_places": MONEY_DECIMALS, **options})

    def deconstruct(self) -> Any:
        """To migrations it is the plain field, so that they need nothing of this module."""
        name, _, positional, named = super().deconstruct()
        return name, "django.db.models.DecimalField", positional, named
