"""What clauses say of aspects: the phrases, and the figures over labelled reviews.

data/aspects.jsonl was written by hand before the lexicon, as buyers write of many kinds of goods: each text has what
it says of every aspect. The lexicon was tuned on the even lines; the figures are those of the odd ones.
"""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.sentiment.scorers import Counting
from workers.sentiment.analysis import ASPECTS, ReviewText, analyse
from workers.sentiment.aspects import candidates
from workers.sentiment.tokens import words_of

LABELLED = [
    json.loads(line) for line in (Path(__file__).parent / "data" / "aspects.jsonl").read_text("utf-8").splitlines()
]


def aspects_of(text: str) -> dict[str, str]:
    (analysis,) = analyse([ReviewText("", text)], Counting())
    return {opinion.aspect: opinion.polarity for opinion in reversed(analysis.aspects)}


def test_the_labelled_reviews_are_many_and_know_the_aspects() -> None:
    assert len(LABELLED) >= 250
    named = Counter(aspect for row in LABELLED for aspect in row["aspects"])
    assert set(named) == set(ASPECTS)
    assert min(named.values()) >= 15


def test_aspects_of_reviews_that_the_lexicon_was_not_tuned_on() -> None:
    right = found = wanted = agreed = 0
    for row in LABELLED[1::2]:
        told, labels = aspects_of(row["text"]), row["aspects"]
        right += len(told.keys() & labels.keys())
        found, wanted = found + len(told), wanted + len(labels)
        agreed += sum(told[aspect] == labels[aspect] for aspect in told.keys() & labels.keys())
    assert 2 * right / (found + wanted) >= 0.8
    assert agreed / right >= 0.9


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("love the color, broke in a week", {"appearance": "positive", "durability": "negative"}),
        ("runs small", {"size_fit": "negative"}),
        ("arrived two days early", {"shipping": "positive"}),
        ("The box was crushed", {"packaging": "negative"}),
        ("feels cheap", {"quality": "negative"}),
        ("Worth every penny", {"price_value": "positive"}),
        ("took 5 minutes to set up", {"ease_of_use": "positive"}),
        ("they never answered my emails", {"customer_service": "negative"}),
        ("looks just like the picture", {"appearance": "positive"}),
        ("works great", {"performance": "positive"}),
        ("Great qualty, fast shiping", {"quality": "positive", "shipping": "positive"}),
        ("Not worth the money", {"price_value": "negative"}),
        ("It didn't break", {"durability": "positive"}),
        ("never broke in three years", {"durability": "positive"}),
        ("isn't easy to use", {"ease_of_use": "negative"}),
        ("DURABILITY: not good", {"durability": "negative"}),
        ("Great quality... NOT!", {"quality": "negative"}),
        ("Quality hasn't dropped", {"quality": "positive"}),
        ("Quality has not changed", {"quality": "positive"}),
        ("No bitter after taste", {"quality": "positive"}),
        ("price here is AWESOME too", {"price_value": "positive"}),
        ("The price has gone up", {"price_value": "negative"}),
        ("The ringtones are awesome", {"performance": "positive"}),
        ("The buttons are tiny and the menu makes no sense", {"ease_of_use": "negative"}),
        ("Looks cheap and feels cheap", {"appearance": "negative", "quality": "negative"}),
        ("The sound is crisp and clear", {"performance": "positive"}),
        ("The scent is light and fresh", {"quality": "positive"}),
        ("Really quiet", {"performance": "positive"}),
        ("The cover does not fit", {"size_fit": "negative"}),
        ("It is not as pictured", {"appearance": "negative"}),
        ("It isn't as pictured", {"appearance": "negative"}),
        ("It did a lousy job", {"performance": "negative"}),
        ("The battery does not last", {"performance": "negative"}),
        ("They returned my money the same day", {"customer_service": "positive"}),
        ("Half of what they charge at the store", {"price_value": "positive"}),
        ("Came sooner than promised", {"shipping": "positive"}),
        ("It leaked all over the box", {"packaging": "negative"}),
        ("This sauce has no chemical taste", {"quality": "positive"}),
        ("The seller was very responsive", {"customer_service": "positive"}),
        ("The lid wasn't on", {"packaging": "negative"}),
        ("Bugs were gone by the weekend", {"performance": "positive"}),
        ("Okay for the price", {"price_value": "neutral"}),
        ("Zero lag", {"performance": "positive"}),
        ("Amazed how fast it arrived", {"shipping": "positive"}),
        ("Three inches short of the sill", {"size_fit": "negative"}),
        ("They cost more than the good ones", {"price_value": "negative"}),
        ("Not to mention it froze", {"performance": "negative"}),
        ("Not to mention great sound", {"performance": "positive"}),
    ],
)
def test_phrases_and_their_polarity(text: str, aspects: dict[str, str]) -> None:
    assert aspects_of(text) == aspects


@pytest.mark.parametrize(
    ("text", "aspects"),
    [
        ("Fabric is cheap.", {"quality": "negative"}),
        ("The zipper is stuck and the fabric is thin.", {"quality": "negative"}),
        ("The plastic is really cheap", {"quality": "negative"}),
        ("the handle isn't flimsy", {"quality": "positive"}),
        ("It is cheap and works.", {"price_value": "positive", "performance": "positive"}),
    ],
)
def test_a_cheap_or_thin_material_is_neither_a_good_price_nor_a_good_size(text: str, aspects: dict[str, str]) -> None:
    assert aspects_of(text) == aspects


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("It broke in a week", ["broke in a week"]),
        ("It broke after less than two months.", ["broke after less than two months"]),
        ("It broke after I dropped it", ["broke"]),
        (
            "It stopped working and customer service never replied",
            ["stopped working", "customer service never replied"],
        ),
        ("Never had a problem with it", ["Never had a problem"]),
    ],
)
def test_a_part_is_what_one_would_quote(text: str, quotes: list[str]) -> None:
    """One part may speak of two aspects."""
    found = [text[each.start : each.end] for each in candidates(text, words_of(text))]
    assert list(dict.fromkeys(found)) == quotes


@pytest.mark.parametrize(
    "text",
    [
        "My wife works at a hospital.",
        "The price tag was still on it.",
        "I hope it lasts.",
        "Will let you know if it breaks.",
        "Does it fit a queen bed?",
        "I bought this for my sister.",
        "I look forward to wearing it.",
        "Fits the bill.",
        "I love these potato chips.",
        "It takes ordinary trash bags.",
        "I threw it in the trash.",
        "We watched on Zoom.",
        "He has had itchy skin since he was a pup.",
        "I bought it at Best Buy.",
        "The first time, I ordered the blue one.",
        "I have wide hips and a small waist.",
        "A waste of time.",
        "I can't find it in stores.",
        "Half of the bag was for my sister.",
        "She grows up in Alaska.",
    ],
)
def test_what_only_looks_like_an_aspect_is_left_alone(text: str) -> None:
    assert aspects_of(text) == {}


def test_the_span_is_the_phrase_without_the_words_that_only_lead_on() -> None:
    (found,) = candidates("feels cheap and I sent it back", words_of("feels cheap and I sent it back"))
    assert (found.start, found.end) == (0, len("feels cheap"))


def test_what_is_denied_in_two_words_is_denied_in_the_text_of_the_span() -> None:
    text = "It does not work at all"
    (found,) = candidates(text, words_of(text))
    assert text[found.start : found.end].startswith("does not work")


def test_a_clause_says_one_thing_of_an_aspect() -> None:
    text = "Great quality and well made and sturdy, but the quality of the strap is poor"
    found = [(each.aspect, each.polarity) for each in candidates(text, words_of(text))]
    assert found.count(("quality", "positive")) == 1
    assert found.count(("quality", "negative")) == 1


WORDS = [
    "not",
    "broke",
    "great",
    "quality",
    "the",
    "fit",
    "too",
    "small",
    "box",
    "crushed",
    ",",
    ".",
    "?",
    "but",
    "😍",
    "é",
]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=4)).map(" ".join))
def test_candidates_lie_in_the_text(text: str) -> None:
    for each in candidates(text, words_of(text)):
        assert text[each.start : each.end].strip() == text[each.start : each.end] != ""
        assert text[each.start : each.end] in each.clause or each.clause in text
