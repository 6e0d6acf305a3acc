"""Amounts as shops write them: read where there is one reading, else refused with the text."""

import re
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.marketplaces.web.amounts import one_of, written


@pytest.mark.parametrize(
    ("text", "currency", "expected"),
    [
        ("1299.00", "EUR", "1299.00"),
        ("1,299.00", "USD", "1299.00"),
        ("1.299,00 €", "EUR", "1299.00"),
        ("1.299 €", "EUR", "1299"),
        ("1 299,00", "EUR", "1299.00"),
        ("1,299", "USD", "1299"),
        ("12,-", "EUR", "12"),
        ("$12.99", "USD", "12.99"),
        ("1299.0000", "EUR", "1299.0000"),
        ("1.299", "JPY", "1299"),
        ("1.299", "KWD", "1.299"),
        ("1’200.20", "CHF", "1200.20"),
        ("1'200.–", "CHF", "1200"),
        ("CHF 20.—", "CHF", "20"),
        ("1\u202f099,00\u00a0€", "EUR", "1099.00"),
        ("1,09,900.00", "INR", "109900.00"),
        ("Rs.1,099", "INR", "1099"),
        ("1.234.567", "EUR", "1234567"),
        ("1 234.567", "KWD", "1234.567"),
        ("1,234.567", "KWD", "1234.567"),
        ("19€50", "EUR", "19.50"),
        ("199:-", "SEK", "199"),
        ("$.75", "USD", "0.75"),
        ("US$19.50", "USD", "19.50"),
        ("19.50 USD", "USD", "19.50"),
        ("from $19.50", "USD", "19.50"),
        ("Beginning at   1 099,00 €   tax incl.   tax incl.", "EUR", "1099.00"),
        ("19,50 € inkl. 19 % MwSt. zzgl. Versand*", "EUR", "19.50"),
        ("1.299.000", "IDR", "1299000"),
        (",89 €", "EUR", "0.89"),
        ("Rs. 1,099.00/-", "INR", "1099.00"),
        ("¥1,500(税込)", "JPY", "1500"),
        ("19.50&nbsp;&euro;", "EUR", "19.50"),
        ("19,50 € / Stück", "EUR", "19.50"),
    ],
)
def test_amounts(text: str, currency: str, expected: str) -> None:
    assert written(text).amount(currency) == Decimal(expected)


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("1.299", "EUR"),
        ("1,299", "KWD"),
        ("-5", "EUR"),
        ("10 – 20", "EUR"),
        ("ask us", "EUR"),
        ("2 for 19.50", "EUR"),
        ("25.00 19.50", "EUR"),
        ("25.0019.50", "EUR"),
        ("up to 19.50", "EUR"),
        ("bis 19,50 €", "EUR"),
        ("save 5.00", "EUR"),
        ("was 25.00", "EUR"),
        ("$19.50/month", "USD"),
        ("19.50 per kg", "EUR"),
        ("19⁵⁰ €", "EUR"),
        ("1.099.00", "EUR"),
        ("12 50", "EUR"),
        ("19.50€50", "EUR"),
        ("19,50 € £17", "EUR"),
        ("20% off", "EUR"),
        ("1e3", "EUR"),
        ("RRP 25", "EUR"),
        ("3x 19.50", "EUR"),
        ("19.50" + " " * 3000 + "per month", "EUR"),
        ("1" * 81, "EUR"),
    ],
)
def test_an_amount_that_is_not_sure_is_refused(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=re.escape(" ".join(text.split())[:60])):
        written(text).amount(currency)


@draws(40, 2000, st.text(), st.sampled_from(["EUR", "JPY", "KWD"]))
def test_any_text_is_an_amount_or_a_value_error(text: str, currency: str) -> None:
    with suppress(ValueError):
        assert written(text).amount(currency) >= 0


@draws(40, 2000, st.decimals(min_value="0.01", max_value="99999999", places=2))
def test_a_plain_amount_is_itself(value: Decimal) -> None:
    assert written(f"{value:.2f}").amount("EUR") == value
    assert written(f"{value:,.2f} USD").amount("USD") == value


@pytest.mark.parametrize(
    ("text", "included"),
    [
        ("19,50 €", None),
        ("19,50 € inkl. MwSt.", True),
        ("19,50 € TTC", True),
        ("19,50 € HT", False),
        ("19,50 € zzgl. MwSt.", False),
        ("19,50 € zzgl. Versand", None),
        ("£16.25 ex VAT", False),
        ("£16.25 + VAT", False),
    ],
)
def test_what_a_text_says_of_tax(text: str, included: bool | None) -> None:
    assert written(text).tax_included is included


@pytest.mark.parametrize(
    ("text", "own", "currency"),
    [
        ("$19.50", "USD", "USD"),
        ("$19.50", "AUD", "AUD"),
        ("CA$19.50", "USD", "CAD"),
        ("C $19.50", "USD", "CAD"),
        ("$19.50 CAD", "USD", "CAD"),
        ("19,50 €", "USD", "EUR"),
        ("199 kr", "SEK", "SEK"),
        ("¥1,500", "JPY", "JPY"),
    ],
)
def test_the_currency_of_a_mark(text: str, own: str, currency: str) -> None:
    allowed = written(text).currencies
    assert allowed is not None
    assert one_of([allowed], own, text) == currency


@pytest.mark.parametrize(("text", "own"), [("$19.50", "EUR"), ("$19.50", "MXN"), ("199 kr", "EUR")])
def test_a_mark_of_many_currencies_is_not_guessed(text: str, own: str) -> None:
    allowed = written(text).currencies
    assert allowed is not None
    with pytest.raises(ValueError, match="not clear"):
        one_of([allowed], own, text)


def formatted(value: Decimal, thousands: str, decimal: str) -> str:
    return f"{value:,.2f}".translate({ord(","): thousands, ord("."): decimal})


@draws(
    40,
    2000,
    st.decimals(min_value="0.01", max_value="99999999", places=2),
    st.sampled_from([(",", "."), (".", ","), (" ", ","), ("\u202f", ","), ("'", "."), ("’", "."), ("\u00a0", ".")]),
    st.sampled_from(["{}", "{} EUR", "EUR {}", "{}\u00a0€", "€{}", "ab {} €", "{} € inkl. MwSt.", "{} *"]),
)
def test_the_forms_of_many_countries_are_the_same_amount(value: Decimal, marks: tuple[str, str], form: str) -> None:
    assert written(form.format(formatted(value, *marks))).amount("EUR") == value


@draws(
    40,
    2000,
    st.decimals(min_value="1", max_value="9999", places=2),
    st.decimals(min_value="1", max_value="9999", places=2),
    st.sampled_from(["{} {}", "{}-{}", "{} – {}", "{}/{}", "{} € {} €", "{} bis {}", "was {} now {}", "{}€{}"]),
)
def test_two_amounts_are_never_one(one: Decimal, other: Decimal, form: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        written(form.format(f"{one:.2f}", f"{other:.2f}")).amount("EUR")
