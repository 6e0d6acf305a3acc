"""Properties of reading: any text, long ones, what an answer refers to."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import lexicon
from workers.visibility.masking import own_words, unmarked
from workers.visibility.reading import LONGEST_QUOTE, Reader, domains_of
from workers.visibility.sentences import sentences_of
from workers.visibility.shapes import Brand, Mention

BRANDS = [Brand("Anker", ("PowerCore",)), Brand("Ring"), Brand("Black+Decker"), Brand("Müller")]
NAMES = ["Anker", "PowerCore 10K", "Ring", "ring", "Black & Decker", "Mueller"]
SIGNS = [
    "1. ",
    "\n",
    "- ",
    "| ",
    "|---|\n",
    "## ",
    "**",
    "```",
    "?",
    ". ",
    "https://anker.com/x",
    "<br>",
    "\ue000",
    " ",
]
PIECES = st.sampled_from([*NAMES, *SIGNS, "the best", "avoid", " and ", "runner-up"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=40).map("".join))
def test_any_text_is_read_and_quoted_exactly(text: str) -> None:
    found = Reader(BRANDS, "en").read("What is best?", text)
    assert len({each.brand for each in found.mentions}) == len(found.mentions)
    for mention in found.mentions:
        assert mention.quote in text
        assert mention.position is None or mention.position >= 1


def read(answer: str, question: str = "What is best?") -> dict[str, Mention]:
    return {each.brand: each for each in Reader(BRANDS, "en").read(question, answer).mentions}


def test_of_a_long_sentence_the_words_around_the_name_are_quoted() -> None:
    answer = f"{'Many words ' * 60}about Anker here{' and more of them' * 60}."
    [mention] = read(answer).values()
    assert "about Anker here" in mention.quote
    assert len(mention.quote) <= LONGEST_QUOTE
    assert mention.quote in answer


def test_a_long_answer_is_read_in_a_moment() -> None:
    found = read("1. **Anker** – good (see https://x.com/y) and better than Ring\n" * 800)
    assert found["Anker"].position == 1
    assert found["Ring"].position is None


@pytest.mark.parametrize("piece", ["\n", " ", "a-", "a.", "_", "é", "*", "<a", "`(", "@"])
def test_no_repetition_is_slow_to_read(piece: str) -> None:
    """By expressions that look to the end from each place, each would take minutes."""
    text = piece * (100_000 // len(piece))
    started = time.monotonic()
    own_words(unmarked(text), "What is best?", lexicon("en"))
    sentences_of(text, [Block(Kind.PROSE, 0, len(text))], [])
    assert time.monotonic() - started < 10


def test_domains_are_those_that_the_answer_refers_to_each_once() -> None:
    found = Reader(BRANDS, "en").read(
        "",
        "See https://www.rtings.com/a and [this](https://rtings.com/b).",
        ["http://shop.anker.com/c", "no address"],
    )
    assert found.domains == ("shop.anker.com", "rtings.com")
    assert domains_of(["http://[broken", "//", "https://localhost/x"]) == ()
