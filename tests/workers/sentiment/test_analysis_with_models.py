"""Reviews read by the packaged models."""

import subprocess
import sys

import pytest

from workers.sentiment import scoring
from workers.sentiment.analysis import Analysis, ReviewText, analyse


def analysed(body: str, title: str = "", rating: int | None = None) -> Analysis:
    (analysis,) = analyse([ReviewText(title, body, rating)], scoring.load())
    return analysis


@pytest.mark.parametrize(
    ("title", "body", "label"),
    [
        ("Love it", "Works exactly as described and arrived early.", "positive"),
        ("Junk", "Stopped working after two days. Do not buy.", "negative"),
        ("", "I don't like it at all", "negative"),
        ("", "<p>Best <b>kettle</b> I have ever owned &amp; worth every penny</p>", "positive"),
        ("Great!", "", "positive"),
        ("", "😍😍😍", "positive"),
        ("", "👎", "negative"),
        ("", "⭐⭐⭐⭐⭐", "positive"),
        ("", "Great quality, fell apart on day one /s", "negative"),
        ("", "Worth every penny... NOT!", "negative"),
    ],
)
def test_labels(title: str, body: str, label: str) -> None:
    assert analysed(body, title).label == label


HARM = [
    "It caught fire!",
    "Caught fire.",
    "It caught fire while charging.",
    "Cut my finger on a sharp edge",
    "My kid was injured",
]
PRAISE = [
    "Great stove. I burned my finger once by my own fault, but I love it and use it every day.",
    "The old one caught fire, this one is perfect and safe. Very happy.",
    "Excellent cream for hives, highly recommend",
]
GRADES = {"0/10 would buy again": "negative", "1/5 stars": "negative", "5/10": "neutral", "9 out of 10": "positive"}


def test_harm_is_no_unsure_praise() -> None:
    assert {text: analysed(text).label for text in HARM} == dict.fromkeys(HARM, "negative")
    assert analysed("It caught fire!", rating=1).label == "negative"
    assert {text: analysed(text).label for text in PRAISE} == dict.fromkeys(PRAISE, "positive")


def test_the_score_of_a_text_that_speaks_of_harm_is_that_of_its_label() -> None:
    score = analysed("It caught fire!").score
    assert score is not None
    assert score < 0


def test_marks_in_figures_are_read() -> None:
    assert {text: analysed(text).label for text in GRADES} == GRADES


def test_a_mixed_review_has_both_its_aspects() -> None:
    told = {each.aspect: each.polarity for each in analysed("love the color, broke in a week").aspects}
    assert told == {"appearance": "positive", "durability": "negative"}


def test_stars_against_the_text_are_flagged() -> None:
    body = "Terrible. It broke on the first day and the seller never answered. Complete waste of money."
    assert "rating_text_mismatch" in analysed(body, rating=5).flags
    assert "rating_text_mismatch" not in analysed(body, rating=1).flags


def test_another_process_says_the_same() -> None:
    review = ReviewText("Nice", "Great color but the strap broke & the app is confusing", 4)
    program = (
        "from workers.sentiment import scoring; from workers.sentiment.analysis import ReviewText, analyse;"
        f"print(analyse([{review!r}], scoring.load()))"
    )
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert output.strip() == str(analyse([ReviewText("", "Other"), review], scoring.load())[1:])
