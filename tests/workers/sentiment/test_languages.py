"""English stays English, and other languages are told."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sentiment.languages import SUPPORTED, detect

FOREIGN = [
    (row["language"], row["text"])
    for row in map(json.loads, (Path(__file__).parent / "data" / "languages.jsonl").read_text("utf-8").splitlines())
]
ENGLISH = [
    *(
        "Great product",
        "yummy",
        "LOVE IT!!!",
        "meh",
        "Worked fine for 2 weeks then died",
        "not worth it",
        "Five stars",
    ),
    *(
        "grate prodct, relly hapy wit it",
        "its ok i gess",
        "Excelent qualty",
        "gr8 value 4 the $$$",
        "u get wat u pay for",
    ),
    *("DO NOT BUY THIS JUNK", "WORST. PURCHASE. EVER.", "omg sooooo cute", "No complaints!", "None so far"),
    *("My abuela loved it", "C'est la vie, but the kettle works", "The Weber Genesis II E-310 heats evenly"),
    *("Samsung Galaxy S21 case fits well", "HP DeskJet 3755 prints nicely", "Works with USB-C and HDMI 2.1"),
    *(
        "<script>alert('hi')</script> nice shirt",
        "SELECT * FROM reviews; still a good knife",
        "Tastes like dulce de leche",
    ),
    *("bought in Munich, shipped to Paris, works in both", "Great Schnitzel hammer", "Fits my Citroën C3 perfectly"),
    *(
        "dosnt werk",
        "doesnt werk",
        "dosnt wrk",
        "didnt wrk",
        "coudnt opn",
        "doesn't pas",
        "isnt goed",
        "havnt usd it",
    ),
    *("so so", "ok", "A+++ seller", "would buy again", "Broke.", "Perfect for my kids", "Super soft and super cute"),
]


@pytest.mark.parametrize(("language", "text"), FOREIGN)
def test_other_languages_are_not_taken_for_english(language: str, text: str) -> None:
    assert detect(text) not in {*SUPPORTED, "und"}


def test_most_of_the_other_languages_are_named() -> None:
    named = sum(detect(text) == language for language, text in FOREIGN)
    assert named >= 0.93 * len(FOREIGN)


@pytest.mark.parametrize("text", ["Le produit dont je rêvais", "Hij wont niet meer hier", "Un cant molt bonic"])
def test_what_looks_like_a_contraction_of_english_is_none_in_other_languages(text: str) -> None:
    assert detect(text) not in {"en", "und"}


@pytest.mark.parametrize("text", ENGLISH)
def test_english_stays_english(text: str) -> None:
    assert detect(text) in {"en", "und"}


@pytest.mark.parametrize(
    "text",
    ["", "   ", "😍😍😍", "👍", "10/10", "???", "asdfgh hjkl", "asdf jkl", "http://example.com/a", "12345"],
)
def test_what_is_no_language_is_undetermined(text: str) -> None:
    assert detect(text) == "und"


@pytest.mark.parametrize(
    ("text", "declared", "language"),
    [
        ("This kettle broke after a week, very disappointed", "de", "en"),
        ("Der Wasserkocher ist leider nach einer Woche kaputt", "en", "de"),
        ("Super!!!", "en", "en"),
        ("Super", "de", "de"),
        ("Super", "", "und"),
        ("Prima", "de", "de"),
        ("Perfekt", "de", "de"),
        ("Legit", "en", "en"),
        ("Sehr gut", "en", "de"),
        ("Perfecto", "en", "es"),
        ("👍", "de_DE", "de"),
        ("👍", "en-US", "en"),
        ("👍", "", "und"),
        ("👍", "Klingon", "und"),
    ],
)
def test_the_declared_language_decides_only_where_the_text_does_not(text: str, declared: str, language: str) -> None:
    assert detect(text, declared) == language


@given(st.text(), st.text(max_size=8))
def test_any_text_has_a_language_or_none(text: str, declared: str) -> None:
    language = detect(text, declared)
    assert language == "und" or (len(language) == 2 and language.isalpha())
    assert detect(text, declared) == language


def test_an_address_says_nothing_of_the_language() -> None:
    address = "https://shop.example/the-best-of-all-you-can-buy"
    assert detect(address) == "und"
    assert detect(f"Siehe {address}, dort ist es viel billiger und kommt schneller an") == "de"
