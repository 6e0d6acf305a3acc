"""What an ordinary buyer pays for one piece, once, now, with tax: of all the prices that one offer may have."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from workers.catalogue import currencies
from workers.marketplaces.web.amounts import marked, numeric, one_of, payable, written
from workers.marketplaces.web.ordinary import is_of_the_goods, why_not, why_not_asked
from workers.marketplaces.web.values import Node, dicts, flag, scalars, term

_MOST_SPECIFICATIONS = 50
_NOT_ORDINARY = ", not what an ordinary buyer pays for one piece now."
_MISSING = "The price is missing."


@dataclass(frozen=True, slots=True)
class Price:
    """In major units of the currency."""

    amount: Decimal
    currency: str
    # None: not said.
    tax_included: bool | None = None
    # The lower, the more it is what is asked for, where there are several.
    rank: int = 1


def asked(offer: Node, specifications: Sequence[Node], own: str) -> Price:
    """The offer's price, in the product's currency `own` where it has one. Raises ValueError with what is wrong."""
    if reason := why_not(offer):
        raise ValueError(f"{_shown(offer)} is {reason}{_NOT_ORDINARY}")
    within = [*dicts(offer.get("price")), *filter(is_of_the_goods, specifications)][:_MOST_SPECIFICATIONS]
    if not _codes(offer):
        offer = {**offer, "priceCurrency": [code for each in within for code in _codes(each)]}
    ordinary, others, reasons = _sorted(within, offer, own)
    stated = _stated(offer, ordinary, others, own)
    if scalars(offer, "price") and (kind := why_not_asked(offer)):
        reasons.append(f"{_shown(offer)} is {kind}{_NOT_ORDINARY}")
    of_all = [included for each in within if not scalars(each, "price") and (included := _included(each)) is not None]
    found = [*(_with_tax(each, ordinary, of_all) for each in stated), *ordinary]
    if found:
        return _one_of(found, own)
    lowest = _lowest(offer, [each for each in within if not (why_not(each) or why_not_asked(each))], own)
    if reasons and (lowest is None or _is_among(lowest, others)):
        raise ValueError(reasons[0])
    if lowest is None:
        raise ValueError(_MISSING)
    return _with_tax(lowest, ordinary, of_all)


def _stated(offer: Node, ordinary: Sequence[Price], others: Sequence[Price], own: str) -> list[Price]:
    """The offer's own price, unless its kind is another, or it repeats one that its specification says is."""
    if not scalars(offer, "price") or why_not_asked(offer):
        return []
    price = price_of(offer, "price", offer, own)
    return [] if _is_among(price, others) and not _is_among(price, ordinary) else [price]


def _one_of(found: Sequence[Price], own: str) -> Price:
    """The one that is most what is asked for. Raises ValueError where that is not clear."""
    best = min(found, key=lambda each: _key(each, own))
    rivals = [
        each
        for each in found
        if each.currency == best.currency and each.amount != best.amount and _may_be_instead(each, best, own)
    ]
    if rivals:
        shown = ", ".join(dict.fromkeys(f"{each.amount} {each.currency}" for each in (best, *rivals)))
        raise ValueError(f"The page has several prices for one offer, and does not say which is asked: {shown}.")
    return best


def _may_be_instead(price: Price, best: Price, own: str) -> bool:
    """Another of the same rank, or one with tax beside one that does not say whether it has it."""
    return _key(price, own) == _key(best, own) or (best.tax_included is None and price.tax_included is True)


def _sorted(specifications: Sequence[Node], offer: Node, own: str) -> tuple[list[Price], list[Price], list[str]]:
    """The ordinary prices, the others, and why those are not ordinary."""
    ordinary: list[Price] = []
    others: list[Price] = []
    reasons: list[str] = []
    for each in specifications:
        name = next((name for name in ("price", "value") if scalars(each, name)), "")
        condition, kind = why_not(each), why_not_asked(each)
        if condition or kind:
            reasons.append(f"{_shown(each)} is {condition or kind}{_NOT_ORDINARY}")
        if not name:
            continue
        try:
            price = price_of(each, name, offer, own)
        except ValueError as error:
            reasons.append(str(error))
            continue
        (others if condition or kind else ordinary).append(replace(price, rank=_rank(each)))
    return ordinary, others, reasons


def _rank(specification: Node) -> int:
    rank = {"saleprice": 0, "": 2}.get(term(specification, "priceType"), 3)
    # Of a price of one unit, and one of the goods, the goods'.
    return rank + ("referenceQuantity" in specification)


def _key(price: Price, own: str) -> tuple[bool, bool, int]:
    return price.currency != own, price.tax_included is False, price.rank


def _is_among(price: Price, others: Sequence[Price]) -> bool:
    return any((price.amount, price.currency) == (each.amount, each.currency) for each in others)


def _with_tax(price: Price, ordinary: Sequence[Price], of_all: Sequence[bool]) -> Price:
    """What the specification of the same price, or one without any, says of tax, holds for the offer's."""
    said = [each.tax_included for each in ordinary if _is_among(price, [each]) and each.tax_included is not None]
    said += of_all
    return replace(price, tax_included=all(said)) if said and price.tax_included is None else price


def _lowest(offer: Node, specifications: Sequence[Node], own: str) -> Price | None:
    """Of an offer that says only between which prices it is. Raises ValueError where it has only the highest."""
    for node in (offer, *specifications):
        for name in ("lowPrice", "minPrice"):
            if scalars(node, name):
                return price_of(node, name, offer, own)
    for node in (offer, *specifications):
        for name in ("highPrice", "maxPrice"):
            if highest := scalars(node, name):
                raise ValueError(f"The page has only a highest price, {str(highest[0])[:60]}, and no lowest one.")
    return None


def price_of(node: Node, name: str, offer: Node, own: str) -> Price:
    """The node's property of that name, by the offer's currency if it has none. Raises ValueError if not a price."""
    amounts = scalars(node, name)
    codes = _codes(node) or _codes(offer)
    if len(codes) != len(amounts):
        if len(set(codes)) > 1:
            raise ValueError("The page has several currencies for one price.")
        codes = [next(iter(codes), "")] * len(amounts)
    included = _included(node)
    prices = [_one(amount, code, included, own) for amount, code in zip(amounts, codes, strict=True)]
    prices = [each for each in prices if each.currency == own] or prices
    if len({(each.amount, each.currency) for each in prices}) > 1:
        shown = ", ".join(str(each.amount) for each in prices)
        raise ValueError(f"The page has several prices for one offer: {shown}.")
    return prices[0]


def _included(node: Node) -> bool | None:
    return flag(node, "valueAddedTaxIncluded")


def _codes(node: Node) -> list[str]:
    return [str(each).strip() for name in ("priceCurrency", "currency") for each in scalars(node, name)]


def _one(amount: str | Decimal, code: str, included: bool | None, own: str) -> Price:
    if isinstance(amount, Decimal):
        currency = _currency([_allowed(code)] if code else [], str(amount), own)
        return Price(numeric(amount, currency), currency, included)
    text = written(amount)
    allowed = [each for each in (_allowed(code) if code else None, text.currencies) if each is not None]
    currency = _currency(allowed, text.text, own)
    if text.tax_included is False or included is None:
        included = text.tax_included
    return Price(payable(text.amount(currency), currency, text.text), currency, included)


def _allowed(code: str) -> frozenset[str]:
    try:
        found = frozenset([code.upper()]) if code.upper() in currencies.CODES else marked(code)
    except ValueError:
        found = None
    if not found:
        raise ValueError(f"The currency “{code[:30]}” is not known.")
    return found


def _currency(allowed: Sequence[frozenset[str]], text: str, own: str) -> str:
    if not allowed:
        raise ValueError(f"The currency of the price {text[:60]} is missing.")
    return one_of(allowed, own, text)


def _shown(node: Node) -> str:
    amounts = [*scalars(node, "price"), *scalars(node, "lowPrice")]
    return f"The price {str(amounts[0])[:60]}" if amounts else "The price"
