"""Scores: their parts, and that what is better never counts less."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.listings.bottles import LISTING, MATERIAL
from tests.workers.listings.drawing import listings
from workers.listings.checking import check
from workers.listings.diffs import word_diff
from workers.listings.facts import facts_of
from workers.listings.keywords import rank
from workers.listings.readability import FORMULAS, flesch, readability
from workers.listings.rulebook import rules_of
from workers.listings.scoring import WEIGHTS, Yardstick, score
from workers.listings.shapes import ListingText, ScorePart, Violation

RULES = rules_of("amazon_us")
BY = Yardstick(RULES, "en", tuple(rank(MATERIAL, facts_of(MATERIAL))), MATERIAL.evidence)


def points(listing: ListingText) -> dict[ScorePart, float]:
    return {part.name: part.points for part in score(listing, check(listing, RULES, "en"), BY).parts}


def test_the_weights_are_of_a_hundred() -> None:
    assert sum(WEIGHTS.values()) == 100


@draws(10, 500, listings(), st.data())
def test_a_violation_less_is_never_worse(listing: ListingText, data: st.DataObject) -> None:
    violations = check(listing, RULES, "en")
    left = data.draw(st.lists(st.sampled_from(violations), unique_by=id)) if violations else []
    assert score(listing, left, BY).total >= score(listing, violations, BY).total


@draws(10, 500, listings(), st.sampled_from(["Keeps drinks cold", "Bamboo lid", "Easy to clean by hand", "flask"]))
def test_more_text_never_costs_completeness_keywords_benefits_or_reviews(listing: ListingText, text: str) -> None:
    before, after = points(listing), points(replace(listing, bullets=(*listing.bullets, text)))
    for part in ("completeness", "keywords", "benefits", "reviews"):
        assert after[part] >= before[part]


def test_nothing_scores_little_and_stays_in_bounds() -> None:
    assert 0 <= score(ListingText(), check(ListingText(), RULES, "en"), BY).total < 40


def test_an_error_costs_more_than_a_warning() -> None:
    error, warning = (Violation("title", "x", "", severity) for severity in ("error", "warning"))
    totals = [score(LISTING, found, BY).total for found in ([], [warning], [error])]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) == 3


def test_parts_that_nothing_is_known_of_are_left_out() -> None:
    found = score(LISTING, [], Yardstick(RULES, "ja"))
    unknown = {part.name for part in found.parts if part.value is None}
    assert unknown == {"keywords", "readability", "reviews"}
    assert sum(part.points for part in found.parts) == pytest.approx(found.total, abs=0.06)


def test_flesch_is_as_by_hand() -> None:
    # Six words in a sentence, one syllable each.
    assert flesch(["The cat sat on the mat"], "en") == pytest.approx(206.835 - 1.015 * 6 - 84.6)


@pytest.mark.parametrize("language", sorted(FORMULAS))
def test_short_sentences_read_more_easily(language: str) -> None:
    easy = flesch(["la la", "la la"], language)
    hard = flesch(["la la la la " * 10], language)
    assert easy is not None
    assert hard is not None
    assert easy > hard


def test_without_words_or_formula_there_is_no_readability() -> None:
    assert readability([], "en") == 0
    assert readability(["テスト"], "ja") is None


@given(st.text(), st.text())
def test_a_diff_makes_both_texts(current: str, proposed: str) -> None:
    diff = word_diff(current, proposed)
    assert "".join(part.text for part in diff if part.kind != "added") == current
    assert "".join(part.text for part in diff if part.kind != "removed") == proposed


def test_a_diff_of_a_megabyte_is_made_in_time() -> None:
    current = "word other " * 90_000
    assert (
        "".join(part.text for part in word_diff(current, "new " + current[::-1]) if part.kind != "added") == current
    )
