"""What staff are told of besides the jobs: an app adds what it wants to have watched when Django starts.

The front page of the admin reads all of it with its own statement, so each is one bounded number in SQL.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import LiteralString


@dataclass(frozen=True, slots=True)
class Watch:
    """A number that should be 0."""

    name: str
    # A scalar subquery without parameters. An index serves it, however long the table is.
    count: LiteralString
    # Given the number: what is wrong, and what to do, each in a sentence.
    sentence: Callable[[int], str]
    advice: str
    # The name of the address where the rows are listed, and the query that filters them.
    page: str
    query: str


_WATCHES: dict[str, Watch] = {}


def add(watch: Watch) -> None:
    """Have something watched. Each name is added once."""
    if watch.name in _WATCHES:
        raise ValueError(f"{watch.name!r} is watched already")
    _WATCHES[watch.name] = watch


def known() -> list[Watch]:
    """Everything that is watched, in the order in which it was added."""
    return list(_WATCHES.values())
