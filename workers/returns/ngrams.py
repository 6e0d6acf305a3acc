"""Words, pairs of words and pieces of words of a comment, as places in a table of fixed size (feature hashing).

A place depends on the text alone: CRC-32, as Python's own hash differs between processes.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

PLACES = 2**15
# Letters of the pieces of words.
SHORTEST, LONGEST = 2, 5
# Words that are read of a comment, and letters of a word.
WORDS, LETTERS = 300, 30

_WORD = re.compile(r"[^\W_]+|[?!.]+")
_DIGIT = re.compile(r"\d")
_REPEATED = re.compile(r"(.)\1{2,}")
_MARKS = re.compile(r"['’`´]")


class Ngrams(NamedTuple):
    """Of all comments, one after the other: comment i has `places[begins[i]:begins[i + 1]]`."""

    places: NDArray[np.int32]
    values: NDArray[np.float32]
    begins: NDArray[np.int64]


def words(text: str) -> list[str]:
    """In lower case, digits as 0, letters at most twice in a row (soooo), without apostrophes (dont)."""
    text = _REPEATED.sub(r"\1\1", _DIGIT.sub("0", _MARKS.sub("", text.lower())))
    return [word[:LETTERS] for word in _WORD.findall(text)[:WORDS]]


def ngrams(texts: Sequence[str]) -> Ngrams:
    """The n-grams of each text; those of words, and those of pieces, have a length of 1 together."""
    rows = [_row(words(text)) for text in texts]
    begins = np.zeros(len(rows) + 1, np.int64)
    np.cumsum([len(places) for places, _ in rows], out=begins[1:])
    if not begins[-1]:
        return Ngrams(np.zeros(0, np.int32), np.zeros(0, np.float32), begins)
    return Ngrams(
        np.concatenate([places for places, _ in rows]), np.concatenate([values for _, values in rows]), begins
    )


def _row(found: list[str]) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Each n-gram counts once, however often it is said."""
    of_words = sorted({place(name) for name in _names(found)})
    of_pieces = sorted({number for word in found for number in _pieces(word)})
    values = [np.full(len(part), 1 / np.sqrt(max(len(part), 1)), np.float32) for part in (of_words, of_pieces)]
    return np.array(of_words + of_pieces, np.int32), np.concatenate(values)


def _names(found: list[str]) -> Iterator[str]:
    framed = ["<", *found, ">"]
    yield from (f"w {word}" for word in found)
    yield from (f"w {first} {second}" for first, second in pairwise(framed))


# Their pieces take a kilobyte a word.
@lru_cache(20_000)
def _pieces(word: str) -> tuple[int, ...]:
    framed = f"<{word}>"
    lengths = range(SHORTEST, min(LONGEST, len(framed)) + 1)
    return tuple(
        place(f"c {framed[begin : begin + length]}")
        for length in lengths
        for begin in range(len(framed) - length + 1)
    )


def place(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass")) % PLACES
