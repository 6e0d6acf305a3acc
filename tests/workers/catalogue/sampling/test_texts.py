"""Templates: every one of them can be written about every product."""

from random import Random

import pytest

from workers.catalogue.sample import LINES
from workers.catalogue.sampling.returns import REASONS
from workers.catalogue.sampling.shop import Item
from workers.catalogue.sampling.texts import Writer, sections, templates
from workers.sentiment.shapes import ASPECTS

ITEMS = [Item("", title, "", category, 1, 1, 1, 1) for category, titles, *_ in LINES for title in titles]
# What a template is written for.
NEEDED = 24


@pytest.mark.parametrize("file", ["reviews.txt", "returns.txt"])
def test_every_template_can_be_filled_in_for_every_product(file: str) -> None:
    lines = [line for section, lines in sections(file).items() if section != "joining" for line in lines]
    for item in ITEMS:
        writer = Writer(Random(1), file, item)
        for line in lines:
            text = writer.fill(line)
            assert text, (item.title, line)
            assert not set(text) & set("{}|"), (item.title, line)


def test_there_are_two_dozen_sentences_for_and_against_each_aspect() -> None:
    for aspect in ASPECTS:
        for side in ("positive", "negative"):
            assert len(set(templates("reviews.txt", f"{aspect} {side}", "Office"))) >= NEEDED, (aspect, side)


def test_there_are_two_dozen_comments_for_each_reason_and_some_in_other_languages() -> None:
    for reason in REASONS:
        assert len(set(templates("returns.txt", reason, "Office"))) >= NEEDED, reason
        assert len(templates("returns.txt", f"{reason} abroad", "")) == 3, reason


def test_sentences_for_a_category_are_written_about_it_alone() -> None:
    assert "Nothing sticks." in templates("reviews.txt", "performance positive", "Kitchen")
    assert "Nothing sticks." not in templates("reviews.txt", "performance positive", "Pets")


def test_sentences_that_contradict_each_other_are_joined() -> None:
    joined = Writer(Random(1), "reviews.txt", ITEMS[0]).join("It looks great.", "it broke.")
    assert joined.startswith("It looks great. ")
    assert joined.endswith("it broke.")
