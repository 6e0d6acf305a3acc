"""Sentences from templates: files of [sections] with one template a line, (alternatives|in brackets) and {slots}."""

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from random import Random

from workers.catalogue.sampling.shop import Item

COLOURS = ("black", "white", "grey", "dark blue", "silver")
OTHER_COLOURS = ("green", "red", "beige", "light blue", "copper", "pink")
NUMBERS: dict[str, Callable[[Random], str]] = {
    "cm": lambda random: str(random.randrange(6, 16)),
    "cm2": lambda random: str(random.randrange(18, 40)),
    "days": lambda random: random.choice(("2", "3", "4", "5", "8", "10", "12", "two", "three")),
    "days2": lambda random: str(random.randrange(6, 25)),
    "money": lambda random: f"${random.randrange(3, 30)}",
    "colour": lambda random: random.choice(COLOURS),
    "colour2": lambda random: random.choice(OTHER_COLOURS),
}
_ALTERNATIVES = re.compile(r"\(([^()]*\|[^()]*)\)")
_SLOT = re.compile(r"\{(\w+)\}")


@cache
def sections(name: str) -> dict[str, list[str]]:
    """The templates of a file beside this one, by section."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        elif line and not line.startswith("#"):
            lines.append(line)
    return found


@cache
def templates(name: str, section: str, category: str) -> list[str]:
    """Those of a section, with those that are for a category alone."""
    of_category = [
        lines
        for title, lines in sections(name).items()
        if title.startswith(f"{section} ") and category in title.removeprefix(section).split()
    ]
    return [template for lines in [sections(name).get(section, []), *of_category] for template in lines]


@cache
def words_of(title: str) -> dict[str, list[str]]:
    """What a product and its parts are called, by slot."""
    pairs = (line.partition(": ")[::2] for line in sections("products.txt")[title])
    return {slot: words.split(" | ") for slot, words in pairs}


class Writer:
    """Writes about one product, as its customers do."""

    def __init__(self, random: Random, file: str, item: Item) -> None:
        self._random = random
        self._file = file
        self._category = item.category
        self._words = words_of(item.title)

    def write(self, section: str) -> str:
        """A sentence of the section."""
        template = self._random.choice(templates(self._file, section, self._category))
        return self.fill(template)

    def join(self, first: str, second: str) -> str:
        """Two sentences that contradict each other."""
        template = self._random.choice(templates(self._file, "joining", ""))
        return template.format(first=first, second=second)

    def fill(self, template: str) -> str:
        """A template with one of each of its alternatives, and with the product's words in its slots."""
        chosen = _ALTERNATIVES.sub(lambda found: self._random.choice(found[1].split("|")), template)
        return _SLOT.sub(lambda found: self._value(found[1]), chosen)

    def _value(self, slot: str) -> str:
        name = slot.lower()
        value = NUMBERS[name](self._random) if name in NUMBERS else self._random.choice(self._words[name])
        return value if slot == name else value[0].upper() + value[1:]


def one_of(random: Random, weights: dict[str, float]) -> str:
    """A key, as often as its weight says."""
    return random.choices(list(weights), list(weights.values()))[0]
