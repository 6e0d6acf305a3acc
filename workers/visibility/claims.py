"""Ranks in words: "the best is", "my second choice", "runner-up", "X wins"."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import SIGN, Lexicon
from workers.visibility.names import Place
from workers.visibility.sentences import Sentence, named_together, place_of, sign_of

# By how many characters a comma between a rank and a brand sets them apart, and from where they have nothing to do
# with each other.
_COMMA, _FARTHEST = 60, 150
_SEPARATOR = re.compile(r"[,;:()]|\s[–—-]\s|\b(?:and|und|et|y)\b|\bbut\b|\baber\b|\bmais\b|\bpero\b")
# "A > B = C".
_EQUALS = re.compile(rf"{SIGN}[^>=]{{0,40}}(?:=[^>=]{{0,40}}{SIGN}[^>=]{{0,40}})+")
_SIGN = re.compile(SIGN)
# What is chosen is first, if nothing is called the best.
_CHOSEN, _RANKED = 1, 2
# The rank behind all others.
LAST = 100
# "Both are equally good" is said of two.
_PAIR = 2
_SECTIONS = (
    ("first", 1, _RANKED),
    ("chosen", 1, _CHOSEN),
    ("second", 2, _RANKED),
    ("third", 3, _RANKED),
    ("fourth", 4, _RANKED),
    ("fifth", 5, _RANKED),
    ("last", LAST, _RANKED),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """Places that a sentence gives a rank. Of two claims to one rank, the stronger and then the earlier holds."""

    rank: int
    strength: int
    places: tuple[int, ...]


def claims_of(
    sentences: Sequence[Sentence], blocks: Sequence[Block], own: Collection[int], words: Lexicon
) -> list[Claim]:
    """In the order of the text. Numbers of a list are claims already: what its entries say further counts less."""
    found: list[Claim] = []
    for sentence in sentences:
        block = blocks[sentence.block]
        if block.kind in (Kind.HEADING, Kind.PROSE) or (block.kind is Kind.ITEM and block.number is None):
            found += _claims(sentence, own, words)
    return found


def _claims(sentence: Sentence, own: Collection[int], words: Lexicon) -> list[Claim]:
    ranked = [place for place in sentence.places if place in own]
    if not ranked:
        return []
    groups = [group for group in named_together(sentence, words) if set(group) <= set(ranked)]
    nearest = list(_nearest_claims(sentence, ranked, words))
    return [
        # Of several that are only chosen, the first is: "get A, or B".
        Claim(rank, strength, (place,) if strength == _CHOSEN else _sharing(place, rank, nearest, groups))
        for rank, strength, place in nearest
    ]


def _nearest_claims(sentence: Sentence, ranked: Sequence[int], words: Lexicon) -> Iterator[tuple[int, int, int]]:
    """Each rank that is given, how strongly, and the place that it is given to."""
    for section, rank, strength in _SECTIONS:
        if section == "chosen" and words.pattern("conditional").search(sentence.text):
            continue
        for match in words.pattern(section).finditer(sentence.text):
            if rank == 1 and words.pattern("denied").search(sentence.text[: match.start()]):
                continue
            nearest = _nearest(match, sentence.text, ranked)
            if nearest is not None:
                yield rank, strength, nearest


def _sharing(
    place: int, rank: int, claimed: Sequence[tuple[int, int, int]], groups: Sequence[tuple[int, ...]]
) -> tuple[int, ...]:
    """All that are named together, unless they are given different ranks: "A is best, and B is a close second"."""
    group = next((each for each in groups if place in each), (place,))
    others = {(other, given) for given, _, other in claimed if other in group}
    return (place,) if any(other != place and given != rank for other, given in others) else group


def _nearest(match: re.Match[str], text: str, places: Sequence[int]) -> int | None:
    distances = {place: _distance(match, text, text.index(sign_of(place))) for place in places}
    nearest = min(places, key=lambda place: distances[place])
    return nearest if distances[nearest] <= _FARTHEST else None


def _distance(match: re.Match[str], text: str, at: int) -> int:
    between = text[match.end() : at] if at >= match.end() else text[at + 1 : match.start()]
    return len(between) + _COMMA * len(_SEPARATOR.findall(between))


def ties_of(
    sentences: Sequence[Sentence],
    claims: Sequence[Claim],
    places: Sequence[Place],
    own: Collection[int],
    words: Lexicon,
) -> list[tuple[int, ...]]:
    """Places of brands that share a rank, because the text says so."""
    found = [claim.places for claim in claims if len(claim.places) > 1]
    is_even = not claims and not any(words.pattern("worse").search(sentence.text) for sentence in sentences)
    firsts = {places[index].brand: index for index in sorted(own, reverse=True)}
    for sentence in sentences:
        if is_even and len(firsts) == _PAIR and words.pattern("tie all").search(sentence.text):
            found.append(tuple(sorted(firsts.values())))
        if len(sentence.places) > 1 and words.pattern("tie").search(sentence.text):
            groups = named_together(sentence, words)
            found += [group for group in groups if len(group) > 1 and set(group) <= set(own)][:1]
        if ">" in sentence.text:
            chains = (tuple(map(place_of, _SIGN.findall(each[0]))) for each in _EQUALS.finditer(sentence.text))
            found += [group for group in chains if set(group) <= set(own)]
        for match in words.pattern("tied").finditer(sentence.text):
            pair = tuple(place_of(sign) for sign in match.groups() if sign)
            found += [pair] if set(pair) <= set(own) else []
    return found
