"""How easily a text reads, by Flesch's formula and those made of it for other languages.

Each is a constant less a slope per word of a sentence and one per syllable of a word; 0 is hard and 100 very easy.
Syllables are the places where pyphen's dictionaries may hyphenate, and one more.
"""

import re
from functools import cache, lru_cache
from typing import NamedTuple

from pyphen import Pyphen

_READ = 20_000
_WORD = re.compile(r"[^\W\d_]{1,60}(?:['’][^\W\d_]{1,10})?")


class Formula(NamedTuple):
    constant: float
    per_word: float
    """Of a sentence's mean length in words."""
    per_syllable: float
    """Of a word's mean length in syllables."""
    source: str


FORMULAS = {
    "en": Formula(206.835, 1.015, 84.6, "Flesch 1948, A new readability yardstick"),
    "de": Formula(180.0, 1.0, 58.5, "Amstad 1978, Wie verständlich sind unsere Zeitungen?"),
    "fr": Formula(
        207.0, 1.015, 73.6, "Kandel and Moles 1958, Application de l'indice de Flesch à la langue française"
    ),
    "es": Formula(206.84, 1.02, 60.0, "Fernández Huerta 1959, Medidas sencillas de lecturabilidad"),
    "it": Formula(217.0, 1.3, 60.0, "Franchina and Vacca 1986, Adaptation of Flesch readability index"),
    "nl": Formula(206.835, 0.93, 77.0, "Douma 1960, De leesbaarheid van landbouwbladen"),
    "pt": Formula(
        248.835, 1.015, 84.6, "Martins et al. 1996, Readability formulas applied to textbooks in Portuguese"
    ),
}
# Where texts are taken for hard and for plain: Flesch calls what is below 30 very difficult and 60 to 70 standard.
_HARD, _PLAIN = 20.0, 60.0


def readability(sentences: list[str], language: str) -> float | None:
    """From 0 (hard) to 1 (plain). None for languages without a formula; 0 where there is nothing to read."""
    score = flesch(sentences, language)
    if language not in FORMULAS:
        return None
    return 0.0 if score is None else min(1.0, max(0.0, (score - _HARD) / (_PLAIN - _HARD)))


def flesch(sentences: list[str], language: str) -> float | None:
    """By the language's formula. None without a formula or without words."""
    words = [found for sentence in _first(sentences) if (found := _WORD.findall(sentence))]
    count = sum(map(len, words))
    if language not in FORMULAS or not count:
        return None
    formula = FORMULAS[language]
    syllables = sum(_syllables(word.lower(), language) for sentence in words for word in sentence)
    return formula.constant - formula.per_word * count / len(words) - formula.per_syllable * syllables / count


def _first(sentences: list[str]) -> list[str]:
    kept, length = [], 0
    for sentence in sentences:
        kept.append(sentence[: _READ - length])
        length += len(sentence)
        if length >= _READ:
            break
    return kept


@lru_cache(maxsize=100_000)
def _syllables(word: str, language: str) -> int:
    return len(_dictionary(language).positions(word)) + 1


@cache
def _dictionary(language: str) -> Pyphen:
    return Pyphen(lang=language)
