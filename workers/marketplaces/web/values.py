"""What a page says of itself, whatever its form: nodes as JSON-LD has them, and how their values are read."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import TypeAlias

from workers.catalogue.models import LONGEST_LABEL

Json: TypeAlias = "dict[str, Json] | list[Json] | str | Decimal | bool | None"
Node: TypeAlias = dict[str, Json]

# Bounds of what a hostile page can make us walk through.
_MOST_TYPES = 10
_MOST_VALUES = 5000


def flat(value: Json, most: int = _MOST_VALUES) -> Iterator[Json]:
    """The single values of a list, of those within it, or the value itself."""
    waiting = [value]
    for _ in range(most):
        if not waiting:
            return
        each = waiting.pop()
        if isinstance(each, list):
            waiting += each[:most][::-1]
        elif each is not None:
            yield each


def first(value: Json) -> Json:
    return next(flat(value, 10), None)


def dicts(value: Json) -> list[Node]:
    return [each for each in flat(value) if isinstance(each, dict)]


def scalars(node: Node, name: str) -> list[str | Decimal]:
    """The numbers and the texts that say something."""
    return [
        each
        for each in flat(node.get(name), 20)
        if isinstance(each, Decimal) or (isinstance(each, str) and bool(each.strip()))
    ]


def text(node: Node, name: str, longest: int = LONGEST_LABEL) -> str:
    """On one line, of what the database takes: neither control characters nor halves of surrogate pairs."""
    value = first(node.get(name))
    return printable(value, longest) if isinstance(value, str) else ""


def printable(value: str, longest: int = LONGEST_LABEL) -> str:
    line = " ".join(value[: longest * 2].split())
    return "".join(each for each in line if each.isprintable())[:longest].strip()


def types(node: Node) -> set[str]:
    """product, of http://schema.org/Product as well as of schema:Product."""
    values = flat(node.get("@type"), _MOST_TYPES)
    return {segment(each[:LONGEST_LABEL]).casefold() for each in values if isinstance(each, str)}


def terms(node: Node, name: str) -> list[str]:
    """outofstock, of https://schema.org/OutOfStock as well as of "Out of stock"."""
    values = flat(node.get(name), _MOST_TYPES)
    words = (re.sub(r"[\W\d_]", "", segment(_named(each)).casefold()) for each in values)
    return [word for word in words if word]


def term(node: Node, name: str) -> str:
    """The first; empty where there is none."""
    return next(iter(terms(node, name)), "")


def segment(value: str) -> str:
    return re.split("[/#:]", value.strip().rstrip("/"))[-1]


def number(node: Node, name: str) -> Decimal | None:
    """A plain number: a quantity, not a price. None where there is none."""
    value = first(node.get(name))
    if isinstance(value, Decimal):
        return value
    found = re.match(r"\s*([0-9]{1,12}(?:\.[0-9]{1,12})?)", value) if isinstance(value, str) else None
    return Decimal(found[1]) if found else None


def flag(node: Node, name: str) -> bool | None:
    value = first(node.get(name))
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold() if isinstance(value, str | Decimal) else ""
    return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(segment(word))


def _named(value: Json) -> str:
    """A term is a text, or a node of that name."""
    if isinstance(value, dict):
        value = value.get("@id") or value.get("name")
    return value[:LONGEST_LABEL] if isinstance(value, str) else ""
