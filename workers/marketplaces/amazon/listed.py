"""One response of a pricing batch: whether it is an answer, whether it agrees with itself, and what it lists.

Amazon lists offers, says that there are none, or says why it does not say. Which of these it is, is said first, so
that nothing of a failure or a contradiction is taken for a product that nobody sells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from django.utils.timezone import now

from aijobs.outbound.calling import unavailable_by
from aijobs.outbound.failures import Permanent, Transient
from workers.marketplaces.amazon.answers import Contradictory, InvalidAnswer, error_message, fields, items, words
from workers.marketplaces.protocols import NotReady

# What Amazon says where nobody can buy the product, with what it means. Then it may leave out the list of offers.
NO_OFFERS = {
    "NoBuyableOffers": ("NO_BUYABLE_OFFERS", "Amazon has no buyable offers of this product now"),
    "NoOfferDueToMissingShippingCharge": (
        "NO_SHIPPING_CHARGE",
        "Amazon has no buyable offers of this product now, because their shipping charge is missing",
    ),
}
BUSINESS = "B2B"
# Of 32 bits, as the model says: what is more is no count.
MOST_COUNTED = 2**31


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request was about, and under which name its answer repeats the product's: SKU or ASIN."""

    name_in_payload: str
    name: str
    marketplace_id: str
    # One of CONDITIONS.
    condition: str


@dataclass(frozen=True, slots=True)
class Listed:
    # Those for consumers.
    offers: Sequence[Mapping[str, object]]
    # How many there are beside them that only businesses can buy.
    business: int
    # Empty where Amazon does not say.
    asin: str
    # A key of NO_OFFERS; empty where the list of offers says all.
    none: str
    # Consumers are shown a featured offer of the new product.
    has_featured: bool


def listed(response: object, asked: Asked) -> Listed:
    """What one response lists. Raises OutboundError where it is a failure, or no answer to what was asked."""
    payload = _payload(response)
    status = words(payload.get("status"), 50)
    _check_status(payload, status)
    _check_subject(response, payload, asked)
    offers, summary = _parts(payload, status)
    _check_count(offers, summary, status, asked.condition)
    ours = [each for each in offers if each.get("offerType") != BUSINESS]
    return Listed(
        offers=ours,
        business=len(offers) - len(ours),
        asin=words(payload.get("ASIN")),
        none=status if status in NO_OFFERS else "",
        has_featured=_has_featured(summary),
    )


def body_of(response: object) -> dict[str, object]:
    """The body of one response of a batch. Raises OutboundError where its status says that it failed."""
    outer = fields(response, "a response")
    status = fields(outer.get("status"), "status").get("statusCode")
    if status == httpx.codes.OK:
        return fields(outer.get("body"), "body")
    if isinstance(status, bool) or not isinstance(status, int):
        raise InvalidAnswer("a response has no status")
    told = error_message(outer.get("body")) or f"status {status}"
    if problem := unavailable_by(status, None, name="Amazon"):
        # No batch is asked again for one of its products.
        raise Transient(problem.code, f"Amazon cannot give the offers of this product now: {told}")
    raise refusal(status, told)


def refusal(status: int, told: str) -> Permanent:
    """Of one product, by the status of its response."""
    if status == httpx.codes.NOT_FOUND:
        return Permanent("NOT_LISTED", f"Amazon has no offers for this product: {told}")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Permanent("ACCESS_DENIED", f"Amazon denies access to the offers of this product: {told}")
    return Permanent("REJECTED", f"Amazon refuses to give the offers of this product: {told}")


def _payload(response: object) -> Mapping[str, object]:
    body = body_of(response)
    told = error_message(body)
    if told and body.get("payload") is None:
        raise Contradictory(f"its status is 200, which means success, and it has the error {told}")
    return fields(body.get("payload"), "payload")


def _check_status(payload: Mapping[str, object], status: str) -> None:
    """Raises what the status means where it is a failure's."""
    match status:
        case "ActiveButTooSoonForProcessing":
            raise NotReady("NOT_READY", f"Amazon is still collecting the offers of this product. {_advice(payload)}")
        case "ClientError":
            raise refusal(httpx.codes.BAD_REQUEST, error_message(payload) or "its status is ClientError")
        case "ServerError":
            told = error_message(payload) or "its status is ServerError"
            raise Transient("UNAVAILABLE", f"Amazon cannot give the offers of this product now: {told}")


def _advice(payload: Mapping[str, object]) -> str:
    """When to ask again, as far as Amazon says."""
    summary = payload.get("Summary")
    told = summary.get("OffersAvailableTime") if isinstance(summary, dict) else None
    try:
        moment = datetime.fromisoformat(told if isinstance(told, str) else "")
        at = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        at = now()
    if at <= now():
        return "Scan it again later."
    return f"They are available from {at:%Y-%m-%d %H:%M} UTC on. Scan it again then."


def _check_subject(response: object, payload: Mapping[str, object], asked: Asked) -> None:
    """Raises Contradictory where the payload is about something else than the request that it is an answer to."""
    request = fields(response).get("request")
    if isinstance(request, dict) and request.get("CustomerType") == "Business":
        raise Contradictory("it has the prices for businesses, and the service asked for those for consumers")
    stated = [
        ("the product", payload.get(asked.name_in_payload), asked.name),
        ("the marketplace", payload.get("marketplaceId", payload.get("marketplaceID")), asked.marketplace_id),
        ("the condition", words(payload.get("ItemCondition")).lower(), asked.condition),
    ]
    for what, found, expected in stated:
        if found and found != expected:
            told = words(found) or "not a text"
            raise Contradictory(f"{what} in it is {told}, and not {expected} as in its request")


def _parts(payload: Mapping[str, object], status: str) -> tuple[list[dict[str, object]], Mapping[str, object]]:
    """The offers and their summary, which Amazon may leave out where it says that there are none."""
    offers, summary = payload.get("Offers"), payload.get("Summary")
    if status in NO_OFFERS:
        offers, summary = offers or [], summary or {}
    return [fields(each, "an offer") for each in items(offers, "Offers")], fields(summary, "Summary")


def _check_count(offers: Sequence[object], summary: Mapping[str, object], status: str, condition: str) -> None:
    """Raises Contradictory where there are offers and there are none.

    Other differences are none: Amazon lists twenty offers at most, and counts those of all conditions together.
    """
    total = _whole(summary.get("TotalOfferCount"))
    if offers and status in NO_OFFERS:
        raise Contradictory(f"it says that there are no buyable offers ({status}), and lists {len(offers)}")
    if offers and total == 0:
        raise Contradictory(f"it counts no offers, and lists {len(offers)}")
    counts = [_counted(summary.get(name), condition) for name in ("NumberOfOffers", "BuyBoxEligibleOffers")]
    count = max((each for each in counts if each is not None), default=total)
    if count and not offers:
        raise Contradictory(f"its number of {condition} offers is {count}, and it lists none")


def _counted(counts: object, condition: str) -> int | None:
    """The number of offers in the condition, of all who ship; None where Amazon does not count by conditions."""
    found = [each for each in counts if isinstance(each, dict)] if isinstance(counts, list) else []
    known = [each for each in found if words(each.get("condition")) and _whole(each.get("OfferCount")) is not None]
    meant = [_whole(each.get("OfferCount")) for each in known if words(each["condition"]).lower() == condition]
    return sum(filter(None, meant)) if known else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_COUNTED else None


def _has_featured(summary: Mapping[str, object]) -> bool:
    """Whether a new product's summary has the price of a featured offer for consumers who buy one."""
    prices = summary.get("BuyBoxPrices")
    return isinstance(prices, list) and any(
        isinstance(each, dict)
        and words(each.get("condition")).lower() == "new"
        and each.get("offerType") in (None, "B2C")
        and each.get("quantityTier") in (None, 0, 1)
        for each in prices
    )
