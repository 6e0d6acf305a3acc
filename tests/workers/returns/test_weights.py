"""The weights that are packaged, and what they were trained on."""

import csv
import hashlib
from pathlib import Path

from workers.returns.reading import WEIGHTS
from workers.returns.training.texts import comparable, generated, labelled, templates

DATA = Path(__file__).parent / "data"


def test_the_weights_are_the_ones_whose_hash_is_given_and_small() -> None:
    digest, name = (WEIGHTS / "SHA256SUMS").read_text(encoding="ascii").split()
    assert hashlib.sha256((WEIGHTS / name).read_bytes()).hexdigest() == digest
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 1_000_000


def test_no_held_out_comment_is_trained_on() -> None:
    held_out = {comparable(example.text) for example in labelled(DATA / "held_out.tsv")} - {""}
    assert held_out.isdisjoint(comparable(example.text) for example in templates())
    assert held_out.isdisjoint(comparable(example.text) for example in labelled(DATA / "labelled.tsv"))


def test_every_reason_has_labelled_comments() -> None:
    for name, least in (("labelled.tsv", 20), ("held_out.tsv", 10)):
        reasons = [example.reason for example in labelled(DATA / name)]
        assert min(map(reasons.count, set(reasons))) >= least
        assert len(set(reasons)) == 15


def test_the_generated_texts_are_the_same_for_a_seed() -> None:
    assert generated(3) == generated(3)
    assert generated(3) != generated(4)


def test_second_issues_are_reasons() -> None:
    with (DATA / "labelled.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert {row["second"] for row in rows} - {""} <= {row["reason"] for row in rows}
