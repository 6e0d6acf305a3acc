"""The number of the rules is in the version that is stored with a review: whoever changes what is said, raises it."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.workers.sentiment.scorers import Counting
from workers.sentiment import analysis
from workers.sentiment.analysis import ReviewText, analyse

DATA = Path(__file__).parent / "data"
# With the rules of this number, all of these texts are said to be this.
RULES, SAID = 1, "ecf2ae00da5f5f66"


def texts() -> list[str]:
    files = ("aspects.jsonl", "languages.jsonl")
    return [json.loads(line)["text"] for name in files for line in (DATA / name).read_text("utf-8").splitlines()]


def lexicon() -> str:
    folder = Path(analysis.__file__).parent / "lexicon"
    return "".join(path.read_text("utf-8") for path in sorted(folder.iterdir()))


def test_other_rules_have_another_number() -> None:
    """Only where nothing of the change is released yet, the number may stay, and the digest alone is replaced."""
    found = analyse([ReviewText("", text, rating) for text in texts() for rating in (1, 5)], Counting())
    said = hashlib.sha256(f"{found}{lexicon()}".encode()).hexdigest()[:16]
    assert (analysis.RULES, said) == (RULES, SAID), "raise RULES in analysis.py, and write both up here"


def test_the_version_has_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    before = analysis.version(Counting())
    monkeypatch.setattr(analysis, "RULES", analysis.RULES + 1)
    assert before.startswith(f"{Counting.version}-")
    assert analysis.version(Counting()) != before
