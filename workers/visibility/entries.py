"""The rankings that headings, lists and tables are: which entry has which number and names which brands."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from workers.visibility.blocks import Block, Kind
from workers.visibility.folding import folded
from workers.visibility.lexicons import Lexicon
from workers.visibility.sentences import Sentence, named_together, sign_of

_SEPARATOR = re.compile(r"\s[–—-]+\s|:|–|—|<")
# "Front Range Harness by Ruffwear", "Stagg EKG (Fellow)".
_MAKER = re.compile(r"(?:\b(?:by|from|von|de|par|d')\s|\()\W*$", re.IGNORECASE)
_RANK = re.compile(r"(?:rank\w*|#|no\.?|nr\.?|place|platz|rang|puesto|posicion|position)", re.IGNORECASE)
_FIGURE = re.compile(r"\D{0,3}(\d{1,2})\D{0,3}")
# "Heinz: 9/10", "**Heinz** – 8.5 out of 10", and of German marks, of which 1 is the best, "Hipp: Note 2,3".
_SCORE = re.compile(
    r"[^:\n]{2,50}(?::|\s[–—-])[\s*_]{0,6}(\d{1,2}(?:[.,]\d{1,2})?) ?(?:/|out of|von|sur|de|of) ?(5|10|20|100)\b"
)
_MARK = re.compile(r"[^:\n]{2,50}(?::|\s[–—-])[\s*_]{0,6}note (\d(?:[.,]\d)?)\b", re.IGNORECASE)
_NAME = re.compile(r"[^\W\d_]{3,}(?:-[^\W\d_]+)*|\d{2,}")


@dataclass(frozen=True, slots=True)
class Entry:
    """`places`: of the brands that the entry is about; several share its rank."""

    number: int | None
    places: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Head:
    entry: Entry
    # Whether the entry begins with the brand, or says that it makes the product.
    is_certain: bool


class Entries:
    """Finds the rankings of one answer."""

    def __init__(
        self,
        text: str,
        blocks: Sequence[Block],
        sentences: Sequence[Sentence],
        own: Collection[int],
        words: Lexicon,
    ) -> None:
        self._text, self._blocks, self._own, self._words = text, blocks, own, words
        self._sentences = sentences
        self._first: Mapping[int, Sentence] = {each.block: each for each in reversed(sentences)}

    def ranked(self) -> list[Entry]:
        """The entries in their order; those without a number of their own go on counting."""
        headings = list(self._of_headings())
        return headings or [entry for entries in self._of_lists() for entry in entries]

    def lead_to_alternatives(self) -> bool:
        """Whether the first list is of other choices than the one that was spoken of."""
        lists = (number for number, each in enumerate(self._blocks) if each.kind in (Kind.ITEM, Kind.ROW))
        number = next(lists, 0)
        block = self._blocks[number - 1] if number else None
        said = self._text[block.start : block.end].rsplit("\n", 1)[-1] if block else ""
        return self._words.pattern("alternatives").search(said) is not None

    def introduced(self) -> set[int]:
        """The places in sentences of prose before the first list, without those that lead to it with a colon.

        None before a list with numbers, unless that is one of alternatives.
        """
        has_numbers = any(each.number for each in self._blocks)
        if has_numbers and not self.lead_to_alternatives():
            return set()
        found: set[int] = set()
        for sentence in self._sentences:
            if self._blocks[sentence.block].kind in (Kind.ITEM, Kind.ROW):
                return found
            if self._blocks[sentence.block].kind is Kind.PROSE and not sentence.text.endswith(":"):
                found.update(sentence.places)
        return set()

    def _of_headings(self) -> Iterator[Entry]:
        levels = sorted({each.level for each in self._blocks if each.kind is Kind.HEADING})
        for level in levels:
            numbers = [i for i, each in enumerate(self._blocks) if each.kind is Kind.HEADING and each.level == level]
            heads = [self._head(number) for number in numbers]
            if any(head.entry.places for head in heads):
                # Headings that name nothing ("What to look for") are not entries.
                kept = (h.entry for i, h in zip(numbers, heads, strict=True) if h.entry.places or self._is_named(i))
                yield from kept
                return

    def _is_named(self, number: int, *, with_number: bool = True) -> bool:
        """Whether a heading names a product of somebody else: it has a number, or a word that is none."""
        block = self._blocks[number]
        words = _NAME.findall(self._text[block.start : block.end])
        return (with_number and block.number is not None) or any(not self._words.is_word(word) for word in words)

    def _of_lists(self) -> Iterator[list[Entry]]:
        numbers = [i for i, each in enumerate(self._blocks) if each.kind in (Kind.ITEM, Kind.ROW)]
        for kind, run in groupby(numbers, key=lambda i: (self._blocks[i].kind, self._list_of(i))):
            inside = [i for i in run if not self._blocks[i].is_warned_of]
            if self._is_of_details(kind[1]):
                continue
            if kind[0] is Kind.ITEM:
                yield self._items(inside)
            else:
                yield self._rows(inside)

    def _list_of(self, number: int) -> int:
        """Where the list or table begins: entries that follow each other are of one."""
        while number and self._blocks[number - 1].kind is self._blocks[number].kind:
            number -= 1
        return number

    def _is_of_details(self, first: int) -> bool:
        """Whether the list stands below "Pros:" or the like."""
        heading = self._blocks[first - 1] if first else None
        if heading is None or heading.kind is not Kind.HEADING:
            return False
        said = folded(self._text[heading.start : heading.end]).strip(" *_:")
        return self._words.pattern("details heading").fullmatch(said) is not None

    def _items(self, numbers: list[int]) -> list[Entry]:
        heads = {number: self._head(number) for number in numbers}
        named = [head for head in heads.values() if head.entry.places]
        # Steps of an instruction name a brand here and there.
        if not any(head.is_certain for head in named) and 2 * len(named) < len(numbers):
            return []
        entries = {i: heads[i].entry for i in numbers if heads[i].entry.places or not self._is_detail(i, heads)}
        return self._by_scores(entries) or list(entries.values())

    def _by_scores(self, entries: Mapping[int, Entry]) -> list[Entry]:
        """Where entries without numbers are nothing but brands and scores of the same scale: the best score first."""
        scores = {i: self._score(i) for i in entries}
        found = [score for score in scores.values() if score is not None]
        is_scored = len(found) == len(entries) > 1 and len({scale for scale, _ in found}) == 1
        if not is_scored or any(entry.number for entry in entries.values()):
            return []
        best = {
            value: rank for rank, value in enumerate(sorted({value for _, value in found}, reverse=True), start=1)
        }
        return [replace(entry, number=best[score[1]]) for i, entry in entries.items() if (score := scores[i])]

    def _score(self, number: int) -> tuple[str, float] | None:
        """What an entry begins with behind its name, "8/10" or "Note 2", with its scale: more is better."""
        block = self._blocks[number]
        if found := _SCORE.match(self._text, block.start, block.end):
            return found[2], float(found[1].replace(",", "."))
        mark = _MARK.match(self._text, block.start, block.end) if self._words.language == "de" else None
        return ("mark", -float(mark[1].replace(",", "."))) if mark else None

    def _is_detail(self, number: int, heads: Mapping[int, _Head]) -> bool:
        """Whether an entry is one of several below another that is a product, or the kind of those below it."""
        level = self._blocks[number].level
        above = [i for i in heads if i < number and self._blocks[i].level < level]
        below = [i for i in heads if i == number + 1 and self._blocks[i].level > level]
        is_kind = not self._blocks[number].number or not self._is_named(number, with_number=False)
        return bool(above and heads[above[-1]].entry.places) or bool(below and is_kind)

    def _head(self, number: int) -> _Head:
        """Of a heading or an entry: the brand that it begins with, behind a label, or that its sentence is about."""
        block, sentence = self._blocks[number], self._first.get(number)
        ranked = [place for place in sentence.places if place in self._own] if sentence else []
        if sentence is None or not ranked:
            return _Head(Entry(block.number, ()), False)
        before = sentence.text[: sentence.text.index(sign_of(ranked[0]))]
        head, behind = self._without_label(before)
        if behind:
            return _Head(Entry(block.number, ()), False)
        if self._words.pattern("tier").search(before):
            # All of a tier share its place, however they are listed.
            return _Head(Entry(block.number, tuple(ranked)), True)
        group = next(each for each in named_together(sentence, self._words) if ranked[0] in each)
        places = tuple(place for place in group if place in self._own)
        return _Head(Entry(block.number, places), not head or _MAKER.search(before) is not None)

    def _without_label(self, before: str) -> tuple[str, bool]:
        """What stands between a label and the brand, and whether the brand is only in what follows the head."""
        *labels, head = _SEPARATOR.split(before)
        articles = self._words.words("between")
        rest = " ".join(word for word in head.split() if word.lower() not in articles)
        return rest, len(labels) > 1 or bool(labels and self._is_product(labels[0]))

    def _is_product(self, label: str) -> bool:
        """ "INIU 10000 – lighter than …": what stands before the separator is a name already."""
        said = label.strip()
        is_praise = any(self._words.pattern(section).match(said) for section in ("positive", "label"))
        return not is_praise and any(not self._words.is_word(word) for word in _NAME.findall(label))

    def _rows(self, numbers: list[int]) -> list[Entry]:
        if not numbers:
            return []
        header, rows = (numbers[0], numbers[1:]) if self._blocks[numbers[0]].is_header else (None, numbers)
        column = None if header is None else self._column_of_ranks(header)
        return [Entry(self._figure(row, column), self._row_places(row)) for row in rows]

    def _row_places(self, number: int) -> tuple[int, ...]:
        sentence = self._first.get(number)
        ranked = [place for place in sentence.places if place in self._own] if sentence else []
        return tuple(ranked[:1])

    def _column_of_ranks(self, header: int) -> int | None:
        cells = self._cells(header)
        return next((i for i, cell in enumerate(cells) if _RANK.fullmatch(folded(cell))), None)

    def _figure(self, row: int, column: int | None) -> int | None:
        cells = self._cells(row)
        found = _FIGURE.fullmatch(cells[column]) if column is not None and column < len(cells) else None
        return int(found[1]) if found else None

    def _cells(self, number: int) -> list[str]:
        block = self._blocks[number]
        return [cell.strip() for cell in self._text[block.start : block.end].strip().strip("|").split("|")]
