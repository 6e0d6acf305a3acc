"""A tenant's own rated reviews decide how readily its reviews are called neutral, where that helps."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from aijobs.engine import lifecycle
from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.review_sentiment.steps import (
    VERSION,
    Keywords,
    dispatched,
    product,
    result_of,
    run,
    write,
)
from workers.catalogue.models import Review
from workers.running import execute
from workers.sentiment.adapting import DEFAULT

pytestmark = pytest.mark.django_db

LUKEWARM = "It is a bottle for water, and I love the lid."


class Hesitant(Keywords):
    """Gives every text the same: neutral comes second, and close."""

    def fast_probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([[0.15, 0.3, 0.55]] * len(texts))


def rated(who: Caller, count: int, version: str = VERSION) -> None:
    """Analysed reviews with stars; those of three stars have neutral close behind positive."""
    of = product(who, "OLD")
    told = {1: ("negative", -0.7, 0.8), 3: ("positive", 0.4, 0.55), 5: ("positive", 0.85, 0.9)}
    Review.objects.bulk_create(
        Review(
            product=of, tenant=who.tenant, marketplace=MARKETPLACE, external_id=f"OLD{number}", body="old",
            rating=rating, label=told[rating][0], score=told[rating][1], confidence=told[rating][2],
            detected_language="en", analysed_with=version,
        )
        for number in range(count)
        for rating in [(1, 3, 5)[number % 3]]
    )  # fmt: skip


@pytest.fixture
def hesitant(monkeypatch: pytest.MonkeyPatch) -> Hesitant:
    found = Hesitant()
    monkeypatch.setattr("workers.sentiment.scoring.load", lambda: found)
    return found


def test_rated_reviews_of_earlier_jobs_adapt_the_labels_of_new_ones(owner: Caller, hesitant: Hesitant) -> None:
    rated(owner, 1500)
    [new] = write(owner, "A", LUKEWARM)
    result = result_of(run(owner))
    used = result["neutral_threshold"]
    assert used["adapted"]
    assert used["weight"] > DEFAULT
    assert used["rated_review_count"] == 1500
    assert used["adapted_macro_f1"] >= used["default_macro_f1"] + 0.02
    new.refresh_from_db()
    # The score and the model's probability of the label stay what they were.
    assert new.label == "neutral"
    assert [new.score, new.confidence] == pytest.approx([0.4, 0.3])


@pytest.mark.parametrize(("count", "version"), [(900, VERSION), (1500, "another")])
def test_the_default_stays_without_enough_of_them(
    owner: Caller, hesitant: Hesitant, count: int, version: str
) -> None:
    rated(owner, count, version)
    [new] = write(owner, "A", LUKEWARM, created_at=None)
    Review.objects.filter(analysed_with="another").update(marketplace="elsewhere")
    used = result_of(run(owner))["neutral_threshold"]
    assert (used["adapted"], used["weight"], used["default_macro_f1"]) == (False, DEFAULT, None)
    new.refresh_from_db()
    assert new.label == "positive"


def test_another_tenants_reviews_decide_nothing(owner: Caller, outsider: Caller, hesitant: Hesitant) -> None:
    rated(outsider, 1500)
    write(owner, "A", LUKEWARM)
    assert result_of(run(owner))["neutral_threshold"]["rated_review_count"] == 0


def test_a_later_attempt_uses_what_the_first_one_decided(owner: Caller, hesitant: Hesitant) -> None:
    rated(owner, 1500)
    write(owner, "A", LUKEWARM)
    job_id = dispatched(owner)

    def fail(call: int) -> None:
        Review.objects.filter(rating=3, external_id__startswith="OLD").delete()
        raise KeyboardInterrupt

    hesitant.before_answer = fail
    with pytest.raises(KeyboardInterrupt):
        execute(engine.start(job_id))
    hesitant.before_answer = lambda call: None
    engine.let_lease_expire(job_id)
    lifecycle.reclaim_expired()
    execute(engine.start(job_id))
    assert result_of(Job.objects.get(id=job_id))["neutral_threshold"]["adapted"]
