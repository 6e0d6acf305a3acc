"""The texts that the classifier learns from: templates with slots filled at random, and labelled comments.

templates.txt has a section for each reason ("# too_small") and a phrase a line; slots.txt says what fills {thing}.
Both were written by hand, and the templates do not repeat the comments of the held-out file.
"""

import csv
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from workers.returns.reasons import Reason

HERE = Path(__file__).parent
# Fillings of a template with slots, and which slots are filled as others are.
FILLINGS = 3
ALIASES = {
    "colorb": "color",
    "sizeb": "size",
    "thingb": "thing",
    "flavorb": "flavor",
    "phoneb": "phone",
    "weekdayb": "weekday",
    "yearb": "year",
    "numb": "num",
}
_SLOT = re.compile(r"\{(\w+)\}")


class Example(NamedTuple):
    reason: Reason
    text: str


def labelled(path: Path) -> list[Example]:
    """The rows of a file with the columns reason and comment, tab-separated."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [Example(Reason(row["reason"]), row["comment"]) for row in rows]


def templates() -> Iterator[Example]:
    reason = Reason.OTHER
    for line in (HERE / "templates.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            reason = Reason(line.removeprefix("# "))
        elif line:
            yield Example(reason, line)


def generated(seed: int) -> list[Example]:
    """Templates filled, half of them once more as customers type: shouted, without apostrophes, with a slip."""
    draw, slots = random.Random(seed), _slots()
    found: set[Example] = set()
    for reason, template in templates():
        for _ in range(FILLINGS if "{" in template else 1):
            text = _filled(template, slots, draw)
            found.add(Example(reason, text))
            if draw.random() < 0.5:
                found.add(Example(reason, _typed(text, draw)))
    return sorted(found)


def comparable(text: str) -> str:
    """Texts that differ in case and end marks only are the same. Marks alone say nothing, and compare as one."""
    return text.lower().strip(" .!")


def _slots() -> dict[str, list[str]]:
    lines = (HERE / "slots.txt").read_text(encoding="utf-8").splitlines()
    parts = (line.partition(": ") for line in lines)
    return {name: fillers.split("|") for name, _, fillers in parts}


def _filled(template: str, slots: dict[str, list[str]], draw: random.Random) -> str:
    def filler(match: re.Match[str]) -> str:
        chosen = draw.choice(slots[ALIASES.get(match[1], match[1])])
        # @wear: any filler of that slot.
        return draw.choice(slots[chosen[1:]]) if chosen.startswith("@") else chosen

    return _SLOT.sub(filler, template)


def _typed(text: str, draw: random.Random) -> str:
    chance = draw.random()
    if chance < 0.12:
        text = text.upper()
    elif chance < 0.3:
        text = text[:1].upper() + text[1:] + draw.choice(["", "."])
    if draw.random() < 0.2:
        text = text.replace("'", "")
    return _with_slip(text, draw) if draw.random() < 0.15 and len(text) > 6 else text


def _with_slip(text: str, draw: random.Random) -> str:
    """A letter left out, doubled, or swapped with the one before it."""
    at = draw.randrange(1, len(text) - 1)
    if not (text[at].isalpha() and text[at - 1].isalpha()):
        return text
    before, letter, after = text[: at - 1], text[at], text[at + 1 :]
    return draw.choice(
        [
            before + text[at - 1] + after,
            before + text[at - 1] + letter * 2 + after,
            before + letter + text[at - 1] + after,
        ]
    )
