"""What has changed since an earlier sample, and whether chance explains it."""

import numpy as np
import pytest

from workers.visibility.changes import change
from workers.visibility.scoring import Sample, figures, is_site, measures, score_of
from workers.visibility.shapes import Mention

RATE = measures("A", [])["mention_rate"]


def samples(*named: float, per: int = 4, first: int = 0) -> list[Sample]:
    """Of each question that share of its answers names the brand."""
    found = []
    for number, share in enumerate(named, start=first):
        for place in range(per):
            mentions = (Mention("A", 1, "A", "neutral"),) if place < share * per else ()
            found.append(Sample(f"question {number}", mentions))
    return found


def test_questions_that_both_have_are_compared_with_themselves() -> None:
    before, now = samples(*[0.25] * 10), samples(*[0.75] * 10)
    found = change(RATE, before, now)
    assert found is not None
    assert (found.difference, found.paired) == (0.5, 10)
    # Two of the 1,024 ways to exchange them are as far apart.
    assert found.p_value == pytest.approx(2 / 1024, abs=0.002)
    assert found.is_significant


def test_few_questions_cannot_change_significantly() -> None:
    found = change(RATE, samples(*[0.0] * 4), samples(*[1.0] * 4))
    assert found is not None
    assert found.paired == 0
    assert found.difference == 1
    assert 0.01 < found.p_value < 0.06


def test_other_questions_are_compared_as_a_whole() -> None:
    found = change(RATE, samples(*[0.25] * 12), samples(*[0.75] * 12, first=100))
    assert found is not None
    assert found.paired == 0
    assert found.is_significant


def test_nothing_has_changed_where_nothing_has() -> None:
    same = samples(0.25, 0.5, 1, 0, 0.75, 0.5, 0.25, 1)
    found = change(RATE, same, same)
    assert found is not None
    assert (found.difference, found.p_value) == (0, 1)


def test_without_anything_to_count_there_is_no_change() -> None:
    position = measures("A", [])["mean_position"]
    assert change(position, samples(*[0] * 8), samples(*[1] * 8)) is None
    assert change(RATE, [], samples(1.0)) is None


def test_chance_is_taken_for_a_change_in_one_of_twenty_runs() -> None:
    random = np.random.default_rng(11)
    alarms = 0
    for _ in range(100):
        chances = random.beta(1, 1.5, 15)
        runs = [samples(*(random.binomial(4, chances) / 4)) for _ in range(2)]
        found = change(RATE, *runs)
        assert found is not None
        alarms += found.is_significant
    assert alarms <= 11


def test_the_score_of_an_answer_is_its_mention_its_rank_and_what_is_said() -> None:
    assert score_of(None) == 0
    assert score_of(Mention("A", 1, "", "positive")) == 100
    assert score_of(Mention("A", 3, "", "neutral")) == 40 + 20 + 10
    assert score_of(Mention("A", None, "", "negative")) == 40


def test_figures_of_a_sample() -> None:
    both = (Mention("A", 2, "", "positive"), Mention("B", 1, "", "neutral"))
    rows = [Sample("one", both, ("anker.com",)), Sample("two", both[1:], ("x.org", "shop.a-nker.de"))]
    found = figures(rows, "A", ["A", "B", "C"], ["anker"])
    assert found is not None
    assert found.mention_rate.value == found.top3_rate.value == 0.5
    assert found.citation_rate.value == 1
    assert found.mean_position is not None
    assert found.mean_position.value == 2
    voices = {name: each and round(each.value, 3) for name, each in found.share_of_voice.items()}
    assert voices == {"A": 0.333, "B": 0.667, "C": 0}
    assert found.cited == [("anker.com", 1), ("shop.a-nker.de", 1), ("x.org", 1)]
    assert figures([], "A", ["A"], []) is None


def test_a_site_is_the_brands_where_a_part_of_its_domain_is_its_name() -> None:
    assert is_site("us.anker.com", ["anker"])
    assert is_site("hydro-flask.co.uk", ["hydroflask"])
    assert not is_site("bankers.com", ["anker"])
    assert not is_site("example.anker", ["anker"])
