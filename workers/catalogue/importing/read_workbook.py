"""A workbook on standard input as lines of JSON: the sheet's name, and then the cells of each row.

Runs by itself, as `workbooks` starts it: it knows nothing of the project. Where there is no such sheet, it ends with
1 and the names of all sheets.
"""

import json
import resource
import sys
from datetime import date, datetime, time, timedelta
from io import BytesIO
from math import isfinite

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, WorksheetNotFound

MOST_MEMORY = 1536 * 1024 * 1024
# Of what is written, and of one row of it: as `spooling` and `delimited` have it.
LARGEST_FILE = 1024**3
LONGEST_RECORD = 256 * 1024


def cell(value: object) -> str | float:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        if not isfinite(value):
            return str(value)
        # Every number of a workbook is a float; an SKU of digits is whole. Of longer ones spreadsheets have dropped
        # the last digits: they are written as spreadsheets show them, which is refused as an identifier.
        if value.is_integer():
            return int(value) if abs(value) < 1e15 else f"{value:.5E}"
        return value
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, int | timedelta) else " ".join(str(value).split("\n"))


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))
    try:
        workbook = CalamineWorkbook.from_filelike(BytesIO(sys.stdin.buffer.read()))
    except (CalamineError, PasswordError, OSError, ValueError):
        sys.exit("UNREADABLE")
    asked = sys.argv[1] if len(sys.argv) > 1 else workbook.sheet_names[0]
    name = next((each for each in workbook.sheet_names if each.casefold() == asked.casefold()), asked)
    try:
        sheet = workbook.get_sheet_by_name(name)
    except WorksheetNotFound:
        sys.exit(json.dumps(workbook.sheet_names))
    print(json.dumps(name))
    for row in sheet.iter_rows():
        text = json.dumps([cell(value) for value in row])
        print(text if len(text) <= LONGEST_RECORD else "null")


if __name__ == "__main__":
    main()
