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
