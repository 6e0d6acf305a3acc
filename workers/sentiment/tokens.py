"""Plain text as words, sentences and clauses: what the lexicons' phrases are matched against."""

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from itertools import accumulate
from operator import add

from workers.sentiment import lexicons

# A word with its apostrophe, a number, the end of a sentence, a mark between clauses. What is longer than a word of
# any language is cut, so that the memory of words seen stays small.
_TOKEN = re.compile(
    r"[^\W\d_]{1,40}(?:'[^\W\d_]{1,10})?|\d{1,12}(?:[.,]\d{1,6}){0,3}|\$|[.!?\n]{1,99}|[,;()\"~|*…–—+/]|--?(?=\s)|(?<=\s)-"
)
_CONTRACTIONS = {
    **{verb: f"{verb}nt" for verb in ("do", "does", "did", "is", "was", "are", "were", "has", "have", "had")},
    **{verb: f"{verb}nt" for verb in ("could", "would", "should")},
    "can": "cant",
    "will": "wont",
}
_DRAWN_OUT = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of words."""

    start: int
    end: int


@dataclass(frozen=True)
class Words:
    """The words of a text in the form of the lexicons: lower case, without apostrophes, spelt as usual.

    Ends of sentences are the words "." and "?", marks between clauses ",": so no phrase goes across them by chance.
    `spans` are their places in the text.
    """

    words: list[str]
    spans: list[tuple[int, int]]

    @cached_property
    def line(self) -> str:
        """The words in a row, each with a space after it."""
        return " ".join(self.words) + " "

    @cached_property
    def offsets(self) -> list[int]:
        """Where each word begins in the line."""
        return list(map(add, accumulate(map(len, self.words), initial=0), range(len(self.words))))

    def place(self, span: Span) -> tuple[int, int]:
        """The half-open span of the text that words are."""
        return self.spans[span.start][0], self.spans[span.end - 1][1]

    def word_at(self, offset: int) -> int:
        """The word that holds this place of the line."""
        return bisect_right(self.offsets, offset) - 1

    def within(self, span: Span) -> "Words":
        """The words of a clause, as if they were all."""
        part = slice(span.start, span.end)
        return Words(self.words[part], self.spans[part])


def words_of(text: str) -> Words:
    spans = [match.span() for match in _TOKEN.finditer(text)]
    words = [_word(text[start:end]) for start, end in spans]
    _contract(words, spans)
    return Words([*words, "."], [*spans, (len(text), len(text))])


def _contract(words: list[str], spans: list[tuple[int, int]]) -> None:
    """Does not is doesnt: one word, so that the lexicons name one way to deny."""
    for index in reversed([index for index, word in enumerate(words) if word == "not" and index]):
        if contracted := _CONTRACTIONS.get(words[index - 1]):
            words[index - 1 : index + 1] = [contracted]
            spans[index - 1 : index + 1] = [(spans[index - 1][0], spans[index][1])]


@cache
def _spelling() -> dict[str, str]:
    return {written: word for word, all_of_them in lexicons.groups("spelling.txt").items() for written in all_of_them}


@lru_cache(maxsize=20_000)
def _word(written: str) -> str:
    if written[0] in ".!?\n":
        return "?" if "?" in written else "."
    if not written[0].isalnum() and written[0] != "$":
        return ","
    word = written.lower().replace("'", "")
    word = _spelling().get(word, word)
    return _drawn_in(word) if len(word) > 4 else word


def _drawn_in(word: str) -> str:
    """loooove is love, goooood is good: a letter three times or more is one too many, or a double one."""
    if not _DRAWN_OUT.search(word):
        return word
    double = _DRAWN_OUT.sub(r"\1\1", word)
    single = _DRAWN_OUT.sub(r"\1", word)
    return double if double in _DOUBLED else _spelling().get(single, single)


_DOUBLED = {
    "good",
    "too",
    "all",
    "small",
    "well",
    "happy",
    "pretty",
    "soft",
    "cool",
    "look",
    "fell",
    "speed",
    "really",
    "free",
}

_BREAKS = {".", "?", ","}
_TURNS = {"but", "however", "although", "though", "except", "yet", "whereas", "unfortunately", "otherwise", "sadly"}


def clauses_of(words: list[str]) -> list[Span]:
    """Stretches of words between marks and words that turn (but, although, …), without those marks, none empty."""
    spans: list[Span] = []
    start = 0
    for index, word in enumerate(words):
        if word in _BREAKS:
            if index > start:
                spans.append(Span(start, index))
            start = index + 1
        elif word in _TURNS:
            if index > start:
                spans.append(Span(start, index))
            start = index
    if start < len(words):
        spans.append(Span(start, len(words)))
    return spans
