"""Tests of whatever hypothesis draws: few examples in the suite, and many where -m long asks for them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[[int], None]


def forms(few: int, many: int) -> pytest.MarkDecorator:
    """Two tests of one that takes the number of `examples`."""
    marks = [pytest.mark.long, pytest.mark.timeout(3600)]
    short, long = pytest.param(few, id="short"), pytest.param(many, id="long", marks=marks)
    return pytest.mark.parametrize("examples", [short, long])


def draws(few: int, many: int, *strategies: SearchStrategy[object]) -> Callable[[Callable[..., None]], Test]:
    """The same, of a function of drawn values alone."""

    def decorate(holds: Callable[..., None]) -> Test:
        def run(examples: int) -> None:
            settings(max_examples=examples, deadline=None)(given(*strategies)(holds))()

        run.__name__, run.__qualname__, run.__module__ = holds.__name__, holds.__qualname__, holds.__module__
        run.__doc__ = holds.__doc__
        marked: Test = forms(few, many)(run)
        return marked

    return decorate
