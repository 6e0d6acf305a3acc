"""From a file to rows of cells, whatever kind of file it is.

`rows()` may be called again: a file is read once to learn how it is written, and once for its rows.
"""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

# What is wider is not a table of ours, and looking through it would take long.
MOST_COLUMNS = 2_000
# A field that its kind makes of the others of the row.
DERIVED = "\ue003"


# What is put in front of cells in here, and therefore in no file.
_MARKS = dict.fromkeys(range(0xE000, 0xE004))


def without_marks(text: str) -> str:
    """The text without characters that have a meaning in here. Nobody's letters are among them: they are private."""
    return text if text.isascii() else text.translate(_MARKS)


class Row(NamedTuple):
    """One row, with its line as an editor or a spreadsheet counts, or what kept it from being read.

    Every row of JSON names its cells itself.
    """

    line: int
    cells: list[str]
    names: tuple[str, ...] | None = None
    error: str | None = None
    nested: tuple[int, ...] = ()
    """The places of the cells that are lists or objects of JSON, written as JSON."""


class Table(Protocol):
    """The rows of a file, those before its header and the header itself included."""

    @property
    def written(self) -> dict[str, str]:
        """How it is written, as far as that had to be found out: delimiter, encoding, sheet."""
        ...

    def rows(self) -> Iterator[Row]: ...

    def reading(self, longest: int) -> "Table":
        """The same one, whose records may have so many characters."""
        ...

    def close(self) -> None:
        """Give back what the table holds besides the file itself."""
        ...
