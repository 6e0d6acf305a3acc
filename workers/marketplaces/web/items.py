"""What the elements of a page say: microdata, RDFa and OpenGraph, all as JSON-LD has it.

Whoever serves the page may be hostile: everything here takes time in proportion to the page, and raises nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workers.marketplaces.web.values import Json, Node, segment

# Where an element has its property, in this order; else it is its text.
# Some have the type of a price in itemtype, as Google asked for.
_VALUE_ATTRIBUTES = ("content", "resource", "href", "src", "data", "value", "datetime", "itemtype")
READ_ATTRIBUTES = {
    *_VALUE_ATTRIBUTES,
    *("id", "itemscope", "itemprop", "itemtype", "itemid", "itemref"),
    *("typeof", "property", "about", "rel", "name", "type", "style"),
}
# A description may be as long as the page; of what is read here nothing is.
_LONGEST_TEXT = 500
_MOST_ELEMENTS_OF_A_TEXT = 50
# Nested items repeat the text of those within for each level.
_DEEPEST_ITEM = 8
_MOST_PROPERTIES = 20_000
# An element that many items refer to is visited for each of them.
_MOST_VISITED = 600_000
# What is crossed out is what was asked before.
_CROSSED_OUT = {"del", "s", "strike"}
_SEPARATOR = re.compile(r"\s[|–—-]\s")
# 19<sup>99</sup> is 19.99, and neither 1999 nor 19 99.
_BOUNDARY = "\x1f"
_SPACES = re.compile(r"\s+")
_BETWEEN_DIGITS = re.compile(rf"(?<=\d){_BOUNDARY}+(?=\d)")


@dataclass(frozen=True, slots=True)
class Grammar:
    """In which attributes a form has an item, its type, its own name, and the properties of the one around it."""

    item: str
    type: str
    identity: tuple[str, ...]
    property: tuple[str, ...]


MICRODATA = Grammar("itemscope", "itemtype", ("itemid",), ("itemprop",))
RDFA = Grammar("typeof", "typeof", ("resource", "about"), ("property", "rel"))


def items(root: Any, grammar: Grammar) -> Iterator[Node]:
    """Those that are not a property of another."""
    yield from _Items(root, grammar).all()


class _Items:
    """Items of one page. What is beyond the limits of depth and number is left out."""

    def __init__(self, root: Any, grammar: Grammar) -> None:
        self._root = root
        self._grammar = grammar
        self._left = _MOST_PROPERTIES
        self._visits_left = _MOST_VISITED
        self._by_id: dict[str, Any] = {}
        for element in root.xpath("//*[@id]"):
            self._by_id.setdefault(element.get("id"), element)

    def all(self) -> Iterator[Node]:
        for element in self._root.xpath(f"//*[@{self._grammar.item}]"):
            if not self._names(element):
                yield self._item(element, _DEEPEST_ITEM)

    def _names(self, element: Any) -> list[str]:
        """The properties whose value the element is."""
        for attribute in self._grammar.property:
            if attribute in element.attrib:
                return [segment(name) for name in element.get(attribute).split()]
        return []

    def _item(self, element: Any, levels: int) -> Node:
        item: Node = {"@type": list[Json](element.get(self._grammar.type, "").split())}
        if identity := next(filter(None, map(element.get, self._grammar.identity)), None):
            item["@id"] = identity[:_LONGEST_TEXT]
        for each in self._of_the_item(element):
            if self._left == 0:
                break
            self._left -= 1
            value = self._value(each, levels)
            for name in dict.fromkeys(self._names(each)):
                _add(item, name, value)
        return item

    def _value(self, element: Any, levels: int) -> Json:
        if self._grammar.item in element.attrib:
            return self._item(element, levels - 1) if levels else None
        for attribute in _VALUE_ATTRIBUTES:
            if attribute in element.attrib:
                return str(element.get(attribute))[:_LONGEST_TEXT]
        if self._grammar is RDFA and "property" not in element.attrib and levels:
            # A hanging rel: what it is about are the items in it.
            return [self._item(each, levels - 1) for each in self._of_the_item(element, items=True)]
        return _text(element)

    def _of_the_item(self, element: Any, *, items: bool = False) -> Iterator[Any]:
        """The elements with its properties, in their order, those that it refers to last; not of the items within.

        Or those items. Neither what is crossed out, nor what RDFa says about something else.
        """
        # Only microdata has references of this kind.
        names = element.get("itemref", "").split() if self._grammar is MICRODATA else ()
        referred = (self._by_id.get(name) for name in names)
        waiting = [iter(each for each in referred if each is not None), iter(element)]
        while waiting and self._visits_left:
            each = next(waiting[-1], None)
            if each is None:
                waiting.pop()
                continue
            self._visits_left -= 1
            if _is_crossed_out(each):
                continue
            is_item = self._grammar.item in each.attrib
            if is_item if items else self._names(each):
                yield each
            if not is_item and not (self._grammar is RDFA and "about" in each.attrib):
                waiting.append(iter(each))


def opengraph(root: Any) -> dict[str, list[str]]:
    """What <meta property="og:…" content> have, by property."""
    found: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name = (element.get("property") or element.get("name") or "").strip().lower()
        if name.startswith(("og:", "product:")) and (content := (element.get("content") or "").strip()):
            found.setdefault(name, []).append(content[:_LONGEST_TEXT])
    return found


def canonical(root: Any) -> str:
    """The address that the page gives itself; empty where it gives none."""
    for element in root.iter("link"):
        if "canonical" in (element.get("rel") or "").lower().split():
            return str(element.get("href") or "").strip()
    return ""


def titles(root: Any, properties: dict[str, list[str]]) -> list[str]:
    """What the page calls its subject: its heading, if it has one, and its title without the shop's name."""
    headings = [_text(each) for each in root.iter("h1")]
    named = [part for each in properties.get("og:title", ()) for part in (each, _SEPARATOR.split(each)[0])]
    return [*(headings if len(headings) == 1 else []), *named]


def _is_crossed_out(element: Any) -> bool:
    return element.tag in _CROSSED_OUT or "line-through" in element.get("style", "").lower()


def _text(element: Any) -> str:
    """Without what is crossed out."""
    parts: list[str | None] = [element.text]
    # The elements that are not at their end, with the text behind each.
    waiting: list[tuple[Iterator[Any], str | None]] = [(iter(element), None)]
    left = _MOST_ELEMENTS_OF_A_TEXT
    while waiting:
        if not left:
            # What is not read may change what is.
            parts.append("…")
            break
        each = next(waiting[-1][0], None)
        if each is None:
            parts.append(waiting.pop()[1])
            continue
        left -= 1
        if _is_crossed_out(each):
            parts.append(each.tail)
        else:
            parts.append(each.text)
            waiting.append((iter(each), each.tail))
    joined = _BOUNDARY.join(_SPACES.sub(" ", part)[:_LONGEST_TEXT] for part in parts if part)[:_LONGEST_TEXT]
    return " ".join(_BETWEEN_DIGITS.sub("|", joined).replace(_BOUNDARY, "").split())


def _add(item: Node, name: str, value: Json) -> None:
    """A property that comes twice has a list."""
    if name not in item:
        item[name] = value
    elif isinstance(before := item[name], list):
        before.append(value)
    else:
        item[name] = [before, value]
