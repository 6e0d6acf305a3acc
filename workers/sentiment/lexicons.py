"""The files of words and phrases in workers/sentiment/lexicon. Lines that begin with # are remarks."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lexicon"


@cache
def sections(name: str) -> dict[str, list[str]]:
    """The lines of a file under the [section] in which they stand."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in _lines(name):
        if line.startswith("["):
            lines = found.setdefault(line.strip("[]"), [])
        else:
            lines.append(line)
    return found


def words_of_section(name: str, section: str) -> set[str]:
    """The words of a section whose lines are words between bars."""
    return {word for line in sections(name)[section] for word in line.split("|")}


@cache
def groups(name: str) -> dict[str, tuple[str, ...]]:
    """The groups of a file: each line is a name and words between bars."""
    return {group: tuple(words.split("|")) for group, words in (line.split(" ") for line in _lines(name))}


def _lines(name: str) -> list[str]:
    lines = (line.strip() for line in (_FOLDER / name).read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]
