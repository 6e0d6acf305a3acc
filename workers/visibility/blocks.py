"""The parts of an answer: headings, entries of lists, rows of tables, and prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from workers.visibility.folding import folded
from workers.visibility.lexicons import Lexicon


class Kind(Enum):
    HEADING = "heading"
    ITEM = "item"
    ROW = "row"
    PROSE = "prose"


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    # Places in the answer, without what marks the block.
    start: int
    end: int
    # Of a heading its level, of an entry its indent.
    level: int = 0
    # The number that it bears itself.
    number: int | None = None
    # Whether it is the first row of a table, with a rule below it.
    is_header: bool = False
    # Whether it stands under "Avoid:".
    is_warned_of: bool = False


_MEDALS = {"🥇": 1, "🥈": 2, "🥉": 3}
_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(?=\S)")
_BOLD_LINE = re.compile(r"\s{0,3}(?:\*\*|__)(?=[^*_\n]+(?:\*\*|__):?\s*$)")
# "Worth buying:": a few words and a colon.
_LABEL = re.compile(r"\s{0,3}(?=[^\s|#>*\-•][^:.!?\n]{2,60}:\s*$)")
_NUMBER = re.compile(r"(?:\*\*|__)?(?:(\d{1,2})[.)](?=\s|\*)|#(\d{1,2})(?!\w)[.):]?|([🥇🥈🥉]))\s*")
_ITEM = re.compile(r"\s*(?:[-*+•–]\s+(?=\S)|(?=(?:\*\*|__)?(?:\d{1,2}[.)](?:\s|\*)|#\d{1,2}(?!\w)|[🥇🥈🥉])))")
# "**Brita** – 4.5 of 5": a line that begins with a name.
_NAMED = re.compile(r"\s*(?=(?:\*\*|__)[^*_:\n]{2,60}(?:\*\*|__)\s*[:–—-])")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*\|[\s|:\-]+$")
_BOLD, _LABELLED = 7, 8


def blocks_of(text: str, words: Lexicon) -> list[Block]:
    """The blocks in order. Lines of prose, or below an entry and indented, are one with the line before."""
    found: list[Block] = []
    is_open = False
    for start, end in _lines(text):
        line = text[start:end]
        if not line.strip() or _RULE.fullmatch(line):
            is_open = False
            _mark_header(found, line)
            continue
        block = _block(line, start, end)
        if block.kind is Kind.PROSE and is_open and found[-1].kind in (Kind.PROSE, Kind.ITEM):
            found[-1] = replace(found[-1], end=end)
        else:
            found.append(block)
        is_open = True
    return list(_with_warnings(found, text, words))


def _lines(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for line in text.split("\n"):
        yield start, start + len(line)
        start += len(line) + 1


def _mark_header(found: list[Block], line: str) -> None:
    if line.strip() and found and found[-1].kind is Kind.ROW:
        found[-1] = replace(found[-1], is_header=True)


def _block(line: str, start: int, end: int) -> Block:
    if _ROW.match(line):
        return Block(Kind.ROW, start, end)
    if (marked := _HEADING.match(line)) or (marked := _BOLD_LINE.match(line)) or (marked := _LABEL.match(line)):
        level = len(marked[1]) if marked.re is _HEADING else _BOLD if marked.re is _BOLD_LINE else _LABELLED
        number = _NUMBER.match(line, marked.end())
        # A bold line that begins with a number and has more below is a heading too.
        return Block(Kind.HEADING, start + (number or marked).end(), end, level, _number(number))
    if item := _ITEM.match(line) or _NAMED.match(line):
        number = _NUMBER.match(line, item.end())
        return Block(Kind.ITEM, start + (number or item).end(), end, len(line) - len(line.lstrip()), _number(number))
    return Block(Kind.PROSE, start, end)


def _number(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    listed, ranked, medal = found.groups()
    return _MEDALS[medal] if medal else int(listed or ranked)


def _with_warnings(blocks: list[Block], text: str, words: Lexicon) -> Iterator[Block]:
    """Entries below "Avoid" are marked, up to the next heading or paragraph."""
    warns = False
    for block in blocks:
        if block.kind is Kind.HEADING:
            said = folded(text[block.start : block.end]).strip(" *_:")
            warns = words.pattern("against heading").fullmatch(said) is not None
        elif block.kind is Kind.PROSE:
            warns = False
        yield replace(block, is_warned_of=True) if warns else block
