"""Which of the offers of a product may be compared with ours, and what they say together."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import Generic, Protocol, TypeVar

from workers.catalogue import currencies
from workers.catalogue.models import TO_BE_HAD, Product
from workers.pricing import suspicious


class Comparable(Protocol):
    """What is compared of an offer, wherever it comes from."""

    @property
    def seller(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def landed_price(self) -> Decimal: ...
    @property
    def is_buy_box(self) -> bool: ...
    @property
    def availability(self) -> str: ...
    @property
    def tax_included(self) -> bool | None: ...
    @property
    def fetched_at(self) -> datetime | None: ...


T = TypeVar("T", bound=Comparable)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An offer that is not compared, and why."""

    seller: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Compared(Generic[T]):
    # The cheapest first.
    offers: tuple[T, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def lowest(self) -> T | None:
        return self.offers[0] if self.offers else None

    @property
    def median_landed(self) -> Decimal | None:
        return median([offer.landed_price for offer in self.offers]) if self.offers else None

    @property
    def buy_box(self) -> T | None:
        """The competitor's offer that has it; the newest such observation where several claim to."""
        holders = [offer for offer in self.offers if offer.is_buy_box]
        return max(holders, key=lambda offer: (offer.fetched_at is None, offer.fetched_at), default=None)


def compare(offers: Sequence[T], product: Product, ours: Decimal, outlier_factor: float) -> Compared[T]:
    """Leave out what is in another currency, not to be had now, net, or off our price by more than the factor."""
    good: list[T] = []
    left_out: list[LeftOut] = []
    for offer in offers:
        problem = _why_not(offer, product, ours, outlier_factor)
        if problem is None:
            good.append(offer)
        else:
            left_out.append(LeftOut(offer.seller, *problem))
    return Compared(tuple(sorted(good, key=lambda offer: (offer.landed_price, offer.seller))), tuple(left_out))


def _why_not(offer: Comparable, product: Product, ours: Decimal, factor: float) -> tuple[str, str] | None:
    if offer.currency != product.currency:
        return "WRONG_CURRENCY", f"The offer is in {offer.currency}, but the product is priced in {product.currency}."
    if offer.availability not in TO_BE_HAD:
        return "NOT_AVAILABLE", f"The offer is not to be had now: its availability is {offer.availability}."
    if offer.tax_included is False and offer.currency not in currencies.WRITTEN_WITHOUT_TAX:
        return (
            "PRICE_WITHOUT_TAX",
            f"{offer.landed_price} is a net price, without tax: it is not compared with prices that include tax.",
        )
    if suspicious(float(offer.landed_price), float(ours), factor):
        return (
            "SUSPICIOUS_OFFER",
            f"{offer.landed_price} differs from your price of {ours} by more than a factor of {factor:g}.",
        )
    return None


def rank(ours: Decimal, offers: Collection[Comparable]) -> int:
    """1 where nobody is cheaper."""
    return 1 + sum(offer.landed_price < ours for offer in offers)


def change_pct(now: Decimal | None, before: Decimal | None) -> float | None:
    """By how many per cent of `before`; None where either is missing."""
    if now is None or before is None:
        return None
    return round(float((now - before) / before * 100), 2)
