"""Jobs of a batch that wait for each other: who may begin, who is cancelled with whom, and circles.

A job waits for all that it depends on, directly or by way of others: one in between that was cancelled ended without
waiting for those before it.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from uuid import UUID

from aijobs.states import TERMINAL, Status

# By position: those that it depends on.
Edges = dict[int, list[int]]


@dataclass(frozen=True, slots=True)
class Graph:
    """The members of a batch as they are, by their positions."""

    ids: dict[int, UUID]
    statuses: dict[int, Status]
    edges: Edges

    @classmethod
    def of(cls, members: Iterable[tuple[int, UUID, str, Sequence[int]]]) -> "Graph":
        """Of position, id, status and the positions that the member depends on."""
        graph = cls({}, {}, {})
        for position, job_id, status, depends_on in members:
            graph.ids[position] = job_id
            graph.statuses[position] = Status(status)
            graph.edges[position] = list(depends_on)
        return graph

    def ready(self) -> list[UUID]:
        """The queued members all of whose dependencies have ended."""
        return [
            self.ids[position]
            for position in self._queued()
            if all(self.statuses[each] in TERMINAL for each in before(self.edges, position))
        ]

    def waiting_for(self, position: int) -> list[UUID]:
        """The queued members that depend on this one."""
        return [self.ids[each] for each in self._queued() if position in before(self.edges, each)]

    def _queued(self) -> list[int]:
        return [position for position, status in self.statuses.items() if status == Status.QUEUED]


def before(edges: Edges, position: int) -> set[int]:
    """All that a member depends on, directly or by way of others. One that was pruned is over."""
    found: set[int] = set()
    waiting = list(edges[position])
    while waiting:
        each = waiting.pop()
        if each in edges and each not in found:
            found.add(each)
            waiting += edges[each]
    return found


def nearest(edges: Edges, position: int, some: Set[int]) -> set[int]:
    """Those of `some` that a member depends on, directly or by way of others: these do for those before them."""
    ends = {each: [] if each in some and each != position else on for each, on in edges.items()}
    return before(ends, position) & some


def circle(edges: Edges) -> list[int]:
    """Members that wait for each other, in order, the first one again at the end; empty where there are none."""
    over: set[int] = set()

    def walk(path: list[int]) -> list[int]:
        for each in edges[path[-1]]:
            if each in path:
                return [*path[path.index(each) :], each]
            if each not in over and (found := walk([*path, each])):
                return found
        over.add(path[-1])
        return []

    return next((found for position in edges if (found := walk([position]))), [])
