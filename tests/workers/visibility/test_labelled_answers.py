"""How well answers are read: those that the rules were made by, and those that they were not."""

import pytest

from tests.workers.visibility.labelled import read_all, refusals, scores
from workers.visibility.declining import is_declined

TUNED, HELD_OUT = slice(0, None, 2), slice(1, None, 2)


@pytest.mark.parametrize("which", [TUNED, HELD_OUT], ids=["tuned", "held-out"])
def test_brands_are_found_where_they_are_meant(which: slice) -> None:
    found = scores(read_all()[which]).mentions
    assert found.precision >= 0.97
    assert found.recall >= 0.97


def test_positions_are_those_that_a_reader_takes_away() -> None:
    tuned, held_out = (scores(read_all()[which]).positions for which in (TUNED, HELD_OUT))
    assert min(tuned.precision, tuned.recall) >= 0.97
    assert min(held_out.precision, held_out.recall) >= 0.97


@pytest.mark.parametrize("name", ["first", "second", "third", "fourth", "fifth", "sixth", "seventh"])
def test_answers_that_were_labelled_blind_are_read_as_they_are_labelled(name: str) -> None:
    found = scores(read_all(f"{name}.jsonl"))
    assert min(found.mentions.precision, found.mentions.recall) >= 0.985
    assert min(found.positions.precision, found.positions.recall) >= 0.975


def test_the_sentiment_is_what_the_clauses_say() -> None:
    for which in (TUNED, HELD_OUT):
        assert scores(read_all()[which]).sentiments.precision >= 0.88


def test_ranks_are_understood_in_many_ways_of_saying_them() -> None:
    found = scores(read_all("ways.jsonl"))
    assert min(found.mentions.precision, found.mentions.recall) >= 0.97
    assert min(found.positions.precision, found.positions.recall) >= 0.95


def test_hard_answers_are_read_nearly_as_well() -> None:
    found = scores(read_all("eighth.jsonl"))
    assert min(found.mentions.precision, found.mentions.recall) >= 0.95
    assert min(found.positions.precision, found.positions.recall) >= 0.95


def test_answers_of_many_kinds_are_read_as_they_are_labelled() -> None:
    found = scores(read_all("ninth.jsonl"))
    assert found.mentions.precision >= 0.98
    assert found.mentions.recall >= 0.97
    assert min(found.positions.precision, found.positions.recall) >= 0.93


def test_refusals_in_plain_words_are_told_from_answers() -> None:
    found = {row.id: is_declined(row.answer, row.language) for row in refusals()}
    assert [row.id for row in refusals() if found[row.id] and not row.refusal] == []
    refused = [row for row in refusals() if row.refusal]
    assert sum(found[row.id] for row in refused) / len(refused) >= 0.95


def test_quotes_are_the_answers_own_words() -> None:
    for row, found in read_all():
        for mention in found.mentions:
            assert mention.quote
            assert mention.quote in row.answer
