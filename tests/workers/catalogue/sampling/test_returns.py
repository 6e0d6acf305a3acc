"""The sample's returns come from its sales, with codes and comments as people choose and write them."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.catalogue.sampling.rows import LAST, Cells, read, returns, sales
from workers.catalogue.sample import SEED, sample_rows
from workers.catalogue.sampling.returns import CODES
from workers.catalogue.sampling.shop import DAYS, FLICKERING, SERIAL_RETURNER, SHRUNK, SHRUNK_DAYS

SEEDS = st.just(SEED) | st.integers(0, 2**32)
DATES = st.dates(date(1971, 1, 1), date(2100, 12, 31))


def back(row: Cells) -> date:
    return date.fromisoformat(row["date"])


def test_there_are_some_two_and_a_half_thousand_and_some_of_every_product() -> None:
    assert 2200 <= len(returns()) <= 2900
    assert len({row["sku"] for row in returns()}) == 40
    for name in ("return_id", "order_id"):
        assert len({row[name] for row in returns()}) == len(returns())


def test_every_product_sold_before_what_came_back() -> None:
    for sku in {row["sku"] for row in returns()}:
        mine = sorted(back(row) for row in returns() if row["sku"] == sku)
        sold = {date.fromisoformat(row["date"]): int(row["units"]) for row in sales() if row["sku"] == sku}
        for number, day in enumerate(mine, start=1):
            assert sum(units for sold_on, units in sold.items() if sold_on <= day - timedelta(days=2)) >= number


def test_every_code_is_chosen_and_few_comments_contradict_theirs() -> None:
    chosen = Counter(row["reason_code"] for row in returns())
    assert chosen.keys() == {"", *(code for codes in CODES.values() for code in codes)}
    assert chosen[""] < len(returns()) * 0.1
    small = [row for row in returns() if row["comment"].casefold().startswith("too small")]
    assert 0 < sum("SMALL" not in row["reason_code"] for row in small) < len(small) / 2


def test_half_of_them_have_a_comment_and_all_of_those_without_a_code() -> None:
    comments = [row["comment"] for row in returns()]
    assert 0.4 < sum(map(bool, comments)) / len(comments) < 0.7
    assert all(row["comment"] for row in returns() if not row["reason_code"])
    assert sum(comment.endswith("!!!") for comment in comments) > 20
    assert any(comment in ("Defekt, funktioniert nicht.", "Leider viel zu klein.") for comment in comments)


def test_what_comes_back_broken_is_not_sold_again() -> None:
    assert {row["disposition"] for row in returns() if row["reason_code"] == "DAMAGED_BY_CARRIER"} >= {
        "CARRIER_DAMAGED",
        "DAMAGED",
    }
    assert Counter(row["disposition"] for row in returns()).most_common(1)[0][0] == "SELLABLE"


@draws(3, 60, SEEDS, DATES)
def test_none_comes_back_after_the_last_day(seed: int, last: date) -> None:
    days = [back(row) for row in read(sample_rows(seed, last).returns)]
    assert last - timedelta(days=DAYS) < min(days) <= max(days) <= last


@draws(2, 40, SEEDS, DATES, DATES)
def test_they_are_the_same_on_every_day_but_for_their_dates(seed: int, one: date, another: date) -> None:
    first, second = read(sample_rows(seed, one).returns), read(sample_rows(seed, another).returns)
    for row in first:
        row["date"] = (back(row) + (another - one)).isoformat()
    assert first == second


def test_of_one_product_more_comes_back_lately_because_it_flickers() -> None:
    mine = [row for row in returns() if row["sku"] == FLICKERING]
    lately = [row for row in mine if back(row) > LAST - timedelta(days=14)]
    usual = (len(mine) - len(lately)) / (DAYS - 14)
    assert len(lately) / 14 > 2.5 * usual
    assert sum("flicker" in row["comment"].casefold() for row in lately) >= 12


def test_one_product_is_too_small_lately() -> None:
    mine = [row for row in returns() if row["sku"] == SHRUNK]
    lately = [row for row in mine if back(row) > LAST - timedelta(days=SHRUNK_DAYS)]
    before = [row for row in mine if row not in lately]
    assert _too_small(lately) > 0.45 > 0.25 > _too_small(before)


def _too_small(rows: list[Cells]) -> float:
    return sum("TOO-SMALL" in row["reason_code"].replace("_", "-") for row in rows) / len(rows)


def test_one_customer_sends_back_much_and_the_others_little() -> None:
    (most, count), (_, next_most) = Counter(row["buyer_id"] for row in returns()).most_common(2)
    assert most == SERIAL_RETURNER
    assert count >= 12 > 5 >= next_most
