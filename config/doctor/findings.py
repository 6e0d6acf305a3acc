"""What a check of `doctor` finds, and what to do about it."""

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    FINE = "ok"
    # Works, or will after the next step; worth a look.
    DOUBTFUL = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """`found` and `advice` are whole sentences."""

    check: str
    level: Level
    found: str
    advice: str = ""


def reason(error: Exception) -> str:
    """What an error says, to be put into a sentence: its first line, without a full stop."""
    return str(error).strip().partition("\n")[0].rstrip(" .?!") or type(error).__name__


def fine(check: str, found: str) -> Finding:
    return Finding(check, Level.FINE, found)


def doubtful(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Level.DOUBTFUL, found, advice)


def broken(check: str, found: str, advice: str) -> Finding:
    return Finding(check, Level.BROKEN, found, advice)
