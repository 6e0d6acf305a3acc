"""Emoji as words, and sarcasm taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sentiment.marks import graded, sarcastic_sentences, spoken


def meant_otherwise(text: str) -> list[str]:
    return [text[each.start : each.end].strip() for each in sarcastic_sentences(text)]


def said(text: str) -> str:
    return " ".join(spoken(text, sarcastic_sentences(text)).split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("😍", "I love it."),
        ("😍😍😍", "I love it."),
        ("👎🏽", "bad."),
        ("❤️", "I love it."),
        ("Arrived today 👍 thanks", "Arrived today great. thanks"),
        ("It leaks 😡", "It leaks terrible."),
        ("⭐⭐⭐⭐⭐", "five stars."),
        ("⭐⭐ never again", "two stars. never again"),
        ("🔥", "great."),
        ("the 🔥 stick", "the 🔥 stick"),
        ("I <3 it :)", "I . I love it. it . great."),
        ("at 10:30 (see p. 3): fine", "at 10:30 (see p. 3): fine"),
        ("https://example.com/x", "https://example.com/x"),
    ],
)
def test_emoji_and_emoticons_become_words(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Great quality, it fell apart in my hands /s", "Great quality, it fell apart in my hands /s"),
        ("Great quality. NOT!", "Great quality."),
        ("Worth every penny... NOT", "Worth every penny..."),
        ("It is amazing - NOT", "It is amazing - NOT"),
        ("Durable and easy. Yeah right.", "Durable and easy."),
        ("Yeah, right, great support.", "Yeah, right, great support."),
        ("Great, just great. It broke.", "Great, just great."),
        ("Oh great, another broken one", "Oh great, another broken one"),
        ("So much for great build quality.", "So much for great build quality."),
        ("Wow, such great service 🙄", "Wow, such great service 🙄"),
        ('This "premium" leather peels off.', 'This "premium" leather peels off.'),
    ],
)
def test_marks_of_sarcasm_are_seen(text: str, sentence: str) -> None:
    assert meant_otherwise(text) == [sentence]
    assert "Not good." in said(text)


@pytest.mark.parametrize(
    "text",
    [
        "Do NOT wash it hot, otherwise a great shirt.",
        "It is NOT cheap but it is great.",
        "This is NOT a toy. Great for adults.",
        "This is just great!",
        "Great with/without the case, 5/5 stars, 10 ft/s",
        'He discovered that he "loves" these, a great buy.',
        'It is my "treat" on a cold night.',
        'These are "excellent" for the price.',
        'The 15" screen and the 13" one are both great.',
        "Yeah, right out of the box it worked great.",
        "Oh, and great battery life.",
        "So much for your money, great value.",
        'The model is called "Big Red" and works great.',
        "🙄",
        "Thanks for nothing",
    ],
)
def test_ordinary_praise_is_left_alone(text: str) -> None:
    assert meant_otherwise(text) == []


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    sentences = sarcastic_sentences(text)
    assert all(0 <= each.start < each.end <= len(text) for each in sentences)
    assert spoken(text, sentences) == spoken(text, sarcastic_sentences(text))


GRADED = {
    "0/10": "terrible.",
    "0/10 would buy again": "terrible.",
    "1/5 stars. Broke.": "terrible. Broke.",
    "My score: 2 out of 10.": "My score: terrible.",
    "4/10, cheap": "bad, cheap",
    "5/10": "okay.",
    "7/10 because of the lid": "good. because of the lid",
    "10/10 would buy again": "great. would buy again",
    "4.5/5": "great.",
    "11/10!": "great!",
}
NOT_GRADED = [
    "9 out of 10 pens were dry",
    "It has 1/5 of the power",
    "Fits a 3/5-inch pipe",
    "Ordered 2/5, arrived on 2/10.",
    "bought 5/10/2024",
    "30/10",
    "24/7",
]


def test_marks_in_figures_become_words_and_parts_and_dates_do_not() -> None:
    assert {text: graded(text) for text in GRADED} == GRADED
    assert [text for text in NOT_GRADED if graded(text) != text] == []
