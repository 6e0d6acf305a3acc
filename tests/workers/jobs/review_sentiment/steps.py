"""Reviews, jobs over them, and a scorer that is told by a handful of words and counts what it is asked."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.factories import ProductFactory, ReviewFactory
from tests.workers.catalogue.steps import MARKETPLACE
from workers.catalogue.models import Product, Review
from workers.running import execute
from workers.sentiment.analysis import RULES

VERSION = f"keywords-1-{RULES}"
GOOD, BAD = ("love", "great", "perfect"), ("terrible", "broke", "awful")
PRAISE = "I love it, the quality is great and it does what it should."
BLAME = "It is terrible, it broke in a week and nobody answered my questions."
SO_SO = "It is a bottle for water with a lid, and it holds about a litre."


class Keywords:
    """Sure of what has one of its words; of what has none, or both kinds, that it is neutral."""

    name = "keywords"

    def __init__(self, version: str = "keywords-1") -> None:
        self.version = version
        # How often each numbered review was seen, see `write`.
        self.seen: Counter[int] = Counter()
        self.calls = 0
        self.before_answer: Callable[[int], None] = lambda call: None

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        self.calls += 1
        self.seen.update(int(number) for text in texts for number in re.findall(r"Review number (\d+)", text))
        self.before_answer(self.calls)
        return self.fast_probabilities(texts)

    def fast_probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self._of(text.lower()) for text in texts], dtype=np.float64).reshape(-1, 3)

    def _of(self, text: str) -> tuple[float, float, float]:
        good, bad = (any(word in text for word in words) for words in (GOOD, BAD))
        if good == bad:
            return (0.2, 0.6, 0.2)
        return (0.05, 0.1, 0.85) if good else (0.9, 0.05, 0.05)


def product(who: Caller, sku: str, marketplace: str = MARKETPLACE) -> Product:
    found = Product.objects.filter(tenant=who.tenant, marketplace=marketplace, sku=sku).first()
    return found or ProductFactory(tenant=who.tenant, marketplace=marketplace, sku=sku)


def write(who: Caller, sku: str, *bodies: str, marketplace: str = MARKETPLACE, **more: Any) -> list[Review]:
    """A review of each body, with its number in the title."""
    of, first = product(who, sku, marketplace), Review.objects.count() + 1
    return Review.objects.bulk_create(
        ReviewFactory.build(product=of, title=f"Review number {number}", body=body, **more)
        for number, body in enumerate(bodies, first)
    )


def dispatched(who: Caller, *skus: str, **params: object) -> UUID:
    which: dict[str, object] = {"skus": list(skus)} if skus else {"all": True}
    [job_id] = engine.dispatch(
        who.tenant, type="review_sentiment", params={"marketplace": MARKETPLACE, **which, **params}
    )
    return job_id


def run(who: Caller, *skus: str, **params: object) -> Job:
    """A job, run at once."""
    job_id = dispatched(who, *skus, **params)
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    result: dict[str, Any] = job.result
    return result


def stored() -> list[tuple[object, ...]]:
    """All that an analysis leaves on the reviews, but for its moment."""
    columns = (
        "external_id",
        "label",
        "score",
        "confidence",
        "detected_language",
        "aspects",
        "flags",
        "analysed_with",
    )
    return [tuple(row) for row in Review.objects.order_by("id").values_list(*columns)]


def still_new() -> int:
    return Review.objects.filter(analysed_with="").count()
