"""JSON-LD as pages have it: what browsers and search engines read is not always JSON.

Whoever serves the page may be hostile: everything here takes time in proportion to the script, and raises nothing.
"""

import json
import re
from collections.abc import Iterator
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
_LONGEST_NUMBER = 50


def documents(script: str) -> Iterator[Json]:
    """The values that a script has, one after the other; none where it is not JSON, or nested too deep for Python."""
    for attempt in _attempts(script):
        found = list(_parsed(attempt))
        if found:
            yield from found
            return


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


def _parsed(text: str) -> Iterator[Json]:
    """The documents from the first bracket on, up to the first that is not JSON."""
    beginning = _BEGINNING.match(text)
    at = beginning.end() if beginning else len(text)
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            return
        yield value
        if between := _BETWEEN.match(text, at):
            at = between.end()


def _node(pairs: dict[str, Json]) -> Json:
    """With plain names, of schema:price as well as of http://schema.org/price; a value object is its value."""
    for wrapping in ("@value", "@list", "@set"):
        if wrapping in pairs:
            return pairs[wrapping]
    return {_name(key): value for key, value in pairs.items()}


def _name(key: str) -> str:
    name = segment(key) if ":" in key else key
    # By schema.org's own context.
    return {"type": "@type", "id": "@id"}.get(name, name)


def _number(digits: str) -> Decimal | None:
    """As written: a float would not be. None for what is nobody's price."""
    try:
        return Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        return None


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
