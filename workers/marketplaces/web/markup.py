"""From a page's bytes to its scripts of JSON-LD and a tree of its elements with the few attributes that are read.

Whoever serves the page may be hostile: everything here takes time in proportion to the page, and raises nothing.
"""

import codecs
import re
from dataclasses import dataclass
from html import unescape
from typing import Any

from lxml import etree  # type: ignore[import-untyped]  # it has no types of its own

from workers.marketplaces.web.items import READ_ATTRIBUTES

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
# What is in them is text, whatever it looks like; a template's is shown nowhere.
_RAW = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE)
    for name in ("script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes", "template")
}
# A page has some thousands: more would take more than a second.
_MOST_TAGS = 200_000

# Of an attribute, and of a text between two tags: whatever is read is shorter, and some are read again and again.
_LONGEST_VALUE = 2500
_LONGEST_PIECE = 1000


@dataclass(frozen=True, slots=True)
class Markup:
    """The texts of the scripts of JSON-LD, and the root element; None where the page has no element."""

    scripts: list[str]
    root: Any


def parsed(page: bytes, charset: str | None) -> Markup:
    """`charset` is the HTTP header's."""
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    html, scripts = _cleaned(_decoded(page, charset).replace("\0", "\N{REPLACEMENT CHARACTER}"))
    try:
        return Markup(scripts, etree.fromstring(html.encode("utf-8", "replace"), parser))
    except etree.ParseError:
        return Markup(scripts, None)


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
            pieces.append(_piece(text[at:]))
            break
        pieces.append(_piece(text[at:start]))
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


def _piece(text: str) -> str:
    return text if len(text) <= _LONGEST_PIECE else " ".join(text.split())[:_LONGEST_PIECE]


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
        if name in READ_ATTRIBUTES:
            value = each["value"] or ""
            quoted = len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]
            value = (value[1:-1] if quoted else value)[:_LONGEST_VALUE]
            found.setdefault(name, value.replace('"', "&quot;"))
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
