"""What a listing says: title, bullets, description and search terms. The tenant's listing policy guards it.

A change holds those texts that it changes, by name, and is compared, written and reverted as a whole.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django.db.models import Model, Prefetch, QuerySet, prefetch_related_objects

from aijobs.outbound.failures import Permanent
from workers.catalogue import models
from workers.catalogue.models import LONGEST_TITLE, Product
from workers.changes.kinds.base import ChangeKind, Desk, Guardrails
from workers.changes.models import listing_policy_of
from workers.marketplaces import connections
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Listing, ListingDesk, Texts

# Of each text in a sentence: it is the beginning that a seller knows a text by.
MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Listings(ChangeKind[Texts]):
    """Texts by name, as in {"title": "Steel bottle", "bullets": ["Keeps cold", "Fits a bag"]}."""

    name = "listing"
    conflict = "LISTING_CHANGED"
    switched_off = "Changes of listings are switched off in your listing policy."

    def load(self, stored: object) -> Texts:
        return cast("Texts", stored)

    def dump(self, value: Texts) -> object:
        return dict(value)

    def show(self, value: Texts) -> str:
        """As in: “Steel bottle” (title) and “Keeps cold / Fits a bag” (bullets)."""
        return " and ".join(f"{_quoted(text)} ({name})" for name, text in value.items()) or "missing"

    def texts(self, value: Texts) -> Mapping[str, str]:
        """One bullet a line."""
        return {name: text if isinstance(text, str) else "\n".join(text) for name, text in value.items()}

    def row(self, product: Product) -> Model:
        listing: Model = product.listing
        return listing

    def rows(self, product_ids: Collection[int]) -> QuerySet[Any]:
        return models.Listing.objects.filter(product__in=product_ids)

    def hold(self, products: Sequence[Product]) -> None:
        """In the order in which an import of listings locks them."""
        rows = models.Listing.objects.order_by("product_id").select_for_update(no_key=True)
        prefetch_related_objects(products, Prefetch("listing", rows))

    def current(self, product: Product, like: Texts) -> Texts:
        """None of the texts, where there is no listing."""
        listing = getattr(product, "listing", None)
        return {name: getattr(listing, name) for name in like} if listing else {}

    def fields(self, value: Texts) -> Mapping[str, object]:
        return value

    def is_elsewhere(self, connection: Connection) -> bool:
        return bool(connections.written_texts(connection))

    def read(self, desk: Desk, listing: Listing, like: Texts) -> Texts:
        texts = _listing_desk(desk).read_listing(listing, like.keys())
        _check_storable(texts)
        return texts

    def write(self, desk: Desk, listing: Listing, value: Texts) -> Sequence[str]:
        return _listing_desk(desk).write_listing(listing, value)

    def guardrails(self, tenant_id: int) -> Guardrails[Texts]:
        """No text is out of bounds: a revert has to be able to bring back whatever was there."""
        policy = listing_policy_of(tenant_id)
        return Guardrails(
            switched_off=None if policy.editing_enabled else "LISTING_EDITING_DISABLED",
            cool_down=timedelta(0),
            most_a_day=policy.max_changes_per_day,
            bound_refusal=lambda product, after: None,
        )


def _listing_desk(desk: Desk) -> ListingDesk:
    if not isinstance(desk, ListingDesk):
        raise Permanent("NO_LISTING_DESK", "The service cannot write listings to this marketplace.")
    return desk


def _check_storable(texts: Texts) -> None:
    """Raises Permanent: what somebody has written at the marketplace is what the catalogue takes over."""
    if len(texts.get("title", "")) > LONGEST_TITLE:
        problem = f"a title with more than {LONGEST_TITLE:,} characters"
    elif any(map(_has_broken_characters, texts.values())):
        problem = "characters that are not text"
    else:
        return
    raise Permanent("LISTING_NOT_STORABLE", f"The marketplace's listing has {problem}. Correct it there.")


def _has_broken_characters(text: str | list[str]) -> bool:
    """Half a surrogate pair, or NUL, which PostgreSQL does not store."""
    whole = text if isinstance(text, str) else "".join(text)
    return "\0" in whole or any("\ud800" <= each <= "\udfff" for each in whole)


def _quoted(text: str | list[str]) -> str:
    whole = text if isinstance(text, str) else " / ".join(text)
    shown = whole if len(whole) <= MOST_SHOWN else f"{whole[:MOST_SHOWN].rstrip()}… [{len(whole)} characters]"
    return f"“{shown}”"
