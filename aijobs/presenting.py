"""Pictures of a result, as values: a job type says what is in them, and the admin how they look.

A job type names its presenter by dotted path, `present(result) -> pictures`: the web process resolves it, so it loads
nothing that only handlers need.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

# What a colour stands for; the stylesheet knows which it is, by day and by night.
Tone = Literal["plain", "own", "good", "bad", "waiting", "running", "backoff"]
# Of a picture's rows: what is beyond them, the tables and the JSON have.
MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class Bar:
    """From one value to another. `says` is shown to whoever points at it."""

    start: float
    end: float
    tone: Tone = "plain"
    says: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    at: float
    tone: Tone = "plain"
    says: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Bars and marks on one line, and the figures in words beside them."""

    label: str
    bars: Sequence[Bar] = ()
    marks: Sequence[Mark] = ()
    says: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows on one scale, from the lowest to the highest value in them."""

    # "" under a heading that says it.
    title: str
    rows: Sequence[Row]
    # What the tones mean, in words.
    legend: Sequence[tuple[Tone, str]] = ()
    note: str = ""
    # A scale of their own, where the lowest and highest values are no good one.
    scale: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A text beside the one that it replaces, in parts: `same` and `removed` ones make the old text."""

    title: str
    parts: Sequence[tuple[Literal["same", "removed", "added"], str]]
    note: str = ""


Picture: TypeAlias = Chart | Difference


def stacked(label: str, amounts: Sequence[tuple[float, Tone, str]], says: str = "") -> Row:
    """A row of bars, one behind the other."""
    bars: list[Bar] = []
    end = 0.0
    for amount, tone, words in amounts:
        bars.append(Bar(end, end + amount, tone, words))
        end += amount
    return Row(label, bars, says=says)
