"""Tests of whatever hypothesis draws: few examples in the suite, and many where -m long asks for them."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[[int], None]


def draws(few: int, many: int, *strategies: SearchStrategy[object]) -> Callable[[Callable[..., None]], Test]:
    """Make the two tests of a function of drawn values."""

    def decorate(holds: Callable[..., None]) -> Test:
        def run(examples: int) -> None:
            settings(max_examples=examples, deadline=None)(given(*strategies)(holds))()

        run.__name__, run.__qualname__, run.__module__ = holds.__name__, holds.__qualname__, holds.__module__
        run.__doc__ = holds.__doc__
        marks = [pytest.mark.long, pytest.mark.timeout(3600)]
        forms = [pytest.param(few, id="short"), pytest.param(many, id="long", marks=marks)]
        marked: Test = pytest.mark.parametrize("examples", forms)(run)
        return marked

    return decorate
