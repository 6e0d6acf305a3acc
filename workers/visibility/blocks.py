"""The parts of an answer: headings, entries of lists, rows of tables, and prose."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from itertools import groupby

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
    # Whether it stands under "Avoid:", or bears a cross.
    is_warned_of: bool = False


_MEDALS = {"🥇": 1, "🥈": 2, "🥉": 3}
_SIGNS = "\u2190-\u21ff\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_SIGN = rf"(?:(?![🥇🥈🥉])[{_SIGNS}]\s*)"
_CROSSES = re.compile(r"\s*(?:[-*+•–—]\s+)?(?:\*\*|__)?\s*[❌🚫⛔👎🚩✖✗✘]")
_HEADING = re.compile(rf"\s{{0,3}}(#{{1,6}})\s+{_SIGN}?(?=\S)")
_BOLD_LINE = re.compile(rf"\s{{0,3}}{_SIGN}?(?:\*\*|__)(?=[^*_\n]+(?:\*\*|__):?\s*$)")
# "Worth buying:": a few words and a colon.
_LABEL = re.compile(rf"\s{{0,3}}{_SIGN}?(?=[^\s|#>*\-•][^:.!?\n]{{2,60}}:\s*$)")
# "1.", "2)", "3️⃣", "#4", "5th:", and "Platz 6:".
_ORDINAL = (
    r"(\d{1,2})(?:st|nd|rd|th|er|re|e|º|ª|°)?(?:\s(?:place|platz|place|puesto|lugar))?:(?=\s)"
    r"|(?:place|platz|rang|rank|no\.?|nr\.?|number|nummer|numero|número|puesto|lugar|top)\s?(\d{1,2})(?:\s?[:–—-]|\.)(?=\s)"
)
_NUMBERED = rf"(\d{{1,2}})(?:[.)](?=\s|\*)|\u20e3)|#(\d{{1,2}})(?!\w)[.):]?|{_ORDINAL}|([🥇🥈🥉])"
_NUMBER = re.compile(rf"(?:\*\*|__)?(?:{_NUMBERED})\s*", re.IGNORECASE)
_MARKED = re.compile(rf"\s*(?:[-*+•–—◦▪‣·●○]\s+{_SIGN}?(?=\S)|{_SIGN}(?=\S)|[a-h]\)\s+|[IVX]{{1,4}}\.\s+)")
_COUNTED = re.compile(rf"\s*(?=(?:\*\*|__)?(?:{_NUMBERED}))", re.IGNORECASE)
# "**Brita** – 4.5 of 5": a line that begins with a name.
_NAMED = re.compile(r"\s*(?=(?:\*\*|__)[^*_:\n]{2,60}(?:\*\*|__)\s*[:–—-])")
# "Best budget: Brita", "**Best budget:** Brita", and a line that is nothing but a name: entries where several follow.
_LABELLED_LINE = re.compile(r"\s*(?:\*\*|__)?(?=[^\W_])[^:.!?|\n]{2,50}:(?:\*\*|__)?\s+\S")
_NAME_LINE = re.compile(r"\s*(?:\*\*|__)?[A-ZÀ-Þ0-9][^\n|]{1,70}[^\s.!?,;:]\s*")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*\|[\s|:\-]+$")
_BOLD, _LABELLED = 7, 8
# How many lines with labels, or with names, are a list.
_LABELS, _NAMES = 2, 3
# A heading that warns is short.
_SHORT = 60


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
    found = [part for block in found for part in _own_lines(block, text, words)]
    return list(_with_warnings(_with_labels(found, text, words), text, words))


def _own_lines(block: Block, text: str, words: Lexicon) -> list[Block]:
    """A paragraph whose lines are names or labels: each is a block of its own."""
    lines = list(_lines(text[block.start : block.end]))
    if block.kind is not Kind.PROSE or len(lines) < _LABELS:
        return [block]
    spans = [(block.start + start, block.start + end) for start, end in lines]
    if all(_is_labelled(text[start:end], words) for start, end in spans):
        return [Block(Kind.PROSE, start, end) for start, end in spans]
    if len(lines) >= _NAMES and all(_NAME_LINE.fullmatch(text[start:end]) for start, end in spans):
        return [Block(Kind.ITEM, start, end) for start, end in spans]
    return [block]


def _is_labelled(line: str, words: Lexicon) -> bool:
    """Whether it begins with a label that is not a verdict's."""
    found = _LABELLED_LINE.match(line)
    return found is not None and words.pattern("verdict").match(folded(found[0]).strip(" *_")) is None


def _with_labels(blocks: list[Block], text: str, words: Lexicon) -> list[Block]:
    """Lines with labels that follow each other are entries."""
    is_labelled = [each.kind is Kind.PROSE and _is_labelled(text[each.start : each.end], words) for each in blocks]
    found: list[Block] = []
    for has_label, run in groupby(zip(is_labelled, blocks, strict=True), key=lambda each: each[0]):
        inside = [block for _, block in run]
        is_list = has_label and len(inside) >= _LABELS
        found += [replace(each, kind=Kind.ITEM) for each in inside] if is_list else inside
    return found


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
    is_warned_of = _CROSSES.match(line) is not None
    if (marked := _HEADING.match(line)) or (marked := _BOLD_LINE.match(line)) or (marked := _LABEL.match(line)):
        level = len(marked[1]) if marked.re is _HEADING else _BOLD if marked.re is _BOLD_LINE else _LABELLED
        number = _NUMBER.match(line, marked.end())
        # A bold line that begins with a number and has more below is a heading too.
        return Block(
            Kind.HEADING, start + (number or marked).end(), end, level, _number(number), is_warned_of=is_warned_of
        )
    if item := _MARKED.match(line) or _COUNTED.match(line) or _NAMED.match(line):
        number = _NUMBER.match(line, item.end())
        indent = len(line) - len(line.lstrip())
        return Block(
            Kind.ITEM, start + (number or item).end(), end, indent, _number(number), is_warned_of=is_warned_of
        )
    return Block(Kind.PROSE, start, end)


def _number(found: re.Match[str] | None) -> int | None:
    if found is None:
        return None
    *figures, medal = found.groups()
    return _MEDALS[medal] if medal else int(next(each for each in figures if each))


def _with_warnings(blocks: list[Block], text: str, words: Lexicon) -> Iterator[Block]:
    """What stands below "Avoid" is marked: entries up to the next heading or paragraph, below a heading all."""
    warns = is_heading = False
    for block in blocks:
        if block.kind is Kind.HEADING:
            said = folded(text[block.start : block.end]).strip(" *_:.!")
            warns = len(said) <= _SHORT and words.pattern("against heading").search(said) is not None
            warns = warns or block.is_warned_of
            is_heading = block.level < _LABELLED
        elif block.kind is Kind.PROSE and not is_heading:
            warns = False
        yield replace(block, is_warned_of=True) if warns else block
