"""Cells of reviews: stars, whether the author bought it, when it was written, and which review it is."""

import re
from datetime import UTC, datetime, timedelta

from django.utils.timezone import now

from workers.catalogue.importing.fields import FIRST_DATE, text
from workers.catalogue.importing.tables import DERIVED
from workers.catalogue.models import LONGEST_LABEL

MOST_STARS = 5
NOT_STARS = "must be a whole number of stars from 1 to 5, for example 4; empty or 0 is none"
_FILLED, _EMPTY, _VARIANT = "★⭐✭🌟", "☆✩", "\ufe0f"
_DRAWN = re.compile(rf"([{_FILLED}]*)([{_EMPTY}]*)")
_NUMBER = r"(?P<stars>\d)(?:[.,]0+)?"
_UNIT = r"(?: ?(?:stars?|sterne?n?|étoiles?|stell[ae]|estrellas?|estrelas?|sterren|★|⭐))?"
# 4, 4.0 out of 5 stars, 4,0 von 5 Sternen, 4/5, 5 étoiles; and 5つ星のうち4.0, of five stars four.
_STARS = re.compile(
    rf"{_NUMBER}{_UNIT}(?: ?(?:/|out of|of|von|sur|su|de|di|van|av|z) ?5(?:[.,]0+)?{_UNIT})?", re.ASCII
)
_OF_STARS = re.compile(rf"5つ星のうち ?{_NUMBER}", re.ASCII)


def rating(cell: str) -> int | None:
    """Stars, 1 to 5, as digits, in words or drawn. Empty or 0 is none."""
    cell = " ".join(cell.replace(_VARIANT, "").casefold().split())
    if not cell:
        return None
    stars = _stars(cell)
    if stars is None or stars > MOST_STARS:
        raise ValueError(NOT_STARS)
    return stars or None


def _stars(cell: str) -> int | None:
    if found := _DRAWN.fullmatch(cell):
        # Those that are empty make five with the others, where they are drawn.
        return len(found[1]) if not found[2] or len(cell) == MOST_STARS else None
    found = _STARS.fullmatch(cell) or _OF_STARS.fullmatch(cell)
    return int(found["stars"]) if found else None


_NOT = (
    "0", "false", "no", "n", "nein", "non", "not verified", "unverified", "nothing", "none", "email", "e mail",
    "nicht verifiziert", "non vérifié", "no verificado", "no verificada", "non verificato", "non verificata",
    "anonymous user", "anonymous", "reviewer", "invited", "unverified reviewer", "unverified buyer", "incentivized",
    "site visitor", "visitor", "guest", "imported",
)  # fmt: skip
_VERIFIED = (
    "1", "true", "yes", "y", "ja", "oui", "sí", "si", "sì", "verified", "verified purchase", "verified buyer",
    "verified reviewer", "verified review", "verified order", "verified customer", "buyer", "confirmed buyer",
    "verifiziert", "verifizierter kauf", "verifizierter käufer", "bestätigter kauf",
    "vérifié", "achat vérifié", "acheteur vérifié", "avis vérifié",
    "verificado", "verificada", "compra verificada", "comprador verificado",
    "verificato", "verificata", "acquisto verificato", "acquirente verificato",
    "amazonで購入", "geverifieerde aankoop", "verifierat köp", "compra verificada na amazon",
)  # fmt: skip
_KNOWN = {**dict.fromkeys(_NOT, False), **dict.fromkeys(_VERIFIED, True)}


def verified(cell: str) -> bool | None:
    """Yes or no, in the words of shops and marketplaces, whatever joins them. Empty is unknown."""
    cell = " ".join(cell.casefold().replace("_", " ").replace("-", " ").split())
    if not cell:
        return None
    # What Amazon gives to Vine's reviewers, they have not bought.
    known = False if cell.startswith("vine ") else _KNOWN.get(cell)
    if known is None:
        raise ValueError("must be yes or no, true or false, or for example Verified Purchase")
    return known


def written_at(cell: str) -> datetime | None:
    """A moment in UTC, or a day as its beginning: up to tomorrow, as somewhere that has begun already."""
    if not cell:
        return None
    parsed = datetime.fromisoformat(cell)
    if parsed.date() < FIRST_DATE:
        raise ValueError("must not be before 1970")
    if parsed.astimezone(UTC) > now() + timedelta(days=1):
        raise ValueError("must not be in the future")
    return parsed


# The id of a review, in the address of its page.
_AMAZON = re.compile(r"https?://(?:[\w-]+\.)*amazon\.[a-z.]{2,6}/", re.IGNORECASE | re.ASCII)
_AMAZON_REVIEW = re.compile(r"/(?:customer-reviews|review)/(R[0-9A-Z]{8,20})(?![0-9A-Z])", re.ASCII)
_plain_id = text(LONGEST_LABEL, required=True)


def review_id(cell: str) -> str:
    """Of the address of a review at Amazon the id. Other addresses there are of products, and name no review."""
    if _AMAZON.match(cell):
        found = _AMAZON_REVIEW.search(cell[:2000])
        return found[1] if found else DERIVED
    return str(_plain_id(cell))


# Shopify's ids, as its API writes them, and as Okendo does.
_GLOBAL_ID = re.compile(r"(?:gid://shopify/Product(?:Variant)?/|shopify-)(\d+)", re.ASCII)
_plain_name = text(LONGEST_LABEL)


def product_name(cell: str) -> str:
    """What a shop or a marketplace calls a product: an ASIN, a handle, a number."""
    found = _GLOBAL_ID.fullmatch(cell)
    return found[1] if found else str(_plain_name(cell))
