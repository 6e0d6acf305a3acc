"""The labelled answers, and how well they are read."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from workers.visibility.reading import Reader
from workers.visibility.shapes import Brand, Found

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Labelled:
    id: str
    language: str
    question: str
    answer: str
    brands: dict[str, list[str]]
    # Of each brand, None or its position and, in some sets, sentiment.
    expected: dict[str, dict[str, Any] | None]
    kind: str


@dataclass
class Score:
    """What was found rightly, what wrongly, and what was not found."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def add(self, expected: object, found: object) -> None:
        """None where there is nothing. What is found otherwise than it should be is wrong, and missed too."""
        self.right += found is not None and found == expected
        self.wrong += found is not None and found != expected
        self.missed += expected is not None and found != expected

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong)

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed)


def answers(name: str) -> list[Labelled]:
    return [Labelled(**json.loads(line)) for line in (DATA / name).read_text("utf-8").splitlines()]


@dataclass(frozen=True)
class Declined:
    """An answer, and whether it refuses."""

    id: str
    language: str
    refusal: bool
    answer: str


def refusals() -> list[Declined]:
    return [Declined(**json.loads(line)) for line in (DATA / "refusals.jsonl").read_text("utf-8").splitlines()]


@cache
def read_all(name: str = "answers.jsonl") -> list[tuple[Labelled, Found]]:
    """Each answer with what is found in it."""
    return [(row, read(row)) for row in answers(name)]


def read(row: Labelled) -> Found:
    brands = [Brand(name, tuple(aliases)) for name, aliases in row.brands.items()]
    return Reader(brands, row.language).read(row.question, row.answer)


@dataclass
class Scores:
    mentions: Score
    positions: Score
    sentiments: Score


def scores(rows: list[tuple[Labelled, Found]]) -> Scores:
    total = Scores(Score(), Score(), Score())
    for row, read in rows:
        found = {each.brand: each for each in read.mentions}
        for brand, label in row.expected.items():
            mention = found.get(brand)
            total.mentions.add(label and brand, mention and brand)
            total.positions.add(label and label["position"], mention and mention.position)
            if label and mention and "sentiment" in label:
                total.sentiments.add(label["sentiment"], mention.sentiment)
    return total
