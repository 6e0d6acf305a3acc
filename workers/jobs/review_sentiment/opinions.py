"""The aspects that customers praise and criticise most, and what they say, exactly."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aijobs import sql
from workers.jobs.review_sentiment.scope import Scope
from workers.jobs.review_sentiment.statements import COUNTS, QUOTES

MOST_ASPECTS = 3
MOST_QUOTES = 2
LONGEST_QUOTE = 200

# Of all products together.
TOGETHER = 0


@dataclass(frozen=True, slots=True)
class Count:
    """In how many reviews an aspect is praised, and criticised."""

    product: int
    aspect: str
    positive: int
    negative: int


@dataclass(frozen=True, slots=True)
class Passage:
    """What a customer wrote of an aspect."""

    product: int
    aspect: str
    polarity: str
    sku: str
    external_id: str
    text: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """An aspect, its counts and its quotes."""

    count: Count
    passages: Sequence[Passage]


class Opinions:
    """The aspects that are praised and criticised most: of each product, or of all together."""

    def __init__(self, counts: Iterable[Count], passages: Iterable[Passage]) -> None:
        self._counts: defaultdict[int, list[Count]] = defaultdict(list)
        self._passages: defaultdict[tuple[int, str, str], list[Passage]] = defaultdict(list)
        for count in counts:
            self._counts[count.product].append(count)
        for passage in passages:
            self._passages[passage.product, passage.aspect, passage.polarity].append(passage)

    def praised(self, product: int) -> list[Opinion]:
        top = sorted(
            (each for each in self._counts[product] if each.positive), key=lambda each: (-each.positive, each.aspect)
        )
        return self._shown(top[:MOST_ASPECTS], "positive")

    def criticised(self, product: int) -> list[Opinion]:
        top = sorted(
            (each for each in self._counts[product] if each.negative), key=lambda each: (-each.negative, each.aspect)
        )
        return self._shown(top[:MOST_ASPECTS], "negative")

    def _shown(self, counts: Iterable[Count], polarity: str) -> list[Opinion]:
        return [Opinion(each, self._passages[each.product, each.aspect, polarity]) for each in counts]


def opinions_of(scope: Scope, products: list[int] | None) -> Opinions:
    """Of each of these products; with None, of all that the job is about together."""
    together = products is None
    chosen = {"products": scope.products if together else products, "together": together}
    counts = sql.rows(Count, COUNTS, scope.parameters(**chosen))
    quotes = sql.rows(Passage, QUOTES, scope.parameters(**chosen, longest=LONGEST_QUOTE, most=MOST_QUOTES))
    return Opinions(counts, quotes)
