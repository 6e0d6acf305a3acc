"""Who waits for whom in a batch: mathematics, against slower and plainer forms of it."""

from itertools import pairwise, permutations
from uuid import uuid4

from hypothesis import strategies as st

from aijobs import graphs
from aijobs.graphs import Edges, Graph
from aijobs.states import TERMINAL, Status
from tests.drawing import draws


@st.composite
def edges(draw: st.DrawFn) -> Edges:
    """Any, also with circles."""
    size = draw(st.integers(1, 5))
    places = list(range(1, size + 1))
    return {each: draw(st.lists(st.sampled_from(places), unique=True, max_size=3)) for each in places}


def can_be_put_in_order(found: Edges) -> bool:
    return any(
        all(order.index(each) < order.index(place) for place in found for each in found[place])
        for order in permutations(found)
    )


@draws(50, 2000, edges())
def test_a_circle_is_found_where_no_order_is_possible(found: Edges) -> None:
    circle = graphs.circle(found)
    assert bool(circle) == (not can_be_put_in_order(found))
    if circle:
        assert circle[0] == circle[-1]
        assert all(following in found[each] for each, following in pairwise(circle))


@draws(50, 2000, edges(), st.lists(st.sampled_from(Status), min_size=5, max_size=5))
def test_who_is_ready_waits_for_nobody(found: Edges, statuses: list[Status]) -> None:
    ids = {place: uuid4() for place in found}
    graph = Graph.of((place, ids[place], statuses[place - 1], found[place]) for place in found)
    ready = graph.ready()
    for place in found:
        waits = [each for each in found if statuses[each - 1] not in TERMINAL and leads_to(found, place, each)]
        assert (ids[place] in ready) == (statuses[place - 1] == Status.QUEUED and not waits)
        others = [each for each in found if statuses[each - 1] == Status.QUEUED and leads_to(found, each, place)]
        assert sorted(graph.waiting_for(place)) == sorted(ids[each] for each in others)


@st.composite
def acyclic(draw: st.DrawFn) -> Edges:
    """As a batch has them: each waits for some of those that come earlier in an order of no other meaning."""
    order = draw(st.permutations(range(1, 7)))
    earlier = {each: order[:place] for place, each in enumerate(order)}
    return {each: [one for one in on if draw(st.booleans())] for each, on in earlier.items()}


@draws(50, 2000, acyclic(), st.sets(st.integers(1, 6)))
def test_some_wait_for_each_other_as_they_did_among_all(found: Edges, some: set[int]) -> None:
    """Who is retried is in `some`: the others have completed, and no longer stand between them."""
    among = {each: sorted(graphs.nearest(found, each, some)) for each in some}
    for each in some:
        assert all(leads_to(found, each, on) for on in among[each])
        assert {on for on in some if leads_to(among, each, on)} == {on for on in some if leads_to(found, each, on)}


def leads_to(found: Edges, start: int, end: int) -> bool:
    """By at least one step."""
    reached, before = set(found[start]), set[int]()
    while reached != before:
        before, reached = reached, reached | {each for one in reached for each in found[one]}
    return end in reached


def test_one_that_was_pruned_is_over() -> None:
    assert graphs.before({2: [1]}, 2) == set()
