"""Excel workbooks. They are read in a process of its own: its memory is bounded, and it holds up no request.

A small hostile workbook may say that it has sixteen billion cells. What reads it may then die, but not the service.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.numbers import exact
from workers.catalogue.importing.tables import Row, without_marks

# Of a workbook of 300,000 rows the reading took 4 s and 300 MB.
SECONDS = 120
_SCRIPT = Path(__file__).with_name("read_workbook.py")
# How archives (xlsx) and the older workbooks (xls) begin.
ARCHIVE, OLDER = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNREADABLE = (
    "This is an Excel workbook that cannot be read: it is damaged, too large, or protected with a password. "
    "Open it in Excel and save the sheet as CSV UTF-8, or as a new .xlsx file without a password. If it is a ZIP "
    "archive of other files, unpack it and send them one by one."
)


@dataclass(frozen=True, slots=True)
class Workbook:
    """One sheet: behind its name, a line of JSON per row, each a list of cells."""

    file: IO[bytes]
    sheet: str

    @property
    def written(self) -> dict[str, str]:
        return {"sheet": self.sheet}

    def reading(self, longest: int) -> "Workbook":
        """A cell of a workbook has at most 32,767 characters."""
        return self

    def rows(self) -> Iterator[Row]:
        self.file.seek(0)
        self.file.readline()
        for number, line in enumerate(self.file, start=1):
            cells = json.loads(line, parse_float=Decimal, parse_int=str)
            if cells is None:
                yield Row(number, [], error="the row is too long")
            else:
                yield Row(number, [_cell(cell) for cell in cells])

    def close(self) -> None:
        self.file.close()


def _cell(cell: str | Decimal) -> str:
    return exact(str(cell)) if isinstance(cell, Decimal) else without_marks(cell)


def opened(file: IO[bytes], sheet: str | None) -> Workbook:
    """The sheet of this name, or else the first one. Raises FileError."""
    rows = TemporaryFile()  # noqa: SIM115  # lives as long as the workbook
    try:
        _read(file, rows, sheet)
        rows.seek(0)
        return Workbook(rows, json.loads(rows.readline()))
    except BaseException:
        rows.close()
        raise


def _read(file: IO[bytes], rows: IO[bytes], sheet: str | None) -> None:
    command = [sys.executable, "-I", str(_SCRIPT), *([sheet] if sheet is not None else [])]
    file.seek(0)
    with TemporaryFile() as source:
        shutil.copyfileobj(file, source)
        source.seek(0)
        try:
            # What reads hostile files needs none of our settings.
            done = subprocess.run(  # noqa: S603  # our own script; the sheet's name is an argument, not a command
                command, stdin=source, stdout=rows, stderr=subprocess.PIPE, timeout=SECONDS, check=False, env={}
            )
        except subprocess.TimeoutExpired:
            raise FileError(UNREADABLE) from None
    if done.returncode:
        raise FileError(_reason(done.stderr))


def _reason(told: bytes) -> str:
    text = told.decode("utf-8", "replace").strip()
    if not text.startswith("["):
        return UNREADABLE
    names = ", ".join(printable(str(name)) for name in json.loads(text)[:20])
    return f"The workbook does not have a sheet of this name. It has: {names}."
