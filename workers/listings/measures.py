"""What a number measures: a length and no width, what a thing bears and not what it weighs, hours that it runs and
not those that it charges.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from functools import cache, lru_cache
from typing import NamedTuple

from workers.listings import lexicons
from workers.listings.amounts import unit_of
from workers.listings.ordinary import root_of
from workers.listings.tokens import Clause, lemma_of

_LENGTHS = frozenset({"mm", "cm", "m", "in", "ft", '"', "″", "'", "′", "’", ""})
_WEIGHTS = frozenset({"mg", "g", "kg", "oz", "lb", ""})
_TIMES = frozenset({"h", "min", "day", ""})
# Of each kind a number measures one at most: it may be the length of what is folded.
_KINDS = (
    (_LENGTHS, ("length", "width", "height", "depth", "thickness", "diameter", "girth")),
    (_LENGTHS, ("folded", "unfolded")),
    (_WEIGHTS, ("weight", "load")),
    (_TIMES, ("charging", "running", "off", "heating", "drying")),
)
# "Length: 20 cm", and "20 cm (length)".
_LABEL = re.compile(r"[^.!?;,:()\d\n]{1,40}[:=(]\s?\Z")
_BRACKET = re.compile(r"\s?\([^()\d]{1,30}\)")
# Between two numbers of one unit, 20 x 10 cm, and between those of one measure: 44 to 54 cm high.
_TO = r"-|–|to|bis|à|a|and|und|et|y|or|oder|ou|o"
_PAIRED, _RANGE = re.compile(rf"\s?(?:x|×|/|{_TO})\s?"), re.compile(rf"\s?(?:{_TO})\s?")


class Measured(NamedTuple):
    """A number as amounts have it, and what it measures."""

    value: str
    unit: str
    measures: str


class _Amount(NamedTuple):
    value: str
    unit: str
    start: int
    end: int


def measured_in(clause: Clause, text: str, language: str) -> Iterator[Measured]:
    amounts = list(_amounts(clause, text))
    if not amounts:
        return
    start, end = _around(clause, text)
    for units, measures in _KINDS:
        named = [
            each._replace(start=start + each.start, end=start + each.end)
            for each in _names(text[start:end], measures, language)
        ]
        if named:
            yield from _bound([each for each in amounts if each.unit in units], amounts, named, text)


@cache
def measure_names(language: str) -> frozenset[str]:
    """The roots of words that name what is measured."""
    words = (
        word for _, kind in _KINDS for each in kind for word in lexicons.words_within(f"measures-{each}", language)
    )
    return frozenset(root_of(lemma_of(word, language), language) for word in words)


def is_measured_otherwise(found: Measured, known: Mapping[tuple[str, str], Set[str]]) -> bool:
    """Whether the source has a number as another measure of its kind, or another number for what it measures."""
    kind = next(names for _, names in _KINDS if found.measures in names)
    if told := known.get((found.value, found.unit), frozenset()) & set(kind):
        return found.measures not in told
    return any(unit == found.unit and found.measures in told for (_, unit), told in known.items())


class _Name(NamedTuple):
    measures: str
    start: int
    end: int


@lru_cache(maxsize=10_000)
def _names(text: str, measures: Sequence[str], language: str) -> Sequence[_Name]:
    sections = [f"measures-{each}" for each in (*measures, "nothing")]
    found = lexicons.find_longest(text, sections, language)
    names = [_Name(each.section.removeprefix("measures-"), each.start, each.end) for each in found]
    return [each for each in names if each.measures != "nothing"]


def _amounts(clause: Clause, text: str) -> Iterator[_Amount]:
    """Of 20 x 10 cm, both are cm."""
    unit, start = "", 0
    found = []
    for index, token in reversed([*enumerate(clause)]):
        if not token.is_number:
            continue
        own, end = unit_of(clause, index, text)
        if not own and _PAIRED.fullmatch(text, token.end, start):
            own = unit
        unit, start = own, token.start
        found.append(_Amount(token.lemma, own, token.start, end))
    yield from reversed(found)


def _around(clause: Clause, text: str) -> tuple[int, int]:
    """A clause with the label before it, if it begins with a number, and the bracket behind it."""
    start, end = clause[0].start, clause[-1].end
    label = _LABEL.search(text, max(0, start - 45), start) if clause[0].is_number else None
    bracket = _BRACKET.match(text, end)
    return (label.start() if label else start), (bracket.end() if bracket else end)


def _bound(
    amounts: Sequence[_Amount], of_clause: Sequence[_Amount], named: Sequence[_Name], text: str
) -> Iterator[Measured]:
    leading = [each for each in named if each.start < of_clause[0].start]
    if 1 < len(leading) == len(amounts):
        # Length and width: 20 and 10 cm.
        yield from (
            Measured(each.value, each.unit, name.measures) for each, name in zip(amounts, leading, strict=True)
        )
        return
    for amount in amounts:
        first = last = of_clause.index(amount)
        while first and _RANGE.fullmatch(text, of_clause[first - 1].end, of_clause[first].start):
            first -= 1
        while last + 1 < len(of_clause) and _RANGE.fullmatch(text, of_clause[last].end, of_clause[last + 1].start):
            last += 1
        low = of_clause[first - 1].end if first else 0
        high = of_clause[last + 1].start if last + 1 < len(of_clause) else None
        before = [each for each in named if low <= each.start < of_clause[first].start]
        behind = [each for each in named if of_clause[last].end <= each.start and (high is None or each.start < high)]
        nearest = (before[-1:] if leading else []) or behind[:1] or before[-1:]
        if nearest and (amount.unit or nearest[0].end + 3 >= amount.start > nearest[0].start):
            yield Measured(amount.value, amount.unit, nearest[0].measures)
