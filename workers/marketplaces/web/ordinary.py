"""What keeps a price from being the one that an ordinary buyer pays for one piece, once, now."""

import re
from collections.abc import Sequence

from workers.marketplaces.web.pricewords import CUSTOMERS, EVERYBODY, MEASURES, NAMED_SO, NAMED_USED, TIMES, WITHOUT
from workers.marketplaces.web.timing import is_ahead, is_over
from workers.marketplaces.web.values import Node, dicts, first, number, scalars, segment, term, terms, text, types

SINCE, UNTIL = ("validFrom",), ("validThrough", "priceValidUntil")
# Where an offer has the name of its product.
OF_PRODUCT = "@of"
_NOT_OFFERS = {"demand": "a demand", "offerforlease": "an offer to rent"}
_NOT_FOR_SALE = {"leaseout", "rent", "repair", "dispose", "buy", "provideservice", "maintain"}
# What is crossed out, recommended or paid to the shop's suppliers, not asked for.
_NOT_ASKED = {
    "listprice": "a list price",
    "strikethroughprice": "a price that is crossed out",
    "msrp": "the manufacturer's recommended price",
    "srp": "a recommended price",
    "rrp": "a recommended price",
    "invoiceprice": "an invoice price",
    "minimumadvertisedprice": "a minimum advertised price",
    "subscription": "a subscription price",
    **dict.fromkeys(
        ("installment", "downpayment", "activationfee", "distancefee", "cleaningfee"), "only a part of what is paid"
    ),
}
# Of kinds that have no name of their own here, only these are asked for.
_ASKED = {"saleprice", "sale", "activeprice", "currentprice", "offerprice", "normalprice", "standardprice", "price"}
_NOT_OF_THE_GOODS = {"deliverychargespecification", "paymentchargespecification"}
_LASTING = ("billingDuration", "eligibleDuration", "billingStart", "leaseLength")
_LONGEST_NAME = 500
_LONGEST_OF_A_DESCRIPTION = 60


def is_of_the_goods(specification: Node) -> bool:
    return not types(specification) & _NOT_OF_THE_GOODS


def why_not(node: Node) -> str:
    """What an offer's or a specification's price is instead, such as "a member price"; empty where it is ordinary."""
    return next(filter(None, (reason(node) for reason in _REASONS)), "")


def why_not_asked(specification: Node) -> str:
    """By its kind: empty where it is what the shop asks for."""
    named = [*terms(specification, "priceType"), *terms(specification, "priceComponentType")]
    return next((_NOT_ASKED.get(name, f"of the kind “{name[:60]}”") for name in named if name not in _ASKED), "")


def _kind(node: Node) -> str:
    for name in types(node) & _NOT_OFFERS.keys():
        return _NOT_OFFERS[name]
    if any("service" in types(each) for each in dicts(node.get("itemOffered"))):
        return "the price of a service"
    return "not a price of a sale" if term(node, "businessFunction") in _NOT_FOR_SALE else ""


def _member(node: Node) -> str:
    named = dicts(node.get("validForMemberTier")) or scalars(node, "validForMemberTier")
    return "a member price" if named or _of_members(node) else ""


def _of_members(node: Node) -> bool:
    return bool(dicts(node.get("membershipProgram")) or scalars(node, "membershipProgram"))


def _subscription(node: Node) -> str:
    lasting = any(_says(node, name) for name in _LASTING)
    increment = number(node, "billingIncrement")
    by_time = _unit(node) in TIMES or any(_unit(each) in TIMES for each in dicts(node.get("referenceQuantity")))
    if lasting or by_time or (increment is not None and increment != 1):
        return "a subscription price"
    return ""


def _tier(node: Node) -> str:
    for quantity in _quantities(node, "eligibleQuantity"):
        least = number(quantity, "minValue")
        exactly = number(quantity, "value")
        if least is None and _unit(quantity) in MEASURES:
            # What the pack holds.
            continue
        if (least is not None and least > 1) or (least is None and exactly is not None and exactly != 1):
            return f"the price from {least or exactly:f} pieces on"
        if least is None and exactly is None and _says(quantity, "value"):
            return "a price for a certain quantity"
    for part in dicts(node.get("includesObject")):
        if (amount := number(part, "amountOfThisGood")) is not None and amount > 1:
            return f"the price of {amount:f} pieces"
    for volume in _quantities(node, "eligibleTransactionVolume"):
        if any((number(volume, name) or 0) > 0 for name in ("minPrice", "minValue", "price", "value")):
            return "a price for orders from a certain amount on"
    return ""


def _per_unit(node: Node) -> str:
    """By the kilogram, say. With a valueReference it is the price of the goods, and that is what it is of."""
    for quantity in _quantities(node, "referenceQuantity"):
        value = number(quantity, "value")
        if not _says(quantity, "valueReference") and (_unit(quantity) in MEASURES or value not in (None, 1)):
            return f"the price of {value or 1:f} {_unit(quantity) or 'pieces'}"
    return f"the price of a {_unit(node)}" if _unit(node) in MEASURES else ""


def _customers(node: Node) -> str:
    named = terms(node, "eligibleCustomerType")
    if not named or EVERYBODY & set(named):
        return ""
    return "a price for businesses" if CUSTOMERS & set(named) else f"a price for {named[0][:60]}"


def _past_or_future(node: Node) -> str:
    for name in UNTIL:
        if is_over(until := text(node, name)):
            return f"a price that was valid until {until}"
    for name in SINCE:
        if is_ahead(since := text(node, name)):
            return f"a price that is valid from {since} on"
    return ""


def _named_so(node: Node) -> str:
    """By a word for it in a name or a short description, unless the product is called so: a monthly planner."""
    product = text(node, OF_PRODUCT, _LONGEST_NAME).casefold()
    for name in ("name", "category", "description"):
        named = text(node, name, _LONGEST_NAME)
        if name == "description" and len(named) > _LONGEST_OF_A_DESCRIPTION:
            # Of the product.
            continue
        words = [NAMED_SO, *([] if scalars(node, "itemCondition") else [NAMED_USED])]
        found = [each[0].casefold() for word in words for each in word.finditer(WITHOUT.sub(" ", named))]
        if any(each not in product for each in found):
            return f"the price of “{named[:60]}”"
    return ""


_REASONS = (_kind, _member, _subscription, _tier, _per_unit, _customers, _past_or_future, _named_so)


def _says(node: Node, name: str) -> bool:
    return bool(dicts(node.get(name)) or scalars(node, name))


def _quantities(node: Node, name: str) -> Sequence[Node]:
    """A quantity that is just a number is a node with that value."""
    return dicts(node.get(name)) or [{"value": each} for each in scalars(node, name)]


def _unit(node: Node) -> str:
    value = first(node.get("unitCode")) or first(node.get("unitText"))
    word = segment(value[:20]).upper() if isinstance(value, str) else ""
    word = re.sub(r"^(?:(?:PER|PRO|JE|PAR|POR|A|AL|THE|EACH)\b|[\d\s.€$£])+", "", word)
    unit = re.sub(r"[^A-Z0-9]", "", word)
    return unit if unit in MEASURES | TIMES else unit.removesuffix("S")
