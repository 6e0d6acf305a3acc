"""The number of the rules is in the version that is stored with a return: whoever changes what is said, raises it."""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray

from workers.returns import classifying, reading
from workers.returns.classifying import ReturnText, classify
from workers.returns.ngrams import words
from workers.returns.reasons import REASONS

LABELLED = Path(__file__).parent / "data" / "labelled.tsv"
CODES = ("", "DEFECTIVE", "APPAREL_TOO_SMALL", "damaged-or-defective", "NO_REASON_GIVEN")
# With the rules of this number, all of the labelled comments are said to be this.
RULES, SAID = 1, "bc6bd0c68df586af"


class Drawn:
    """In place of the weights, which have a version of their own: a reason drawn for each text."""

    version = "drawn-1"

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        found = np.full((len(texts), len(REASONS)), 0.01)
        for row, text in zip(found, texts, strict=True):
            row[crc32(text.encode()) % len(REASONS)] = 0.86
        return found

    quick_probabilities = probabilities


def comments() -> list[str]:
    with LABELLED.open(encoding="utf-8", newline="") as file:
        return [row["comment"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def test_other_rules_have_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where nothing of the change is released yet, the number may stay, and the digest alone is replaced."""
    monkeypatch.setattr(reading, "load", Drawn)
    # Each comment with two of the codes in turn.
    rows = [
        ReturnText(CODES[(number + more) % len(CODES)], comment)
        for number, comment in enumerate(comments())
        for more in (0, 1)
    ]
    found = classify(rows)
    said = hashlib.sha256(f"{found}{[words(each) for each in comments()]}".encode()).hexdigest()[:16]
    assert (classifying.RULES, said) == (RULES, SAID), "raise RULES in classifying.py, and write both up here"


def test_the_version_has_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    before = classifying.version()
    monkeypatch.setattr(classifying, "RULES", classifying.RULES + 1)
    assert before.startswith(f"{reading.load().version}-")
    assert classifying.version() != before
