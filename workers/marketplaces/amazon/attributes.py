"""A listing's attributes: lists of objects, one for each marketplace, language or audience.

Amazon replaces an attribute as a whole: whatever is in it is lost where it is not sent back.
"""

from collections.abc import Sequence
from decimal import Decimal

import orjson

from aijobs.outbound.failures import Permanent

Part = dict[str, object]


class NotUnderstood(Permanent):
    """The attribute is not as Amazon describes it: what a change would do to it, nobody knows."""

    def __init__(self, what: str, attribute: str) -> None:
        told = f"Nothing was sent, because {what} in the listing's attribute {attribute}. Change it at Amazon."
        super().__init__("ATTRIBUTE_NOT_UNDERSTOOD", told)


def parts(whole: Part, name: str, attribute: str) -> list[Part]:
    """The list of objects of this name, empty where there is none: the very ones, to be changed.

    `attribute`: the one that it is, or is in.
    """
    found = whole.get(name)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise NotUnderstood(f"{name} is not a list of objects", attribute)
    return found


def replacement(attribute: str, value: Sequence[Part]) -> orjson.Fragment:
    """A patch that replaces the attribute, with every number as Amazon wrote it. Raises NotUnderstood."""
    return _patch("replace", attribute, value)


def deletion(attribute: str, selector: Part) -> orjson.Fragment:
    """A patch that removes what the selector names: an attribute cannot be replaced by nothing."""
    return _patch("delete", attribute, [selector])


def _patch(operation: str, attribute: str, value: Sequence[Part]) -> orjson.Fragment:
    patch = {"op": operation, "path": f"/attributes/{attribute}", "value": value}
    try:
        return orjson.Fragment(orjson.dumps(patch, default=_number))
    except TypeError:
        # Half a surrogate pair, or an integer beyond 64 bits.
        raise NotUnderstood("there is a text or a number that cannot be sent back", attribute) from None


def _number(value: object) -> orjson.Fragment:
    if not isinstance(value, Decimal):
        raise TypeError
    return orjson.Fragment(str(value).encode())


def encoded(product_type: str, patches: Sequence[orjson.Fragment]) -> bytes:
    """The body of a request."""
    return orjson.dumps({"productType": product_type, "patches": patches})
