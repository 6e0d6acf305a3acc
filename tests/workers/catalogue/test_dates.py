"""Dates as people write them: read as they were meant, or refused, and never as another day."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.importing.dates import Evidence, Order, read

DAYS = st.dates(date(1970, 1, 1), date(2099, 12, 31))
# Forms that have one reading.
CLEAR = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d-%b-%Y"]
FORMS = {Order.DAY: "%d/%m/%Y", Order.MONTH: "%m/%d/%Y"}


@draws(30, 2000, DAYS, st.sampled_from(CLEAR))
def test_a_clear_day_is_read_as_it_was_written(day: date, form: str) -> None:
    assert read(day.strftime(form), None) == day


@draws(30, 2000, DAYS, st.sampled_from(list(Order)), st.sampled_from(["/", "-"]))
def test_a_day_in_numbers_is_that_day_or_refused(day: date, order: Order, between: str) -> None:
    cell = day.strftime(FORMS[order]).replace("/", between)
    assert read(cell, order) == day
    if day.day <= 12 and day.day != day.month:
        with pytest.raises(ValueError, match=r"day_first.*month_first"):
            read(cell, None)
    else:
        assert read(cell, None) == day


@draws(30, 2000, st.lists(DAYS, min_size=1), st.sampled_from(list(Order)))
def test_the_cells_of_a_file_show_the_order(days: list[date], order: Order) -> None:
    evidence = Evidence()
    evidence.add({day.strftime(FORMS[order]) for day in days})
    assert evidence.order is (order if any(day.day > 12 for day in days) else None)


def test_cells_that_contradict_each_other_show_nothing() -> None:
    evidence = Evidence()
    evidence.add(["13/03/2026", "03/13/2026"])
    assert evidence.order is None


@draws(30, 2000, st.datetimes(datetime(1970, 1, 1), datetime(2099, 1, 1)), st.integers(-11, 12))
def test_a_moment_of_iso_is_read_with_its_zone(naive: datetime, hours: int) -> None:
    offset = f"{'-' if hours < 0 else '+'}{abs(hours):02d}:00"
    found = read(f"{naive.isoformat()}{offset}", None)
    assert isinstance(found, datetime)
    assert found.astimezone(UTC).replace(tzinfo=None) == naive - timedelta(hours=hours)


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("46093", date(2026, 3, 12)),
        ("46093.5", datetime(2026, 3, 12, 12)),
        ("2026-3-5", date(2026, 3, 5)),
        ("2026-W11-4", date(2026, 3, 12)),
        ("12. März 2026", date(2026, 3, 12)),
        ("1 août 2026", date(2026, 8, 1)),
        ("12 juil. 2026", date(2026, 7, 12)),
        ("12 de marzo de 2026", date(2026, 3, 12)),
        ("Thu, 12 Mar 2026", date(2026, 3, 12)),
        ("2026-03-12 00:00:00", datetime(2026, 3, 12)),
        ("Mar 12, 2026 2:32:01 PM UTC", datetime(2026, 3, 12, 14, 32, 1, tzinfo=UTC)),
        ("13/03/2026 12:05 am", datetime(2026, 3, 13, 0, 5)),
    ],
)
def test_forms_of_dates(cell: str, found: date) -> None:
    assert read(cell, None) == found


@pytest.mark.parametrize(
    "cell",
    ["", "x", "31.02.2026", "2026-13-01", "32/01/2026", "2026-03-12 25:00", "1 foo 2026", "13:00 pm"],
)
def test_what_is_not_a_date_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        read(cell, None)


def test_a_time_zone_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match="time zone that is not known"):
        read("2026-03-12 10:00 XYZ", None)


@pytest.mark.parametrize(
    "cell",
    [
        "Reviewed in Germany on 12 March 2026",
        "Reviewed in the United States on March 12, 2026",
        "Bewertet in Deutschland am 12. März 2026",
        "Rezension aus Deutschland vom 12. März 2026",
        "Avis laissé en France le 12 mars 2026",
        "Commenté en France le 12 mars 2026",
        "Recensito in Italia il 12 marzo 2026",
        "Revisado en España el 12 de marzo de 2026",
        "Calificado en México el 12 de marzo de 2026",
        "2026年3月12日に日本でレビュー済み",
        "2026年3月12日",
    ],
)
def test_the_day_of_a_review_is_read_as_amazon_writes_it(cell: str) -> None:
    assert read(cell, None) == date(2026, 3, 12)


@pytest.mark.parametrize(
    "cell", ["Reviewed in Germany", "Reviewed on", "Reviewed in Germany on someday", "年月日", "x年"]
)
def test_what_only_begins_like_that_is_refused(cell: str) -> None:
    with pytest.raises(ValueError, match="must be a date"):
        read(cell, None)
