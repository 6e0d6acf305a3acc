"""What several comments on a product complain about."""

from hypothesis import given
from hypothesis import strategies as st

from workers.returns.complaints import complaints

ZIPPER = ["the zipper broke", "Zippers stuck after 2 days", "ZIPPER IS BROKEN!!"]


def test_comments_that_name_the_same_part_are_one_complaint() -> None:
    others = ["stopped working", "", "too small for me", "the seam is open"]
    assert complaints([0] * 7, [*ZIPPER, *others], ["Jacket"]) == ["zipper"] * 3 + [""] * 4


def test_a_part_counts_within_its_product() -> None:
    assert complaints([0, 0, 1], ZIPPER, ["Jacket", "Bag"]) == ["", "", ""]


def test_the_name_of_the_product_is_no_complaint() -> None:
    comments = ["bottle leaks at the lid", "the lid of this bottle leaks", "bottle lid does not close"]
    assert complaints([0] * 3, comments, ["Steel Bottle 0.5 l"]) == ["lid"] * 3


def test_words_that_only_say_that_something_is_wrong_are_none() -> None:
    assert complaints([0] * 4, ["It stopped working after two days."] * 4, ["Lamp"]) == [""] * 4


def test_a_comment_that_repeats_itself_counts_once() -> None:
    assert complaints([0, 0], ["zipper zipper zipper", "zipper"], ["Jacket"]) == ["", ""]


@given(st.lists(st.tuples(st.integers(0, 2), st.text())))
def test_whatever_the_comments_are_each_has_an_answer_that_does_not_depend_on_their_order(
    found: list[tuple[int, str]],
) -> None:
    titles = ["Lamp", "Mug", "Mat"]

    def answers(rows: list[tuple[int, str]]) -> list[str]:
        return complaints([group for group, _ in rows], [comment for _, comment in rows], titles)

    assert answers(found) == answers(found[::-1])[::-1]
