"""The packaged models: what they say, that it depends on nothing beside it, and that they are what was made."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.sentiment import embedding, encoder, scoring
from workers.sentiment.encoder import WEIGHTS
from workers.sentiment.scoring import Scorer

NEGATIVE, NEUTRAL, POSITIVE = range(3)
LARGEST = 25 * 10**6

PRAISE = (
    "I love it, best purchase this year.",
    "Works perfectly and looks great.",
    "Not bad at all, I would buy it again!",
    "My kids can't get enough of it.",
    "No complaints whatsoever. Sturdy, quiet and cheap.",
)
BLAME = (
    "Broke after two days, total waste of money.",
    "I wanted to love it, but it leaks.",
    "It is not good.",
    "Don't buy this. The zipper was torn and nobody answers.",
    "Cheap plastic, stopped charging within a week.",
)


@pytest.fixture(scope="module")
def scorer() -> Scorer:
    return scoring.load()


@pytest.fixture
def without_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As on a machine where the package cannot be imported."""
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    for loader in (encoder.load, embedding.load, scoring.load):
        loader.cache_clear()
    yield
    for loader in (encoder.load, embedding.load, scoring.load):
        loader.cache_clear()


@pytest.mark.parametrize("text", PRAISE)
def test_praise_is_positive(scorer: Scorer, text: str) -> None:
    for found in (scorer.probabilities([text]), scorer.fast_probabilities([text])):
        assert found[0].argmax() == POSITIVE


@pytest.mark.parametrize("text", BLAME)
def test_blame_is_negative(scorer: Scorer, text: str) -> None:
    assert scorer.probabilities([text])[0].argmax() == NEGATIVE


def test_a_plain_statement_is_neutral(scorer: Scorer) -> None:
    found = scorer.probabilities(["The box contains two cables and a manual.", "It is okay, nothing special."])
    assert found.argmax(axis=1).tolist() == [NEUTRAL, NEUTRAL]


def test_probabilities_of_a_text_do_not_depend_on_the_texts_beside_it(scorer: Scorer) -> None:
    texts = [*PRAISE, *BLAME, "It is okay.", "", "x" * 5000, " ".join(BLAME * 20)]
    together = scorer.probabilities(texts)
    alone = np.concatenate([scorer.probabilities([text]) for text in reversed(texts)])[::-1]
    assert (together == alone).all()


def test_another_process_says_the_same_and_leaves_nothing(scorer: Scorer, tmp_path: Path) -> None:
    """onnxruntime keeps a name of the machine, and what it has not told Microsoft yet, among its user's files."""
    program = (
        "import json, sys; from workers.sentiment import scoring;"
        "print(json.dumps(scoring.load().probabilities(json.loads(sys.argv[1])).tolist()))"
    )
    texts = [*PRAISE, *BLAME]
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    found = subprocess.run(
        [sys.executable, "-c", program, json.dumps(texts)],
        env=environment | {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout) == scorer.probabilities(texts).tolist()
    assert list(tmp_path.iterdir()) == []


@draws(20, 1000, st.lists(st.text(), max_size=5))
def test_any_text_has_probabilities(texts: list[str]) -> None:
    found = scoring.load().probabilities(texts)
    assert found.shape == (len(texts), 3)
    assert ((found >= 0) & (found <= 1)).all()
    assert np.allclose(found.sum(axis=1), 1, atol=2e-4)


def test_a_text_of_a_megabyte_is_read_at_its_begin_and_end(scorer: Scorer) -> None:
    text = " ".join([*PRAISE * 10, "word " * 200_000, *PRAISE * 5])
    assert scorer.probabilities([text])[0].argmax() == POSITIVE


def test_the_encoder_reads_what_the_fast_model_is_not_sure_of(scorer: Scorer) -> None:
    assert scorer.name == "cascade"
    texts = ["Love the color, broke in a week.", "Great... it died after two days."]
    assert (scorer.probabilities(texts) != scorer.fast_probabilities(texts)).any(axis=1).all()


@pytest.mark.usefixtures("without_onnxruntime")
def test_without_onnxruntime_the_fast_model_works_alone_and_says_so() -> None:
    alone = scoring.load()
    assert alone.name == "fast"
    assert alone.version.startswith("fast-")
    assert alone.probabilities(PRAISE).argmax(axis=1).tolist() == [POSITIVE] * len(PRAISE)
    assert embedding.load() is None


def test_texts_that_mean_alike_point_the_same_way() -> None:
    embedder = embedding.load()
    assert embedder is not None
    texts = ["It is too small for me.", "Way too tight, does not fit.", "It came a week late."]
    small, tight, late = embedder.embed(texts)
    assert np.isclose(small @ small, 1, atol=1e-3)
    assert small @ tight > small @ late


def test_the_weights_are_the_ones_that_were_made_and_small() -> None:
    for line in (WEIGHTS / "SHA256SUMS").read_text(encoding="ascii").splitlines():
        expected, name = line.split()
        assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == expected, name
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) < LARGEST


def test_what_does_not_score_loads_no_model() -> None:
    program = (
        "import sys, workers.sentiment.scoring, workers.sentiment.embedding; sys.exit('onnxruntime' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
