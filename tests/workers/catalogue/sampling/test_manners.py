"""How people type."""

from random import Random

from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.sampling.manners import as_html, as_typed, misspelt

TEXT = "Arrived damaged, the handle was broken."


def test_most_type_well_and_some_do_not() -> None:
    typed = [as_typed(Random(number), TEXT) for number in range(1000)]
    assert 700 < typed.count(TEXT) < 850
    assert 20 < typed.count(TEXT.upper().rstrip(".") + "!!!") < 60
    assert 50 < typed.count(TEXT.lower().rstrip(".")) < 120


@draws(30, 2000, st.integers(0, 2**32), st.text(max_size=200))
def test_a_misspelt_text_has_the_same_words_but_for_one_or_two(seed: int, text: str) -> None:
    before, after = text.split(" "), misspelt(Random(seed), text).split(" ")
    assert len(before) == len(after)
    assert sum(one != other for one, other in zip(before, after, strict=True)) <= 2


def test_html_is_what_an_editor_makes_of_it() -> None:
    texts = {as_html(Random(number), ["It's great.", "A & B."]) for number in range(100)}
    assert "<b>It&#39;s great.</b><br />A &amp; B." in texts
