from workers.catalogue.models.competitor_listings import CompetitorListing, CompetitorListingQuerySet
from workers.catalogue.models.fields import (
    AVAILABILITIES,
    CONDITIONS,
    CURRENCY,
    DEFAULT_CURRENCY,
    LONGEST_CATEGORY,
    LONGEST_FULFILMENT,
    LONGEST_LABEL,
    LONGEST_LANGUAGE,
    LONGEST_PSEUDONYM,
    LONGEST_REASON,
    LONGEST_SKU,
    LONGEST_TITLE,
    LONGEST_URL,
    LONGEST_VERSION,
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
from workers.catalogue.models.keywords import Keyword, KeywordQuerySet
from workers.catalogue.models.listings import Listing, ListingQuerySet
from workers.catalogue.models.offers import Offer, OfferQuerySet
from workers.catalogue.models.products import Product, ProductQuerySet
from workers.catalogue.models.pseudonyms import PseudonymKey
from workers.catalogue.models.removals import Removal
from workers.catalogue.models.returns import Return, ReturnQuerySet
from workers.catalogue.models.reviews import LABELS, Review, ReviewQuerySet
from workers.catalogue.models.sales import Sale, SaleQuerySet
from workers.catalogue.models.scans import Scan

__all__ = [
    "AVAILABILITIES",
    "CONDITIONS",
    "CURRENCY",
    "DEFAULT_CURRENCY",
    "LABELS",
    "LONGEST_CATEGORY",
    "LONGEST_FULFILMENT",
    "LONGEST_LABEL",
    "LONGEST_LANGUAGE",
    "LONGEST_PSEUDONYM",
    "LONGEST_REASON",
    "LONGEST_SKU",
    "LONGEST_TITLE",
    "LONGEST_URL",
    "LONGEST_VERSION",
    "MARKETPLACE",
    "MARKETPLACE_PATTERN",
    "MONEY_DECIMALS",
    "MONEY_DIGITS",
    "MOST_COMPETITOR_URLS",
    "TO_BE_HAD",
    "CompetitorListing",
    "CompetitorListingQuerySet",
    "Keyword",
    "KeywordQuerySet",
    "Listing",
    "ListingQuerySet",
    "MoneyField",
    "Offer",
    "OfferQuerySet",
    "Product",
    "ProductQuerySet",
    "PseudonymKey",
    "Removal",
    "Return",
    "ReturnQuerySet",
    "Review",
    "ReviewQuerySet",
    "Sale",
    "SaleQuerySet",
    "Scan",
    "validate_url",
    "validate_urls",
]
