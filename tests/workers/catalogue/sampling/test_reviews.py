"""The sample's reviews look like people's, and say what the demo is to find."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.catalogue.sampling.rows import LAST, Cells, read, reviews
from workers.catalogue.sample import SEED, sample_rows
from workers.catalogue.sampling.shop import BREAKING, BREAKING_DAYS, DAYS
from workers.catalogue.sampling.texts import sections

SEEDS = st.just(SEED) | st.integers(0, 2**32)
DATES = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def written(row: Cells) -> datetime:
    return datetime.fromisoformat(row["created_at"])


def stars(rows: list[Cells]) -> Counter[str]:
    return Counter(row["rating"] for row in rows)


def test_there_are_some_fifteen_hundred_and_some_of_every_product() -> None:
    assert 1300 <= len(reviews()) <= 1800
    assert len({row["sku"] for row in reviews()}) == 40
    assert len({row["external_id"] for row in reviews()}) == len(reviews())
    assert len({row["author"] for row in reviews()}) > 200


def test_most_are_content_and_every_number_of_stars_is_given() -> None:
    shares = {rating: count / len(reviews()) for rating, count in stars(reviews()).items()}
    assert shares.keys() == {"5", "4", "3", "2", "1", ""}
    assert 0.5 < shares["5"] < 0.7
    assert shares["4"] > shares["3"] > 0.04
    assert shares["1"] > shares["2"] > 0.02
    assert shares[""] < 0.06


def test_products_are_not_liked_alike() -> None:
    best = [
        stars(rows)["5"] / len(rows)
        for sku in {row["sku"] for row in reviews()}
        if len(rows := [row for row in reviews() if row["sku"] == sku]) >= 30 and sku != BREAKING
    ]
    assert max(best) - min(best) > 0.15


def test_texts_are_short_and_long_and_now_and_then_odd() -> None:
    bodies = [row["body"] for row in reviews()]
    assert all(bodies)
    assert sum(len(body) < 20 for body in bodies) > 150
    assert sum(len(body) > 400 for body in bodies) > 20
    assert any("\n\n" in body for body in bodies)
    for mark in ("<br", "&#39;", "👍", "!!!"):
        assert 1 <= sum(mark in body for body in bodies) < 100, mark
    for section in ("spam", "german positive", "french negative", "spanish positive"):
        assert any(line in bodies for line in sections("reviews.txt")[section]), section
    assert any("burned my hand" in body or "sharp edge" in body for body in bodies)
    assert 0.7 < len(set(bodies)) / len(bodies) < 1


@draws(3, 60, SEEDS, DATES)
def test_none_is_written_after_the_last_day_or_before_the_first_sale(seed: int, last: date) -> None:
    moments = [written(row) for row in read(sample_rows(seed, last).reviews)]
    assert last - timedelta(days=DAYS) < min(moments).date()
    assert max(moments).date() <= last
    assert {moment.tzinfo for moment in moments} == {UTC}


@draws(2, 40, SEEDS, DATES, DATES)
def test_they_are_the_same_on_every_day_but_for_their_dates(seed: int, one: date, another: date) -> None:
    first, second = read(sample_rows(seed, one).reviews), read(sample_rows(seed, another).reviews)
    for row in first:
        row["created_at"] = (written(row) + (another - one)).isoformat().replace("+00:00", "Z")
    assert first == second


def test_reviews_of_one_product_have_got_worse_because_it_breaks() -> None:
    mine = [row for row in reviews() if row["sku"] == BREAKING]
    since = datetime(LAST.year, LAST.month, LAST.day, tzinfo=UTC) - timedelta(days=BREAKING_DAYS - 1)
    lately, before = ([row for row in mine if (written(row) >= since) is late] for late in (True, False))
    assert len(lately) >= 15
    assert _complaining(lately) > 0.5 > 0.3 > _complaining(before)


def _complaining(rows: list[Cells]) -> float:
    return (stars(rows)["1"] + stars(rows)["2"]) / len(rows)
