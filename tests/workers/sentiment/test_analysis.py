"""The whole analysis of a review, with a scorer that counts words."""

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.sentiment.scorers import Counting
from workers.sentiment.analysis import HEAD, TAIL, Analysis, ReviewText, analyse


def analysed(body: str, title: str = "", rating: int | None = None, language: str = "") -> Analysis:
    (analysis,) = analyse([ReviewText(title, body, rating, language)], Counting())
    return analysis


def read_of(body: str, title: str = "") -> str:
    scorer = Counting()
    analyse([ReviewText(title, body)], scorer)
    return scorer.read[0]


def test_label_score_and_confidence() -> None:
    analysis = analysed("A great kettle, I love it")
    assert (analysis.label, analysis.confidence) == ("positive", 0.9)
    assert analysis.score == pytest.approx(0.86)
    assert (analysis.language, analysis.flags) == ("en", ())


def test_no_reviews() -> None:
    assert analyse([], Counting()) == []


@pytest.mark.parametrize(
    ("title", "body", "read"),
    [
        ("Broke", "It was fine for a week.", "Broke. It was fine for a week."),
        ("Broke!", "It was fine for a week.", "Broke! It was fine for a week."),
        ("Great kettle", "", "Great kettle"),
        ("It was fine for…", "It was fine for a week.", "It was fine for a week."),
        ("<b>Good</b>", "One.<br>Two &amp; three", "Good. One. Two & three"),
        ("", "😍", "I love it."),
    ],
)
def test_the_model_reads_title_and_body_as_plain_text(title: str, body: str, read: str) -> None:
    assert read_of(body, title) == read


def test_of_a_long_review_the_model_reads_the_beginning_and_the_end() -> None:
    read = read_of("Begins well. " + "x " * 500_000 + "In the end it broke.")
    assert read.startswith("Begins well.")
    assert read.endswith("In the end it broke.")
    assert len(read) <= HEAD + TAIL + 1


def test_the_picture_of_stars_in_front_of_a_title_is_not_read() -> None:
    assert read_of("It broke in a week.", "5.0 out of 5 stars Terrible") == "Terrible. It broke in a week."
    assert read_of("It broke in a week.", "1.0 out of 5 stars") == "It broke in a week."
    assert read_of("Love it.", "5 out of 5") == "great. Love it."


@pytest.mark.parametrize("body", ["", "  ", "<br/><p></p>", "!!!", "\x00\x01", "12345", "https://shop.example/x-1"])
def test_without_text_there_is_no_label(body: str) -> None:
    analysis = analysed(body, rating=1)
    assert (analysis.label, analysis.score, analysis.confidence) == (None, None, None)
    assert (analysis.language, analysis.aspects, analysis.flags) == ("und", (), ("no_text",))


@pytest.mark.parametrize("body", ["10/10", "A+", "👍", "ok", "12345 stars", "https://shop.example/x was a bad link"])
def test_a_few_characters_may_say_something(body: str) -> None:
    assert analysed(body).label is not None


def test_another_language_gets_no_label() -> None:
    analysis = analysed("Leider nach einer Woche kaputt, sehr schlechte Qualität", language="en")
    assert (analysis.label, analysis.language, analysis.flags) == (None, "de", ("unsupported_language",))
    assert analysis.aspects == ()


@pytest.mark.parametrize(
    ("body", "label"), [("😍😍😍", "positive"), ("👎", "negative"), ("⭐⭐⭐⭐⭐", "positive"), ("😐", "neutral")]
)
def test_emoji_alone_get_a_label(body: str, label: str) -> None:
    assert analysed(body).label == label


@pytest.mark.parametrize(
    ("body", "rating", "flagged"),
    [
        ("Great, I love it", 1, True),
        ("Great, I love it", 2, True),
        ("Great, I love it", 3, False),
        ("Great, I love it", 5, False),
        ("Terrible, it broke", 5, True),
        ("Terrible, it broke", None, False),
        ("It is a kettle with a lid", 1, False),
    ],
)
def test_a_sure_label_against_the_stars_is_flagged(body: str, rating: int | None, flagged: bool) -> None:
    assert ("rating_text_mismatch" in analysed(body, rating=rating).flags) is flagged


def test_spam_and_harm_are_flagged_from_the_title_too() -> None:
    assert analysed("", title="It caught fire").flags == ("mentions_safety",)
    assert analysed("asdfgh qwerty sdfgjk").flags == ("suspected_spam",)
    assert analysed("use my promo code SAVE at checkout, it exploded").flags == ("suspected_spam", "mentions_safety")


def test_aspects_name_the_stored_text_and_its_place() -> None:
    body = "I <b>love</b> the color &amp; size, but it br&#111;ke in a&nbsp;week"
    found = {each.aspect: each for each in analysed(body, title="Fast shipping").aspects}
    assert (found["shipping"].source, found["shipping"].text) == ("title", "Fast shipping")
    assert (found["appearance"].source, found["appearance"].polarity) == ("body", "positive")
    assert "br&#111;ke" in found["durability"].text
    for each in found.values():
        assert (body if each.source == "body" else "Fast shipping")[each.start : each.end] == each.text


def test_sarcasm_turns_praise_round() -> None:
    analysis = analysed("Great quality, it fell apart on day one /s")
    assert analysis.label == "negative"
    assert {each.polarity for each in analysis.aspects} == {"negative"}


PIECES = [
    *(
        "broke",
        "great",
        "quality",
        "not",
        "too",
        "small",
        "the",
        "box",
        "was",
        "crushed",
        "love",
        "color",
        "worth",
        "it",
    ),
    *(
        "<b>",
        "</b>",
        "<br>",
        "&amp;",
        "&#39;",
        "\x00",
        "\ud800",
        "e\u0301",
        "😍",
        "🙄",
        "ﬁ",
        '"great"',
        "NOT",
        ".",
        ",",
        "\n",
    ),
    *("/s", "http://a.example/", "sehr", "gut", "caught", "fire", "?", "'", "İ", "ẞ", "５"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=30).map(" ".join) | st.text()


@draws(60, 3000, TEXTS, TEXTS, st.sampled_from([None, 1, 2, 3, 4, 5]))
def test_any_text_is_analysed(title: str, body: str, rating: int | None) -> None:
    analysis = analysed(body, title, rating)
    for each in analysis.aspects:
        assert (body if each.source == "body" else title)[each.start : each.end] == each.text != ""
    assert (analysis.label is None) == bool({"no_text", "unsupported_language"} & set(analysis.flags))
    if analysis.score is not None:
        assert -1 <= analysis.score <= 1


@draws(25, 1000, st.lists(st.tuples(TEXTS, TEXTS), max_size=6))
def test_a_review_is_analysed_alike_whatever_stands_beside_it(texts: list[tuple[str, str]]) -> None:
    reviews = [ReviewText(title, body) for title, body in texts]
    alone = [analysis for review in reviews for analysis in analyse([review], Counting())]
    assert analyse(reviews, Counting()) == alone
    assert analyse(reviews[::-1], Counting()) == alone[::-1]


HOSTILE = [
    *(
        "<",
        "<a",
        "&amp;",
        "\n",
        " ",
        "a",
        "not ",
        "broke ",
        "bad,",
        "😍",
        "a\u0301",
        '"great" ',
        "http://a.b/c ",
        "5 ",
        "a@",
    ),
    *("\ud800", "\0", "⭐", "it caught fire ", "质量", "sehr gut ", "NOT. ", "? ", "(12) ", "too a bit "),
]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_megabyte_is_analysed_in_bounded_work(piece: str) -> None:
    scorer = Counting()
    text = piece * (1_000_000 // len(piece))
    analyse([ReviewText(text, text)], scorer)
    assert all(len(read) <= 4 * (HEAD + TAIL) for read in scorer.read)
