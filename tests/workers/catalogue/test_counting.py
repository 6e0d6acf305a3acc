"""What is counted over rows that belong together."""

from itertools import pairwise
from unittest.mock import patch

from hypothesis import strategies as st

from tests.drawing import draws
from workers.catalogue.importing import counting
from workers.catalogue.importing.counting import Counter
from workers.catalogue.importing.formats import Counted
from workers.catalogue.importing.tables import Row

COUNTED = Counted("images", "image", by="handle")


def counter() -> Counter:
    return Counter(COUNTED, ["handle", "image"])


def row(handle: str, image: str) -> Row:
    return Row(1, [handle, image])


@draws(30, 2000, st.lists(st.tuples(st.sampled_from(["a", "b", ""]), st.sampled_from(["", "1.jpg"])), max_size=12))
def test_neighbours_of_one_handle_are_counted_together(cells: list[tuple[str, str]]) -> None:
    rows = [row(*each) for each in cells]
    groups = list(counter().groups(iter(rows)))
    assert [each for group in groups for each in group.rows] == rows
    for group in groups:
        handles = {each.cells[0] for each in group.rows}
        assert len(handles) <= 1
        assert "" not in handles or len(group.rows) == 1
        assert group.number == sum(bool(each.cells[1]) for each in group.rows)
    told = [group.rows[0].cells[0] for group in groups if group.rows]
    assert all(one != two or not one for one, two in pairwise(told))


def test_a_row_that_cannot_be_read_parts_nothing() -> None:
    rows = [row("a", "1.jpg"), Row(2, [], error="is broken"), row("a", "2.jpg")]
    assert [group.number for group in counter().groups(iter(rows)) if group.rows] == [2]


def test_of_more_than_can_be_held_nothing_is_told() -> None:
    rows = [row("a", "1.jpg")] * 5 + [row("b", "1.jpg")]
    with patch.object(counting, "MOST_CHARACTERS", 12):
        groups = [group for group in counter().groups(iter(rows)) if group.rows]
    assert [(len(group.rows), group.number) for group in groups] == [(3, None), (2, None), (1, 1)]


def test_a_file_without_the_column_tells_nothing() -> None:
    groups = Counter(COUNTED, ["handle"]).groups(iter([Row(1, ["a"])]))
    assert [group.number for group in groups if group.rows] == [None]
