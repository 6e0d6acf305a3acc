"""Texts as words and numbers in clauses, with their lemmas and their places."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from simplemma import lemmatize

from workers.listings import lexicons

# What is read of one text of a listing, in characters. Only its length counts as a whole.
READ = 10_000
# What simplemma has a dictionary for, of marketplaces' languages. Japanese and Arabic words stay as they are.
_LEMMATISED = {"en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "nb", "fi", "pl", "cs", "hu", "ro", "tr"}
# 500ml is two tokens, XR200 is one. A run of letters or digits that no word has is cut: texts may be hostile.
_TOKEN = re.compile(r"\d{1,20}(?:[.,]\d{1,20}){0,3}|[^\W\d_](?:[^\W_]|['’](?=[^\W_])){0,60}")
_THOUSANDS = {"en": re.compile(r"[1-9]\d{0,2}(?:,\d{3})+"), "": re.compile(r"[1-9]\d{0,2}(?:\.\d{3})+")}
_SHORT = 2_000
_NEAR = 40
# What ends a clause between two words. A hyphen does so only between spaces.
_BREAK = re.compile(
    r"[.,;:!?()\[\]{}|/•\n\r\t\"“”„«»…<>*+=\u2190-\u21ff\u2500-\u27bf\U0001f000-\U0001faff]|\s[-–—]\s?|[–—]"
)
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\s*[\n\r]+\s*|(?<=[。！？])")


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number at text[start:end]; `written` is what stands there, in lower case.

    `lemma` is what is compared: of a number its value as 0.5, not 0,50.
    """

    lemma: str
    written: str
    start: int
    end: int
    is_number: bool = False


Clause = tuple[Token, ...]


def clauses_of(text: str, language: str) -> tuple[Clause, ...]:
    """The clauses that have a word or number, in their order."""
    return _short_clauses(text, language) if len(text) < _SHORT else tuple(_clauses(text, language))


def tokens_of(text: str, language: str) -> tuple[Token, ...]:
    return _short_tokens(text, language) if len(text) < _SHORT else _tokens(text, language)


def word_behind(text: str, place: int, language: str) -> tuple[Token, ...]:
    """The word that begins within a few characters of a place, such as the country behind "made in"; or none."""
    return tokens_of(text[place : place + _NEAR], language)[:1]


# A listing's texts are read many times, and its competitors' for each of the listings beside them.
@lru_cache(maxsize=2_000)
def _short_tokens(text: str, language: str) -> tuple[Token, ...]:
    return _tokens(text, language)


@lru_cache(maxsize=2_000)
def _short_clauses(text: str, language: str) -> tuple[Clause, ...]:
    return tuple(_clauses(text, language))


def _tokens(text: str, language: str) -> tuple[Token, ...]:
    return tuple(_token(match, language) for match in _TOKEN.finditer(text))


def _clauses(text: str, language: str) -> Iterator[Clause]:
    clause: list[Token] = []
    for token in tokens_of(text, language):
        if clause and _BREAK.search(text, clause[-1].end, token.start):
            yield tuple(clause)
            clause = []
        clause.append(token)
    if clause:
        yield tuple(clause)


def sentences_of(text: str) -> list[str]:
    """The sentences and lines of a text, without the space around them."""
    return [part.strip() for part in _SENTENCE.split(text) if part.strip()]


def lemmas_of(text: str, language: str) -> list[str]:
    return [token.lemma for token in tokens_of(text, language)]


def content_of(text: str, language: str) -> list[str]:
    """The lemmas that carry meaning: without articles, prepositions, conjunctions and the like."""
    return [lemma for lemma in lemmas_of(text, language) if not is_function_word(lemma, language)]


@lru_cache(maxsize=200_000)
def lemma_of(word: str, language: str) -> str:
    """In lower case and without a possessive ending; as it is where the language has no dictionary."""
    word = word.replace("’", "'").lower()
    word = word.removesuffix("'s") if language == "en" else word
    if word in lexicons.words("material", language):
        # Haya is beech, and a form of haber.
        return word
    return lemmatize(word, language).lower() if language in _LEMMATISED else word


def is_small(token: Token, language: str) -> bool:
    """An article or a pronoun, which stands within a phrase or does not."""
    return token.written in lexicons.words("small", language)


def is_function_word(lemma: str, language: str) -> bool:
    return lemma in function_words(language)


@cache
def function_words(language: str) -> frozenset[str]:
    """Also as lemmas: the dictionary says that "these" is "this" and "des" is "de"."""
    words = lexicons.words("function", language)
    return frozenset(words | {lemma_of(word, language) for word in words})


def value_of(number: str, language: str) -> str:
    """0,50 and 0.5 are one number, and so are 25,000 and 25000: in English a comma, and elsewhere a point, stands
    between thousands. What has more marks is a code or a date, and stays as it is."""
    if _THOUSANDS["en" if language == "en" else ""].fullmatch(number):
        return number.replace("," if language == "en" else ".", "")
    number = number.replace(",", ".")
    if number.count(".") != 1:
        return number.lstrip("0") or "0"
    whole, _, decimals = number.partition(".")
    decimals = decimals.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{decimals}" if decimals else "")


def _token(match: re.Match[str], language: str) -> Token:
    written, (start, end) = match[0].lower(), match.span()
    if written[0].isdigit():
        return Token(value_of(written, language), written, start, end, is_number=True)
    if number := lexicons.number_words(language).get(written):
        return Token(number, written, start, end, is_number=True)
    return Token(lemma_of(written, language), written, start, end)
