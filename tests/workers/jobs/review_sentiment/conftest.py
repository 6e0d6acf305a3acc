import pytest

from tests.workers.jobs.review_sentiment.steps import Keywords


@pytest.fixture(autouse=True)
def scorer(monkeypatch: pytest.MonkeyPatch) -> Keywords:
    """The model of the worker: one whose answers the tests know."""
    found = Keywords()
    monkeypatch.setattr("workers.sentiment.scoring.load", lambda: found)
    return found
