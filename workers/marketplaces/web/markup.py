"""From a page's bytes to what it says of itself by schema.org: JSON-LD and microdata, both as JSON-LD has it.

Whoever serves the page may be hostile: everything here takes time in proportion to the page, and raises nothing.
"""

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from html import unescape
from itertools import islice
from typing import Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]  # it has no types of its own

Json: TypeAlias = "dict[str, Json] | list[Json] | str | Decimal | bool | None"
Node: TypeAlias = dict[str, Json]

# What browsers know. Python knows more, such as punycode, whose decoder takes quadratic time.
_ENCODINGS = re.compile(
    r"utf-8|utf-16|utf-16-[bl]e|ascii|iso8859-\d+|cp125\d|cp866|koi8-[ru]|gb2312|gbk|gb18030|big5|big5hkscs"
    r"|shift_jis|cp932|euc_jp|iso2022_jp|euc_kr|cp949|tis-620|mac-roman"
)
_META_CHARSET = re.compile(rb"<meta\b[^>]{0,200}?\bcharset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_META_WITHIN = 4096
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}

_LETTER = re.compile(r"[a-zA-Z]")
_COMMENT_END = re.compile(r"--!?>")
_ATTRIBUTE = r"""[\s/]*+{name}=?+[^\s/>=]*+{end}(?:\s*+=\s*+{value}(?:"[^"]*+"|'[^']*+'|[^\s>]*+){end})?+"""
_EACH = re.compile(_ATTRIBUTE.format(name="(?=[^\\s/>])(?P<name>", value="(?P<value>", end=")"))
_ANY = _ATTRIBUTE.format(name="(?=[^\\s/>])(?:", value="(?:", end=")")
_TAG = re.compile(rf"<(?P<closing>/?)(?P<name>[a-zA-Z][^\s/>]*+)(?P<attributes>(?:{_ANY})*+)[\s/]*+>")
_NAME = re.compile(r"[a-z][a-z0-9-]*")
# What is in them is text, whatever it looks like.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes")
}
# A page has some thousands: more would take more than a second.
_MOST_TAGS = 200_000

# <!-- … -->, and //<![CDATA[ … //]]> as well as /*<![CDATA[*/ … /*]]>*/
_OPENING = re.compile(r"<!--|(?:(?://|/\*)\s*)?<!\[CDATA\[\s*(?:\*/)?")
_CLOSING = re.compile(r"(?:-->|(?://|/\*)?\s*\]\]>\s*(?:\*/)?)\s*\Z")
_LONGEST_CLOSING = 40
_TRAILING_COMMA = re.compile(r",(?=\s*[}\]])")

_LONGEST_NUMBER = 50

# Where an element has its property, in this order; else it is its text.
_VALUE_ATTRIBUTES = ("content", "href", "src", "data", "value", "datetime")
_READ_ATTRIBUTES = {"itemscope", "itemprop", "itemtype", "type", *_VALUE_ATTRIBUTES}
# A description may be as long as the page; of what is read here nothing is.
_LONGEST_TEXT = 500
_MOST_ELEMENTS_OF_A_TEXT = 50
# Nested items repeat the text of those within for each level.
_DEEPEST_ITEM = 8
_MOST_PROPERTIES = 20_000


def nodes(page: bytes, charset: str | None) -> Iterator[Node]:
    """The page's items, those of JSON-LD first. `charset` is the HTTP header's."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    html, scripts = _cleaned(_decoded(page, charset).replace("\0", "\N{REPLACEMENT CHARACTER}"))
    for script in scripts:
        yield from _objects(_parsed(script))
    try:
        root = etree.fromstring(html.encode("utf-8", "replace"), parser)
    except etree.ParseError:
        return
    if root is not None:
        yield from _Microdata().items(root)


def _cleaned(text: str) -> tuple[str, list[str]]:
    """The page with the few attributes that are read, without scripts and comments; and its scripts of JSON-LD.

    The parser compares each attribute of an element with all before: 200,000 take a minute. What it gets is written
    here, so that no trick with quotes and comments makes it see another tag than we do.
    """
    pieces: list[str] = []
    scripts: list[str] = []
    at = 0
    for _ in range(_MOST_TAGS):
        start = text.find("<", at)
        if start < 0:
            pieces.append(text[at:])
            break
        pieces.append(text[at:start])
        if tag := _TAG.match(text, start):
            at = _end_of(tag, text)
            pieces.append(_written(tag))
            if _is_json_ld(tag):
                scripts.append(text[tag.end() : at])
        elif text.startswith("<!--", start):
            at = _end_of_comment(text, start)
        elif text.startswith(("<!", "<?", "</"), start):
            at = _after(">", text, start)
        elif _LETTER.match(text, start + 1):
            # A tag without an end: as browsers do, nothing of it is taken.
            break
        else:
            pieces.append("&lt;")
            at = start + 1
    return "".join(pieces), scripts


def _after(mark: str, text: str, start: int) -> int:
    found = text.find(mark, start)
    return len(text) if found < 0 else found + len(mark)


def _end_of_comment(text: str, start: int) -> int:
    if text.startswith(("<!-->", "<!--->"), start):
        return _after(">", text, start)
    found = _COMMENT_END.search(text, start + 4)
    return found.end() if found else len(text)


def _end_of(tag: re.Match[str], text: str) -> int:
    """Of the tag, or of the text that it begins."""
    raw = None if tag["closing"] else _RAW.get(tag["name"].lower())
    if raw is None:
        return tag.end()
    found = raw.search(text, tag.end())
    return found.start() if found else len(text)


def _written(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    if name in _RAW or not _NAME.fullmatch(name):
        return ""
    if tag["closing"]:
        return f"</{name}>"
    attributes = "".join(f' {each}="{value}"' for each, value in _attributes(tag).items())
    return f"<{name}{attributes}>"


def _attributes(tag: re.Match[str]) -> dict[str, str]:
    """Those that are read, the first of each name; their values as they may stand in double quotes."""
    found: dict[str, str] = {}
    for each in _EACH.finditer(tag["attributes"]):
        name = each["name"].lower()
        if name in _READ_ATTRIBUTES:
            value = each["value"] or ""
            quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
            found.setdefault(name, (value[1:-1] if quoted else value).replace('"', "&quot;"))
    return found


def _is_json_ld(tag: re.Match[str]) -> bool:
    if tag["closing"] or tag["name"].lower() != "script":
        return False
    kind = unescape(_attributes(tag).get("type", ""))
    return kind.partition(";")[0].strip().lower() == "application/ld+json"


def _decoded(page: bytes, charset: str | None) -> str:
    for mark, encoding in _MARKS.items():
        if page.startswith(mark):
            return page[len(mark) :].decode(encoding, "replace")
    within = _META_CHARSET.search(page, 0, _META_WITHIN)
    named = charset or (within and within[1].decode("ascii", "replace")) or "utf-8"
    return page.decode(_known(named), "replace")


def _known(name: str) -> str:
    """Python's name of an encoding. What pages call Latin-1 or ASCII is Windows' superset of both."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return "utf-8"
    if known in ("ascii", "iso8859-1"):
        return "cp1252"
    return known if _ENCODINGS.fullmatch(known) else "utf-8"


def _objects(value: Json) -> Iterable[Node]:
    values = value if isinstance(value, list) else [value]
    return (each for each in values if isinstance(each, dict))


def _parsed(text: str) -> Json:
    """What a script says; None where that is not JSON, or nested too deep for Python."""
    text = text.strip()
    if opening := _OPENING.match(text):
        text = text[opening.end() : -_LONGEST_CLOSING] + _CLOSING.sub("", text[opening.end() :][-_LONGEST_CLOSING:])
    for attempt in (text, _TRAILING_COMMA.sub("", text)):
        try:
            value: Json = json.loads(
                attempt, strict=False, parse_float=_number, parse_int=_number, parse_constant=lambda _: None
            )
        except (ValueError, RecursionError):
            continue
        return value
    return None


def _number(digits: str) -> Decimal | None:
    """As written: a float would not be. None for what is nobody's price."""
    try:
        return Decimal(digits) if len(digits) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        return None


class _Microdata:
    """Items of one page. What is beyond the limits of depth and number is left out."""

    def __init__(self) -> None:
        self._left = _MOST_PROPERTIES

    def items(self, root: Any) -> Iterator[Node]:
        for element in root.iter(etree.Element):
            if "itemscope" in element.attrib and "itemprop" not in element.attrib:
                yield self._item(element, _DEEPEST_ITEM)

    def _item(self, element: Any, levels: int) -> Node:
        item: Node = {"@type": list[Json](element.get("itemtype", "").split())}
        for each in _of_the_item(element):
            if self._left == 0:
                break
            self._left -= 1
            value = self._value(each, levels)
            for name in dict.fromkeys(each.get("itemprop").split()):
                _add(item, name, value)
        return item

    def _value(self, element: Any, levels: int) -> Json:
        if "itemscope" in element.attrib:
            return self._item(element, levels - 1) if levels else None
        for attribute in _VALUE_ATTRIBUTES:
            if attribute in element.attrib:
                return str(element.get(attribute))[:_LONGEST_TEXT]
        return _text(element)


def _of_the_item(element: Any) -> Iterator[Any]:
    """The elements with its properties, in their order; not those of the items within."""
    waiting = list(reversed(element))
    while waiting:
        each = waiting.pop()
        if "itemprop" in each.attrib:
            yield each
        if "itemscope" not in each.attrib:
            waiting.extend(reversed(each))


def _text(element: Any) -> str:
    parts = [element.text]
    for each in islice(element.iterdescendants(), _MOST_ELEMENTS_OF_A_TEXT):
        parts += each.text, each.tail
    return " ".join("".join(part[:_LONGEST_TEXT] for part in parts if part)[:_LONGEST_TEXT].split())


def _add(item: Node, name: str, value: Json) -> None:
    """A property that comes twice has a list."""
    if name not in item:
        item[name] = value
    elif isinstance(before := item[name], list):
        before.append(value)
    else:
        item[name] = [before, value]
