"""Questions that many ask at a moment."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from django.db import OperationalError

from aijobs.streams import together
from aijobs.streams.together import Together


class Database:
    """Answers with ten times a number that is not negative, when it may."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may = asyncio.Event()

    async def ask(self, wanted: Sequence[int]) -> Mapping[int, int]:
        self.asked.append(list(wanted))
        await self.may.wait()
        if 13 in wanted:
            raise OperationalError
        if 7 in wanted:
            raise ValueError
        return {each: 10 * each for each in wanted if each >= 0}


async def asked(wanted: Sequence[int]) -> tuple[list[object], list[list[int]]]:
    """What came of each, and what the database was asked."""
    database = Database()
    database.may.set()
    questions = Together(database.ask)
    found = await asyncio.gather(*(questions.ask(each) for each in wanted), return_exceptions=True)
    return list(found), database.asked


def test_what_is_asked_at_a_moment_is_asked_in_one_statement() -> None:
    assert asyncio.run(asked([1, 2, 2, 3])) == ([10, 20, 20, 30], [[1, 2, 3]])


def test_what_there_is_not_is_none() -> None:
    assert asyncio.run(asked([1, -1])) == ([10, None], [[1, -1]])


def test_a_statement_has_no_more_than_so_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "AT_ONCE", 2)
    found, statements = asyncio.run(asked([1, 2, 3, 4, 5]))
    assert (found, statements) == ([10, 20, 30, 40, 50], [[1, 2], [3, 4], [5]])


def test_between_two_statements_the_database_has_a_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "AT_ONCE", 1)
    at: list[float] = []

    async def ask(wanted: Sequence[int]) -> Mapping[int, int]:
        at.append(asyncio.get_running_loop().time())
        await asyncio.sleep(0.02)
        return {}

    async def ask_twice() -> None:
        questions = Together(ask)
        await asyncio.gather(questions.ask(1), questions.ask(2))

    asyncio.run(ask_twice())
    # Timers of the loop are exact to a clock's tick.
    assert at[1] - at[0] > 0.02 + together.REST * 0.02 - 0.005


def test_a_database_that_is_away_is_so_for_those_who_asked_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "AT_ONCE", 2)
    found, statements = asyncio.run(asked([1, 13, 3]))
    assert [type(each) for each in found] == [OperationalError, OperationalError, int]
    assert statements == [[1, 13], [3]]


def test_one_that_cannot_be_answered_takes_nothing_from_the_others() -> None:
    [first, error, last], statements = asyncio.run(asked([1, 7, 3]))
    assert (first, last) == (10, 30)
    assert isinstance(error, ValueError)
    # Nothing is said of those that were asked with it.
    assert error.__context__ is None
    assert statements == [[1, 7, 3], [1], [7], [3]]


def test_whoever_comes_meanwhile_is_asked_for_next_and_whoever_is_gone_is_no_error() -> None:
    async def run() -> list[list[int]]:
        database = Database()
        questions = Together(database.ask)
        first, gone = (asyncio.ensure_future(questions.ask(each)) for each in (1, 2))
        while not database.asked:
            await asyncio.sleep(0)
        gone.cancel()
        later = [asyncio.ensure_future(questions.ask(each)) for each in (3, 4, 1)]
        await asyncio.sleep(0)
        database.may.set()
        assert await asyncio.gather(first, *later) == [10, 30, 40, 10]
        # And again, when nobody has asked for a while.
        assert await questions.ask(5) == 50
        return database.asked

    assert asyncio.run(run()) == [[1, 2], [3, 4, 1], [5]]
