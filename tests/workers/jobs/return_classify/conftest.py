import pytest

from tests.workers.jobs.return_classify.steps import Watched


@pytest.fixture
def classifier(monkeypatch: pytest.MonkeyPatch) -> Watched:
    watched = Watched()
    monkeypatch.setattr("workers.jobs.return_classify.classifying.classify", watched)
    return watched
