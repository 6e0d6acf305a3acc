"""How visible a brand is in a sample of answers: rates, ranks, shares of voice, sentiment, and one score.

The score of an answer is 0 where it does not name the brand, else 40 for being named, up to 40 for its position (40
divided by log2(position + 1), the discount of search results' gain by Järvelin and Kekäläinen 2002: 40 at the first
place, 25 at the second, 20 at the third; none without a position) and up to 20 for what is said (20 for praise, 10
for neither, 0 for blame). The score of a sample is the mean over its answers.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2

import numpy as np

from workers.visibility.intervals import Estimate, Floats, rate, ratio
from workers.visibility.shapes import Mention, Sentiment

NAMED, RANKED, LIKED = 40.0, 40.0, 20.0
TOP = 3
FEELINGS: dict[Sentiment, int] = {"negative": -1, "neutral": 0, "positive": 1}


@dataclass(frozen=True, slots=True)
class Sample:
    """One answer to one question. `question` is what answers to the same one have in common."""

    question: str
    mentions: tuple[Mention, ...]
    # Sites that it refers to.
    domains: tuple[str, ...] = ()

    def of(self, brand: str) -> Mention | None:
        return next((each for each in self.mentions if each.brand == brand), None)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one brand. None where nothing is there to count: a mean position without a position."""

    answers: int
    mention_rate: Estimate
    top3_rate: Estimate
    citation_rate: Estimate
    visibility_score: Estimate
    mean_position: Estimate | None
    sentiment: Estimate | None
    # How many mentions are what.
    feelings: dict[Sentiment, int]
    # Of all mentions of the brands that are looked for.
    share_of_voice: dict[str, Estimate | None]
    # In how many answers each site is referred to, the most frequent first.
    cited: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure as a ratio of two sums over answers, and what it can be at least and at most."""

    above: Callable[[Sample], float]
    below: Callable[[Sample], float]
    least: float = 0.0
    most: float | None = 1.0
    is_rate: bool = False

    def sums(self, samples: Sequence[Sample]) -> tuple[Floats, Floats]:
        """Of each question, in the order of their names."""
        places = {name: place for place, name in enumerate(sorted({each.question for each in samples}))}
        sums, counts = np.zeros(len(places)), np.zeros(len(places))
        for each in samples:
            sums[places[each.question]] += self.above(each)
            counts[places[each.question]] += self.below(each)
        return sums, counts

    def estimate(self, samples: Sequence[Sample]) -> Estimate | None:
        sums, counts = self.sums(samples)
        if not counts.sum():
            return None
        return rate(sums, counts) if self.is_rate else ratio(sums, counts, self.least, self.most)


def measures(brand: str, sites: Sequence[str]) -> dict[str, Measure]:
    """The figures of a brand whose own sites are these names, by the names of their fields."""
    return {
        "mention_rate": _rate(lambda each: each.of(brand) is not None),
        "top3_rate": _rate(lambda each: (_position(each, brand) or TOP + 1) <= TOP),
        "citation_rate": _rate(lambda each: any(is_site(domain, sites) for domain in each.domains)),
        "visibility_score": Measure(lambda each: score_of(each.of(brand)), lambda _: 1, 0.0, NAMED + RANKED + LIKED),
        "mean_position": Measure(
            lambda each: _position(each, brand) or 0, lambda each: _position(each, brand) is not None, 1.0, None
        ),
        "sentiment": Measure(lambda each: _feeling(each, brand), lambda each: each.of(brand) is not None, -1.0),
        "share_of_voice": share_of_voice(brand),
    }


def share_of_voice(brand: str) -> Measure:
    return Measure(lambda each: each.of(brand) is not None, lambda each: len(each.mentions))


def figures(samples: Sequence[Sample], brand: str, brands: Sequence[str], sites: Sequence[str]) -> Figures | None:
    """Of one brand among all that are looked for. None without answers."""
    if not samples:
        return None
    found = {name: measure.estimate(samples) for name, measure in measures(brand, sites).items()}
    feelings = Counter(mention.sentiment for each in samples if (mention := each.of(brand)))
    cited = Counter(domain for each in samples for domain in each.domains)
    return Figures(
        answers=len(samples),
        mention_rate=_known(found["mention_rate"]),
        top3_rate=_known(found["top3_rate"]),
        citation_rate=_known(found["citation_rate"]),
        visibility_score=_known(found["visibility_score"]),
        mean_position=found["mean_position"],
        sentiment=found["sentiment"],
        feelings={name: feelings[name] for name in FEELINGS},
        share_of_voice={name: share_of_voice(name).estimate(samples) for name in brands},
        cited=sorted(cited.items(), key=lambda each: (-each[1], each[0])),
    )


def score_of(mention: Mention | None) -> float:
    """The score of one answer."""
    if mention is None:
        return 0.0
    ranked = 0.0 if mention.position is None else RANKED / log2(mention.position + 1)
    return NAMED + ranked + LIKED * (FEELINGS[mention.sentiment] + 1) / 2


def is_site(domain: str, names: Sequence[str]) -> bool:
    """Whether a domain is the brand's: one of its parts is the name, with or without the hyphens in it."""
    parts = domain.split(".")[:-1]
    return any(name and name in (part, part.replace("-", "")) for part in parts for name in names)


def _rate(holds: Callable[[Sample], bool]) -> Measure:
    return Measure(holds, lambda _: 1, is_rate=True)


def _position(sample: Sample, brand: str) -> int | None:
    mention = sample.of(brand)
    return mention.position if mention else None


def _feeling(sample: Sample, brand: str) -> int:
    mention = sample.of(brand)
    return FEELINGS[mention.sentiment] if mention else 0


def _known(estimate: Estimate | None) -> Estimate:
    if estimate is None:
        raise ValueError("a figure of every answer needs answers")
    return estimate
