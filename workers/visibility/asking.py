"""The questions that shoppers ask about a seller's products, made from their categories, attributes and reviews.

The same products give the same questions, whatever the order in which they come. None names a brand, but for those of
a group of its own: whoever asks for a brand has found it already.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from pathlib import Path
from string import Formatter
from typing import Final

from workers.visibility.folding import folded
from workers.visibility.lexicons import lexicon
from workers.visibility.names import Names
from workers.visibility.shapes import Brand

BRANDED: Final = "branded"
# In the order in which their questions take turns.
GROUPS = ("discovery", "comparison", "problem", "budget", "attribute", "gift", "word")
MOST, MOST_BRANDED = 20, 3
_FOLDER = Path(__file__).parent / "questions"
_LONGEST_PART = 60
_BLANK, _WORD = re.compile(r"\{\w+\}"), re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Topic:
    """What some products have in common."""

    category: str
    # What can be wished for: "stainless steel", "12 cups".
    attributes: tuple[str, ...] = ()
    # What reviews speak of most, by the names of workers.sentiment.
    aspects: tuple[str, ...] = ()
    # Words that reviews use more than others do.
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    group: str


def questions(topics: Sequence[Topic], brands: Sequence[Brand], language: str, most: int = MOST) -> list[Question]:
    """Up to `most` that name no brand, of all topics and groups in turn; then a few that name the first brand."""
    names = Names(brands)
    ordered = sorted(topics, key=lambda topic: topic.category.lower())
    turns = [list(_of(topic, group, language)) for group in GROUPS for topic in ordered]
    found: dict[str, Question] = {}
    for question in chain.from_iterable(zip_longest(*turns)):
        if question and len(found) < most and not names.places(folded(question.text), lexicon(language)):
            found.setdefault(question.text, question)
    return [*found.values(), *_branded(ordered, brands, language)]


def _branded(topics: Sequence[Topic], brands: Sequence[Brand], language: str) -> list[Question]:
    blanks = {"category": [_shown(topics[0].category, language)] if topics else [], "brand": [brands[0].name]}
    blanks["other"] = [brand.name for brand in brands[1:2]]
    return [Question(text, BRANDED) for text in _filled(BRANDED, blanks, language)][:MOST_BRANDED]


def _of(topic: Topic, group: str, language: str) -> Iterator[Question]:
    known = _sections(language)["aspects"]
    said = dict(line.split(" = ") for line in known)
    blanks = {
        "category": [_shown(topic.category, language)],
        "attribute": sorted({each for each in topic.attributes if 0 < len(each) <= _LONGEST_PART}),
        "aspect": [said[each] for each in topic.aspects if each in said],
        "word": sorted(set(topic.words)),
    }
    for text in _filled(group, blanks, language):
        yield Question(text, group)


def _filled(group: str, blanks: dict[str, list[str]], language: str) -> Iterator[str]:
    """The lines of a group, each with the next of what its blanks can be; the first line again for what is left."""
    lines = _sections(language)[group]
    variable = next((name for name in ("attribute", "aspect", "word") if f"{{{name}}}" in lines[0]), None)
    rounds = len(lines) if variable is None else len(blanks[variable])
    for number in range(rounds):
        line = lines[number % len(lines)]
        fields = [name for _, name, _, _ in Formatter().parse(line) if name]
        if all(blanks[name] for name in fields):
            yield line.format(**{name: blanks[name][number % len(blanks[name])] for name in fields})


def _shown(category: str, language: str) -> str:
    """The last part of a path; as a common noun, where the language writes it without a capital."""
    part = category.replace("›", ">").split(">")[-1].strip()[:_LONGEST_PART]
    return part if language == "de" else part.lower()


@cache
def words_of_templates(language: str) -> frozenset[str]:
    """What questions say whatever they are about: it finds no product."""
    sections = _sections(language)
    lines = (line for group in (*GROUPS, BRANDED) for line in sections[group])
    return frozenset(word for line in lines for word in _WORD.findall(folded(_BLANK.sub(" ", line)).lower()))


@cache
def _sections(language: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (_FOLDER / f"{language}.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found
