from workers.catalogue.models.fields import (
    AVAILABILITIES,
    CONDITIONS,
    CURRENCY,
    DEFAULT_CURRENCY,
    LONGEST_FULFILMENT,
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    LONGEST_URL,
    MARKETPLACE,
    MARKETPLACE_PATTERN,
    MONEY_DECIMALS,
    MONEY_DIGITS,
    MOST_COMPETITOR_URLS,
    TO_BE_HAD,
    MoneyField,
    validate_url,
    validate_urls,
)
from workers.catalogue.models.offers import Offer, OfferQuerySet
from workers.catalogue.models.products import Product, ProductQuerySet
from workers.catalogue.models.removals import Removal
from workers.catalogue.models.sales import Sale, SaleQuerySet
from workers.catalogue.models.scans import Scan

__all__ = [
    "AVAILABILITIES",
    "CONDITIONS",
    "CURRENCY",
    "DEFAULT_CURRENCY",
    "LONGEST_FULFILMENT",
    "LONGEST_LABEL",
    "LONGEST_SKU",
    "LONGEST_TITLE",
    "LONGEST_URL",
    "MARKETPLACE",
    "MARKETPLACE_PATTERN",
    "MONEY_DECIMALS",
    "MONEY_DIGITS",
    "MOST_COMPETITOR_URLS",
    "TO_BE_HAD",
    "MoneyField",
    "Offer",
    "OfferQuerySet",
    "Product",
    "ProductQuerySet",
    "Removal",
    "Sale",
    "SaleQuerySet",
    "Scan",
    "validate_url",
    "validate_urls",
]
