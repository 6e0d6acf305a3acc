"""The attribute of a listing that holds what it can be bought for, with one price of it changed.

Amazon replaces the attribute as a whole: prices for businesses and in other programmes, the seller's limits of the
price, sales, schedules and whatever else is in it are lost where they are not sent back.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import orjson

from aijobs.outbound.failures import Permanent

NAME = "purchasable_offer"
# Amazon's name of the consumers on its site, beside those of its other programmes. Also meant where none is named.
EVERYBODY = "ALL"

Part = dict[str, object]


class NotUnderstood(Permanent):
    """The attribute is not as Amazon describes it: what a change would do to it, nobody knows."""

    def __init__(self, what: str) -> None:
        told = f"The price was not sent, because {what} in the listing's attribute {NAME}. Change it at Amazon."
        super().__init__("ATTRIBUTE_NOT_UNDERSTOOD", told)


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


def encoded(product_type: str, offers: Sequence[Part]) -> bytes:
    """The patch's body, with every number as Amazon wrote it. Raises NotUnderstood."""
    patch = {"op": "replace", "path": f"/attributes/{NAME}", "value": offers}
    try:
        return orjson.dumps({"productType": product_type, "patches": [patch]}, default=_number)
    except TypeError:
        # Half a surrogate pair, or an integer beyond 64 bits.
        raise NotUnderstood("there is a text or a number that cannot be sent back") from None


def _number(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError
    return orjson.Fragment(str(value).encode())


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


def _current(parts: Sequence[Part], at: datetime) -> Part:
    """The only one, or else the one that counts now: of several that do, the one that began last."""
    if len(parts) == 1:
        return parts[0]
    begun = [(start, part) for part in parts if (start := _start(part)) <= at < _end(part)]
    if not begun:
        raise NotUnderstood("several prices are scheduled, none of them for now,")
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
        raise NotUnderstood("a scheduled moment cannot be read") from None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _parts(whole: Part, name: str) -> list[Part]:
    """The list of objects of this name, empty where there is none: the very ones, to be changed."""
    parts = whole.get(name)
    if parts is None:
        return []
    if not isinstance(parts, list) or not all(isinstance(each, dict) for each in parts):
        raise NotUnderstood(f"{name} is not a list of objects")
    return parts
