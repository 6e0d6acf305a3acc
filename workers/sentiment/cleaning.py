"""Stored text of reviews to plain text, with the way back: which part of the stored text a part of the plain one is.

One pass over one alternation, which no input makes slow: every repetition in it is bounded, or stops at what it
cannot match. Texts of any length are read up to a bound that the caller names.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

# What `plain` reads of a text, in characters. The longest review that Amazon takes has 20,000.
READ = 20_000

# Where plain text may end: everything else is passed over at the speed of a search for one character.
_MARK = re.compile(r"[<&\x00-\x1f\x7f-\U0010ffff]")
_SPACES = r"\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
# Marks that combine as well: a name with marks piled on it is still read.
_CONTROL = (
    r"\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u0300-\u036f\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    r"\ufff9-\ufffd\ud800-\udfff"
)
_SPECIAL = re.compile(
    rf"""
      (?P<hidden>  <(?P<element>script|style)\b[^<>]{{0,500}}>[^<]{{0,5000}}</(?P=element)\s{{0,9}}>
                 | <!--[^<>]{{0,2000}}-->)
    | (?P<block>   (?:<|&lt;)\s{{0,3}}/?\s{{0,3}}(?:br|p|div|li|ul|ol|tr|td|h[1-6]|blockquote)\b[^<>&]{{0,500}}
                 (?:>|&gt;) )
    | (?P<inline>  </?[a-z][^<>]{{0,500}}> | &lt;/?(?:b|i|em|strong|span|a|u|font)\b[^<>&]{{0,500}}&gt; )
    | (?P<entity>  &(?:amp;){{0,5}}(?:\#[0-9]{{1,7}}|\#x[0-9a-f]{{1,6}}|[a-z][a-z0-9]{{1,30}}); )
    | (?P<line>    (?:\r\n|[\n\r\v\f\x85\u2028\u2029])[\s\x00-\x1f]{{0,1000}} )
    | (?P<space>   [\ \t{_SPACES}]{{1,1000}} )
    | (?P<control> [{_CONTROL}]{{1,1000}} )
    | (?P<other>   [^\x00-\x9f{_SPACES}{_CONTROL}]{{1,200}} )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_TYPOGRAPHY = str.maketrans(
    {"’": "'", "‘": "'", "´": "'", "ʼ": "'", "“": '"', "”": '"', "„": '"', "‐": "-", "‑": "-"}
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Plain text; lines of the stored text, and its HTML's blocks, are lines of it.

    `starts` and `stored` are the places in the plain and in the stored text where a stretch begins; within a stretch
    that is not in `replaced` the two run alike.
    """

    text: str
    starts: tuple[int, ...]
    stored: tuple[int, ...]
    replaced: frozenset[int]

    def stored_span(self, start: int, end: int) -> tuple[int, int]:
        """The half-open span of the stored text that became text[start:end], for start < end."""
        return self._place(start, 0), self._place(end - 1, 1)

    def _place(self, position: int, after: int) -> int:
        index = bisect_right(self.starts, position) - 1
        if index in self.replaced:
            return self.stored[index + after]
        return self.stored[index] + position - self.starts[index] + after


def clean(text: str, limit: int = READ) -> Cleaned:
    """Read the first `limit` characters: without HTML, entities, control characters and runs of white space."""
    text = text[:limit]
    pieces: list[str] = []
    starts, stored, replaced = [0], [0], set[int]()
    length = read = 0
    for begin, end, new in _replacements(text):
        pieces += text[read:begin], new
        length += begin - read
        if new:
            replaced.add(len(starts))
            starts.append(length)
            stored.append(begin)
        length += len(new)
        read = end
        starts.append(length)
        stored.append(read)
    pieces.append(text[read:])
    return Cleaned("".join(pieces), tuple(starts), tuple(stored), frozenset(replaced))


def _replacements(text: str) -> Iterator[tuple[int, int, str]]:
    """Stretches of the text, and what stands in their place."""
    mark = _MARK.search(text)
    while mark:
        match = _SPECIAL.match(text, mark.start())
        if match and (new := _replacement(match)) != match[0]:
            yield match.start(), match.end(), new
        mark = _MARK.search(text, match.end() if match else mark.end())


def plain(text: str, limit: int = READ) -> str:
    """The first `limit` characters as one line of plain text."""
    return " ".join(clean(text, limit).text.split())


def _replacement(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "other":
        return unicodedata.normalize("NFKC", match[0].translate(_TYPOGRAPHY))
    if kind == "entity":
        return _character(match[0])
    return "\n" if kind in ("block", "line") else " " if kind in ("space", "hidden") else ""


def _character(entity: str) -> str:
    """What an entity stands for, also one that was escaped twice; what is no entity stays."""
    once = "&" + entity.rpartition("&")[2].removeprefix("amp;") if entity.startswith("&amp;") else entity
    while once.startswith("&amp;") and once != "&amp;":
        once = "&" + once.removeprefix("&amp;")
    character = html.unescape(once)
    if character != once and (not character.isprintable() or character.isspace()):
        return " "
    return unicodedata.normalize("NFKC", character.translate(_TYPOGRAPHY))
