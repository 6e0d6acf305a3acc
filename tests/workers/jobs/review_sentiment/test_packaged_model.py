"""The job with the model that the service comes with."""

import pytest

from tests.clients import Caller
from tests.workers.jobs.review_sentiment.steps import result_of, run, stored, write
from workers.catalogue.models import Review
from workers.jobs import backlog
from workers.sentiment import analysis
from workers.sentiment.scoring import load

pytestmark = pytest.mark.django_db

REVIEWS = {
    "I love this kettle. It boils water in two minutes and looks great on the counter.": "positive",
    "Excellent quality for the price, I would buy it again without a second thought.": "positive",
    "Total waste of money. It stopped working after three days and they refused a refund.": "negative",
    "Very disappointed: the zipper broke the first time I used it.": "negative",
    "¡Me encanta esta cafetera, es la mejor que he tenido en muchos años y la recomiendo!": "",
    "": "",
}


@pytest.fixture(autouse=True)
def scorer() -> None:
    """The packaged one, and not that of the other tests."""


def test_plain_reviews_are_understood(owner: Caller) -> None:
    write(owner, "A", *REVIEWS)
    Review.objects.filter(body="").update(title="")
    result = result_of(run(owner))
    assert dict(Review.objects.values_list("body", "label")) == REVIEWS
    assert result["model"] == {"name": load().name, "version": analysis.version(load())}
    assert result["unsupported_languages"] == [{"language": "es", "review_count": 1}]
    overall = result["overall"]
    assert (overall["positive_count"], overall["negative_count"], overall["flags"]["no_text"]) == (2, 2, 1)


def test_what_is_stored_does_not_depend_on_the_chunks(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    write(owner, "A", *REVIEWS, "Nice color but it broke in a week. Shipping was slow.", "\U0001f600 ok!!!")
    run(owner)
    first = stored()
    for most in (1, 3):
        monkeypatch.setattr(backlog, "MOST_ROWS", most)
        run(owner, reanalyze=True)
        assert stored() == first
