"""Numbers as people write them: read as they were meant, or refused, and never as another number."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.importing.numbers import Evidence, Mark, exact, read

AMOUNTS = st.decimals(min_value=0, max_value=9_999_999, places=2)
# How an amount is written, and with which decimal mark.
STYLES: dict[str, tuple[Callable[[Decimal], str], Mark]] = {
    "1,299.50": (lambda amount: f"{amount:,.2f}", Mark.POINT),
    "1.299,50": (lambda amount: f"{amount:,.2f}".translate(str.maketrans(",.", ".,")), Mark.COMMA),
    "1 299,50": (lambda amount: f"{amount:,.2f}".replace(",", "\u202f").replace(".", ","), Mark.COMMA),
    "1'299.50": (lambda amount: f"{amount:,.2f}".replace(",", "’"), Mark.POINT),
    "1299,50": (lambda amount: f"{amount:.2f}".replace(".", ","), Mark.COMMA),
    "1299.50": (lambda amount: f"{amount:.2f}", Mark.POINT),
}
SURROUNDED = ["{}", "$ {}", "${}", "{} €", "EUR {}", "{} EUR", " {} ", "kr. {}", "{}\u00a0zł", "CHF {}.-"[:6]]


@draws(100, 5000, st.sampled_from([*STYLES]), AMOUNTS, st.sampled_from(SURROUNDED), st.booleans())
def test_an_amount_is_read_as_it_was_written(style: str, amount: Decimal, around: str, known: bool) -> None:
    write, mark = STYLES[style]
    found = read(around.format(write(amount)), mark if known else None)
    assert Decimal(found.text) == amount
    assert not found.doubt


@draws(30, 2000, st.integers(1, 999), st.integers(0, 999), st.sampled_from(".,"))
def test_three_digits_behind_a_mark_have_two_readings(whole: int, rest: int, written: str) -> None:
    cell = f"{whole}{written}{rest:03d}"
    assert read(cell, None).doubt
    grouped, decimal = Decimal(whole * 1000 + rest), Decimal(f"{whole}.{rest:03d}")
    readings = {mark: Decimal(read(cell, mark).text) for mark in Mark}
    assert readings == ({Mark.POINT: decimal, Mark.COMMA: grouped} if written == "." else
                        {Mark.POINT: grouped, Mark.COMMA: decimal})  # fmt: skip


@draws(60, 3000, st.sampled_from([*STYLES]), st.lists(AMOUNTS, min_size=1, max_size=20))
def test_the_cells_of_a_file_show_its_decimal_mark(style: str, amounts: list[Decimal]) -> None:
    write, mark = STYLES[style]
    evidence = Evidence()
    evidence.add({write(amount) for amount in amounts})
    assert evidence.mark is mark


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.290", "12.000"], None),
        # One reading, but it says nothing about the 1.290.
        (["1.290", "0.850"], None),
        (["1.290", "1.234.567"], Mark.COMMA),
        (["1,290", "1234.567"], Mark.POINT),
        (["9.99", "9,99"], None),
        (["1.299,00"], Mark.COMMA),
        (["n/a", "", "15", "-"], None),
    ],
)
def test_what_shows_the_decimal_mark(cells: list[str], mark: Mark | None) -> None:
    evidence = Evidence()
    evidence.add(cells)
    assert evidence.mark is mark


@pytest.mark.parametrize(
    ("cell", "mark", "number"),
    [
        ("Rs. 1,09,900.00", None, "109900.00"),
        ("CHF 1'299.-", None, "1299"),
        ("R$ 1.299,00", None, "1299.00"),
        ("−3", None, "-3"),
        ("-$5.50", None, "-5.50"),
        (".5", None, "0.5"),
        ("1e3", None, "1e3"),
        ("12.000", Mark.COMMA, "12000"),
    ],
)
def test_forms_of_numbers(cell: str, mark: Mark | None, number: str) -> None:
    assert read(cell, mark).text == number


@pytest.mark.parametrize("cell", ["", "abc", "1.2.3", "1 29", "12€50", "1,2,3", "１０", "1_000", "0x10", "NaN"])
@pytest.mark.parametrize("mark", [None, *Mark])
def test_what_is_not_a_number_is_refused(cell: str, mark: Mark | None) -> None:
    with pytest.raises(ValueError, match="must be a number"):
        read(cell, mark)


@pytest.mark.parametrize(("cell", "mark"), [("9.99", Mark.COMMA), ("9,99", Mark.POINT), ("0.850", Mark.COMMA)])
def test_a_cell_that_contradicts_the_file_is_refused(cell: str, mark: Mark) -> None:
    with pytest.raises(ValueError, match="another decimal mark"):
        read(cell, mark)


@draws(30, 2000, st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=3))
def test_numbers_of_json_have_one_reading_whatever_the_mark(number: Decimal) -> None:
    for mark in (None, *Mark):
        found = read(exact(str(number)), mark)
        assert (Decimal(found.text), found.doubt) == (number, "")
