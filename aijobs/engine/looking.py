"""Jobs that others change while somebody looks at them."""

from collections.abc import Callable
from typing import TypeVar

from aijobs.errors import TryAgain

LOOKS = 3

Found = TypeVar("Found")


def look_again(look: Callable[[], Found | None]) -> Found:
    """What the first look finds that finds anything: between two parts of one, a job may be claimed or queued again.

    Raises TryAgain after a few.
    """
    for _ in range(LOOKS):
        if (found := look()) is not None:
            return found
    raise TryAgain(retry_after=1)
