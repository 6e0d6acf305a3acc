"""The attribute of a listing that holds what it can be bought for, with one price of it changed.

What else is in it is sent back as it was: prices for businesses and in other programmes, the seller's limits of the
price, sales and schedules.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from workers.marketplaces.amazon.attributes import NotUnderstood, Part, parts

NAME = "purchasable_offer"
# Amazon's name of the consumers on its site, beside those of its other programmes. Also meant where none is named.
EVERYBODY = "ALL"


@dataclass(frozen=True, slots=True)
class OurPrice:
    """The price for everybody in a marketplace, as it is to be."""

    marketplace_id: str
    currency: str
    price: Decimal

    @property
    def scheduled(self) -> Part:
        # With all its decimals and no others.
        return {"value_with_tax": Decimal(f"{self.price.normalize():f}")}


def repriced(attributes: Part, ours: OurPrice, at: datetime) -> list[Part]:
    """The attribute with our price, and everything else as it is. Raises NotUnderstood.

    `at`: of several scheduled prices, the one that counts at this moment is ours.
    """
    offers = copy.deepcopy(_parts(attributes, NAME))
    meant = [offer for offer in offers if _is_meant(offer, ours)]
    if not meant:
        new = {"marketplace_id": ours.marketplace_id, "currency": ours.currency, "audience": EVERYBODY}
        return [*offers, {**new, "our_price": [{"schedule": [ours.scheduled]}]}]
    _set(_current(meant, at), ours, at)
    return offers


def _is_meant(offer: Part, ours: OurPrice) -> bool:
    stated = {"marketplace_id": ours.marketplace_id, "currency": ours.currency, "audience": EVERYBODY}
    return all(offer.get(name) in (None, expected) for name, expected in stated.items())


def _set(offer: Part, ours: OurPrice, at: datetime) -> None:
    prices = _parts(offer, "our_price")
    scheduled = [each for price in prices for each in _parts(price, "schedule")]
    if scheduled:
        _current(scheduled, at).update(ours.scheduled)
    elif prices:
        prices[0]["schedule"] = [ours.scheduled]
    else:
        offer["our_price"] = [{"schedule": [ours.scheduled]}]


def _current(candidates: Sequence[Part], at: datetime) -> Part:
    """The only one, or else the one that counts now: of several that do, the one that began last."""
    if len(candidates) == 1:
        return candidates[0]
    begun = [(start, part) for part in candidates if (start := _start(part)) <= at < _end(part)]
    if not begun:
        raise NotUnderstood("several prices are scheduled, none of them for now,", NAME)
    return max(begun, key=lambda each: each[0])[1]


def _start(part: Part) -> datetime:
    return _moment(part.get("start_at")) or datetime.min.replace(tzinfo=UTC)


def _end(part: Part) -> datetime:
    return _moment(part.get("end_at")) or datetime.max.replace(tzinfo=UTC)


def _moment(stated: object) -> datetime | None:
    """Of a schedule it is a text, of a whole offer an object around it; None where it is not limited."""
    text = stated.get("value") if isinstance(stated, dict) else stated
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise NotUnderstood("a scheduled moment cannot be read", NAME) from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _parts(whole: Part, name: str) -> list[Part]:
    return parts(whole, name, NAME)
