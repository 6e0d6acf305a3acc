"""Aspects of a purchase in the clauses of a review, and what a clause says of each.

A phrase of the lexicon tells the aspect. What it says comes from the phrase itself ("broke", "too small"), else from
the words of opinion in its clause, else from the model, which reads the clause. A clause says one thing of an aspect.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import cast

from workers.sentiment import lexicons, phrases
from workers.sentiment.negation import is_negated, is_supposed
from workers.sentiment.phrases import Found
from workers.sentiment.shapes import Aspect, Label
from workers.sentiment.tokens import Span, Words, clauses_of

_POLARITIES: dict[str, Label | None] = {"+": "positive", "-": "negative", "0": "neutral", "?": None}
# What a phrase may need behind it to be one, and is not part of it: in "cheap and", "worth the".
_LINKS = frozenset({".", ",", "?", "and", "but", "the", "a", "an", "i", "to", "for", "than", "my", "is", "was"})
_OPPOSITES: dict[Label, Label] = {"positive": "negative", "negative": "positive", "neutral": "neutral"}
# How long it took: "in a week", "after less than two months".
_BEFORE_A_PERIOD = {"in", "after", "within", "for"}
_PERIOD_WORDS = 4
# Words that the lexicon's phrases end with to be surer, and that begin what comes next.
_LOOSE = {
    *("and", "or", "the", "a", "an", "my", "it", "its", "this", "that", "in", "on", "at", "with", "within", "for"),
    *("to", "of", "from", "after", "when", "as", "by", "than", "then", "so", "if", "because", "even", "just", "is"),
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """An aspect in a clause: places in the plain text. Without a polarity, the model has to read the clause."""

    aspect: Aspect
    polarity: Label | None
    start: int
    end: int
    clause: str


def candidates(text: str, words: Words) -> list[Candidate]:
    """What a plain text says of aspects, in its order: at most one candidate per aspect and clause."""
    found = [_trimmed(words, each) for each in _speaking(phrases.load("aspects.txt").find(words))]
    each = (_candidate(text, words, clause, kept) for clause, kept in _by_clause(words, found))
    return [candidate for candidate in each if candidate]


def _speaking(phrases_of_text: Iterable[Found]) -> list[Found]:
    """Without what only looks like a phrase of an aspect or of an opinion."""
    found = list(phrases_of_text)
    silent = {index for each in found if each.section == "none" for index in range(each.start, each.end)}
    return [each for each in found if each.section != "none" and each.start not in silent]


def _trimmed(words: Words, found: Found) -> Found:
    end = found.end
    while end - found.start > 1 and words.words[end - 1] in _LINKS:
        end -= 1
    return found if end == found.end else Found(found.section, found.start, end)


def _by_clause(words: Words, found: list[Found]) -> Iterator[tuple[Span, Found]]:
    """The most telling phrase of each aspect in each clause."""
    clauses = clauses_of(words.words)
    of_clauses: dict[int, list[Found]] = {}
    index = 0
    for each in found:
        while each.start >= clauses[index].end:
            index += 1
        of_clauses.setdefault(index, []).append(each)
    for index, of_clause in of_clauses.items():
        yield from ((clauses[index], each) for each in _most_telling(of_clause))


def _most_telling(found: list[Found]) -> Iterable[Found]:
    best: dict[str, Found] = {}
    for each in found:
        aspect = each.section.partition(" ")[0]
        if aspect not in best or _weight(each) > _weight(best[aspect]):
            best[aspect] = each
    return (each for each in best.values() if not _is_part(each, best.values()))


def _is_part(found: Found, others: Iterable[Found]) -> bool:
    """Whether the phrase stands within a longer one: in "the box was crushed", nothing but the box was crushed."""
    length = found.end - found.start
    return any(
        each.start <= found.start and found.end <= each.end and each.end - each.start > length for each in others
    )


def _weight(found: Found) -> tuple[bool, int]:
    return not found.section.endswith("?"), found.end - found.start


def _candidate(text: str, words: Words, clause: Span, found: Found) -> Candidate | None:
    """None where the clause only supposes something, or asks."""
    aspect, _, sign = found.section.partition(" ")
    span = Span(found.start, min(found.end, clause.end))
    polarity = _POLARITIES[sign]
    if is_supposed(words.words, clause, span.start):
        return None
    if polarity is not None:
        negated = is_negated(words.words, clause.start, span.start)
        polarity = _OPPOSITES[polarity] if negated else polarity
    elif opinion := _nearest_opinion(words, clause, span):
        polarity, beside = opinion
        span = Span(min(span.start, beside.start), max(span.end, beside.end))
    (start, end), (first, last) = words.place(_quotable(words.words, clause, span)), words.place(clause)
    return Candidate(cast(Aspect, aspect), polarity, start, end, text[first:last])


def _quotable(words: list[str], clause: Span, span: Span) -> Span:
    """A phrase as somebody would quote it: "broke in" a week, "never" replied, and without the "and" behind it."""
    end = span.end
    if words[end - 1] in _BEFORE_A_PERIOD:
        following = range(end, min(end + _PERIOD_WORDS, clause.end))
        end = next((index + 1 for index in following if words[index] in _group("period")), end)
    if words[end - 1] in _group("negation") and end < clause.end:
        end += 1
    while end - 1 > span.start and words[end - 1] in _LOOSE:
        end -= 1
    return Span(span.start, end)


@cache
def _group(name: str) -> frozenset[str]:
    return frozenset(lexicons.groups("groups.txt")[name])


def _nearest_opinion(words: Words, clause: Span, span: Span) -> tuple[Label, Span] | None:
    """The words of opinion nearest to a phrase in its clause, negated or not; those behind it first."""
    line = words.within(clause)
    best: tuple[int, Found] | None = None
    for each in _speaking(phrases.load("opinions.txt").find(line)):
        start, end = each.start + clause.start, each.end + clause.start
        if start < span.end and end > span.start:
            continue
        distance = 2 * (start - span.end) if start >= span.end else 2 * (span.start - end) + 1
        if best is None or distance < best[0]:
            best = distance, Found(each.section, start, end)
    if best is None:
        return None
    found = best[1]
    polarity = cast(Label, _POLARITIES[found.section])
    if is_negated(words.words, clause.start, found.start):
        polarity = _OPPOSITES[polarity]
    return polarity, Span(found.start, found.end)
