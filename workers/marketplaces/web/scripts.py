"""JSON-LD as pages have it: what browsers and search engines read is not always JSON.

Whoever serves the page may be hostile: everything here takes time in proportion to the script, and raises nothing.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from html import unescape
from typing import cast

from workers.marketplaces.web.values import Json, segment

# Texts in quotes, comments in several forms, and <![CDATA[ … ]]>, which may itself be in a comment.
_TOKEN = re.compile(
    r'(?P<text>"(?:[^"\\]++|\\.)*+"?+)'
    r"|(?:(?://|/\*)[ \t]*+)?(?:<!\[CDATA\[|&lt;!\[CDATA\[|\]\](?:>|&gt;))(?:[ \t]*+\*/)?"
    r"|<!--|--!?>"
    r"|//[^\n]*+"
    r"|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?+",
    re.DOTALL,
)
_TRAILING_COMMA = re.compile(r'("(?:[^"\\]++|\\.)*+"?+)|,(?=\s*+[}\]])', re.DOTALL)
_WRONG_ESCAPE = re.compile(r'(\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))|\\')
# An assignment, perhaps. Not a text: what is behind one is a part of something that is broken.
_BEGINNING = re.compile(r'[^\[{"]*+(?=[\[{])')
_BETWEEN = re.compile(r"[\s;,\ufeff]*")
_OF_SCHEMA_ORG = re.compile(r"(?:schema|sdo|so|s):|https?://(?:www\.)?schema\.org/", re.IGNORECASE)
# Not within a document: only what stands for itself says its context.
_BEGINNING_OF_ANOTHER = re.compile(r'\{\s*+"@context"')
_MOST_DOCUMENTS = 200
# Each may be as long as the script.
_MOST_BROKEN = 3
_LONGEST_NUMBER = 50


@dataclass(frozen=True, slots=True)
class Documents:
    """The values that a script has, one after the other, and whether it has more that cannot be read."""

    values: list[Json]
    broken: bool


def documents(script: str) -> Documents:
    """What is not JSON, or is nested too deep for Python, is left out."""
    best = Documents([], broken=bool(script.strip()))
    for attempt in _attempts(script):
        found = _parsed(attempt)
        if len(found.values) > len(best.values) or (found.values and not found.broken):
            best = found
        if found.values and not found.broken:
            break
    return best


def _attempts(script: str) -> Iterator[str]:
    """As it is; without what is not JSON; and so with its entities resolved."""
    yield script
    yield _cleaned(script)
    if "&" in script:
        yield _cleaned(unescape(script))


def _cleaned(script: str) -> str:
    without_comments = _TOKEN.sub(lambda token: _kept(token["text"]), script)
    return _TRAILING_COMMA.sub(lambda token: token[1] or "", without_comments)


def _kept(text: str | None) -> str:
    return _WRONG_ESCAPE.sub(lambda escape: escape[1] or "", text) if text else " "


def _parsed(text: str) -> Documents:
    """The documents from the first bracket on. After one that is broken, the next that says its context."""
    values: list[Json] = []
    broken = 0
    beginning = _BEGINNING.match(text)
    at = beginning.end() if beginning else len(text)
    while at < len(text) and len(values) < _MOST_DOCUMENTS and broken < _MOST_BROKEN:
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            broken += 1
            following = _BEGINNING_OF_ANOTHER.search(text, at + 1)
            at = following.start() if following else len(text)
            continue
        values.append(value)
        between = _BETWEEN.match(text, at)
        at = between.end() if between else at
    return Documents(values, broken=broken > 0)


def _node(pairs: dict[str, Json]) -> Json:
    """With plain names, of schema:price as well as of http://schema.org/price; a value object is its value.

    A plain name counts before one with a prefix; retail:price is none of schema.org's.
    """
    for wrapping in ("@value", "@list", "@set"):
        if wrapping in pairs:
            return pairs[wrapping]
    return {_name(key): value for key, value in sorted(pairs.items(), key=lambda pair: ":" not in pair[0])}


def _name(key: str) -> str:
    name = segment(key) if _OF_SCHEMA_ORG.match(key) else key
    # By schema.org's own context.
    return {"type": "@type", "id": "@id"}.get(name, name)


def _number(digits: str) -> Decimal | None:
    """As written: a float would not be. None for what is nobody's price."""
    try:
        number = Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        return None
    # 1e400000000 is written in few digits, and nothing can be computed with it, nor can it be shown.
    return number if number is not None and abs(number.adjusted()) <= _LONGEST_NUMBER else None


def _nothing(_: str) -> None:
    """NaN and Infinity."""


_DECODER = json.JSONDecoder(
    strict=False,
    object_hook=_node,
    # What typeshed wants: their results may be anything.
    parse_float=cast("type[float]", _number),
    parse_int=cast("type[int]", _number),
    parse_constant=_nothing,
)
