"""Days and moments as people and programs write them: 2026-03-12, 13/03/2026 10:12, Mar 12, 2026, Mar-12-26, 46093.

One file writes the day first or the month first. A cell such as 03/04/2026 has two readings, and is read by what the
other cells of the file show, or by what the caller says; where neither tells, it is refused.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from enum import StrEnum


class Order(StrEnum):
    """What stands first in 03/04/2026."""

    DAY = "day_first"
    MONTH = "month_first"


_TIME = (
    r"(?:(?:[T ,]|\b(?:at|um|à|alle|a las|kl\.?)\b)+"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r" ?(?P<half>[AaPp]\.?[Mm]\.?)? ?\(?(?P<zone>[A-Za-z]{1,5}|(?:UTC|GMT)? ?[+-]\d{2}:?\d{2})?\)?)?"
)
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?,? )?"
_YEAR_FIRST = re.compile(r"(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})" + _TIME, re.ASCII)
_YEAR_LAST = re.compile(r"(?P<first>\d{1,2})([-/.])(?P<other>\d{1,2})\2(?P<year>\d{4}|\d{2})" + _TIME, re.ASCII)
_NAMED = re.compile(
    _WEEKDAY + r"(?:(?P<day>\d{1,2})(?:st|nd|rd|th)?[. -]+(?:de )?(?P<name>[^\W\d_]{3,10})\.?|"
    r"(?P<name2>[^\W\d_]{3,10})(?:\.? |-)(?P<day2>\d{1,2})(?:st|nd|rd|th)?)[,. -]+(?:de )?(?P<year>\d{4}|\d{2})"
    + _TIME
)
_NUMBER = re.compile(r"(\d{5})(?:[.,](\d{1,10}))?", re.ASCII)
# What Amazon writes in front of the day of a review: Reviewed in Germany on 12 March 2026; and, in Japan, behind it.
_REVIEWED = re.compile(
    r"(?:Reviewed|Rezension|Rezensiert|Kundenrezension|Bewertet|Avis|Commenté|Évalué|Recensito|Recensione|"
    r"Reseñado|Reseña|Revisado|Calificado|Calificada|Evaluado|Opinión|Avaliado|Beoordeeld|Recenserad)\b\D{0,80}?"
    r"\b(?:on|am|vom|le|il|el|em|op|den)\s+(?=.{6,})",
    re.IGNORECASE,
)
_JAPANESE = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日(?:に.{0,40})?", re.ASCII)
_ISO_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# By their first letters, in English, German, French, Spanish and Italian. The longer ones come first.
_MONTHS = {
    1: "jan gen ene", 2: "feb fév fev", 3: "mar mär mrz", 4: "apr abr avr", 5: "may mai mag", 6: "juin jun giu",
    7: "juil jul lug", 8: "aug aoû aou ago", 9: "sep set", 10: "oct okt ott",
    11: "nov", 12: "dec dez déc dic",
}  # fmt: skip
_MONTH_OF = {name: month for month, names in _MONTHS.items() for name in names.split()}
# Those that marketplaces write. A zone that is not here is refused: its day would be a guess.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "WEST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2,
    "EEST": 3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "JST": 9,
    "AEST": 10, "AEDT": 11, "SGT": 8, "BRT": -3,
}  # fmt: skip
# Excel counts days from here. Numbers of five digits cover 1927 to 2173.
_EXCEL_EPOCH = datetime(1899, 12, 30)  # a workbook's days have no zone
_LONGEST = 64
_FIRST_YEAR, _LAST_YEAR = 1900, 2200
NOT_A_DAY = "must be a date, for example 2026-03-12"


def read(cell: str, order: Order | None) -> date | datetime:
    """A day, or a moment if the cell has a time: with its zone if the cell names one.

    Raises ValueError for what is neither, and for what has two readings.
    """
    cell = cell.strip()
    if reviewed := _REVIEWED.match(cell):
        cell = cell[reviewed.end() :]
    elif "年" in cell[:5]:
        cell = _JAPANESE.sub(r"\1-\2-\3", cell[: 2 * _LONGEST], count=1)
    if len(cell) > _LONGEST:
        raise ValueError(NOT_A_DAY)
    found = _day(cell) if _ISO_DAY.fullmatch(cell) else _read(" ".join(cell.split()), order)
    # Others are mistakes, and at the ends of the calendar a time zone leads out of it.
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise ValueError(f"must be between {_FIRST_YEAR} and {_LAST_YEAR}")
    return found


def _day(cell: str) -> date:
    try:
        # fromisoformat also takes 20260312 and 2026-W11-4, which are as clear.
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError(NOT_A_DAY) from None


def _read(cell: str, order: Order | None) -> date | datetime:
    if found := _YEAR_FIRST.fullmatch(cell):
        return _with_time(found, int(found["year"]), int(found["month"]), int(found["day"]))
    if found := _YEAR_LAST.fullmatch(cell):
        return _with_time(found, _year(found["year"]), *_month_and_day(found, order))
    if found := _NUMBER.fullmatch(cell):
        days = timedelta(days=float(f"{found[1]}.{found[2] or 0}"))
        moment = (_EXCEL_EPOCH + days).replace(microsecond=0)
        return moment if moment.time() != time() else moment.date()
    if (found := _NAMED.fullmatch(cell)) and (month := _month_named(found["name"] or found["name2"])):
        return _with_time(found, _year(found["year"]), month, int(found["day"] or found["day2"]))
    return _day(cell)


def _month_named(name: str) -> int | None:
    name = name.casefold()
    return _MONTH_OF.get(name[:4]) or _MONTH_OF.get(name[:3])


def _year(digits: str) -> int:
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 70 else 1900)


def _month_and_day(found: re.Match[str], order: Order | None) -> tuple[int, int]:
    first, other = int(found["first"]), int(found["other"])
    own = _own_order(found)
    if order is None and _may_begin_with_year(found):
        raise ValueError(
            f"can be read as 20{first:02}-{other:02}-{found['year']} or as 20{found['year']}-{other:02}-{first:02}. "
            "Write years with four digits, or send the file again with dates=day_first or dates=month_first"
        )
    if own is None and order is None and first != other and max(first, other) <= 12:
        year = _year(found["year"])
        raise ValueError(
            f"can be read as {year}-{other:02}-{first:02} (dates=day_first) or as {year}-{first:02}-{other:02} "
            "(dates=month_first), and the other cells of the file do not tell which. Send the file again with one of "
            "the two"
        )
    return (first, other) if (own or order) is Order.MONTH else (other, first)


def _may_begin_with_year(found: re.Match[str]) -> bool:
    """Whether 26-03-12 may be a day of March 2026: so nobody writes it with slashes or points."""
    return found[2] == "-" and len(found["year"]) == 2 and 1 <= int(found["other"]) <= 12


def _own_order(found: re.Match[str]) -> Order | None:
    """The order that these numbers can only have. With points, the day is first everywhere."""
    first, other = int(found["first"]), int(found["other"])
    if found[2] == "." or (12 < first <= 31 and other <= 12):
        return Order.DAY
    return Order.MONTH if 12 < other <= 31 and first <= 12 else None


def _with_time(found: re.Match[str], year: int, month: int, day: int) -> date | datetime:
    try:
        whole = date(year, month, day)
        if found["hour"] is None:
            return whole
        return datetime.combine(whole, _time(found), _zone(found["zone"]))
    except ValueError as error:
        raise ValueError(str(error) if "time zone" in str(error) else NOT_A_DAY) from None


def _time(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if half := (found["half"] or "").replace(".", "").lower():
        if not 1 <= hour <= 12:
            raise ValueError(NOT_A_DAY)
        hour = hour % 12 + (12 if half == "pm" else 0)
    microsecond = int(f"{found['fraction'] or 0:0<6}"[:6])
    return time(hour, int(found["minute"]), int(found["second"] or 0), microsecond)


def _zone(name: str | None) -> tzinfo | None:
    if not name:
        return None
    if hours := _ZONES.get(name.upper()):
        return timezone(timedelta(hours=hours))
    if name.upper() in _ZONES:
        return UTC
    offset = re.sub(r"[^\d+-]", "", name)
    if not offset:
        raise ValueError("names a time zone that is not known. Write an offset instead, for example +01:00")
    sign = -1 if offset[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])))


class Evidence:
    """What the cells of a file show of the order of day and month."""

    def __init__(self) -> None:
        self._shown: set[Order] = set()
        # Whether a cell is a moment and not the beginning of a day: then midnight is a moment, too.
        self.moments = False

    def add(self, cells: Iterable[str]) -> None:
        for cell in cells:
            if ":" in cell and not self.moments:
                self.moments = _is_moment(cell)
            # Most files write the year first, and their cells say nothing.
            if len(cell) <= _LONGEST and not _ISO_DAY.match(cell) and len(self._shown) < len(Order):
                found = _YEAR_LAST.fullmatch(" ".join(cell.split()))
                if found and found[2] != "." and not _may_begin_with_year(found) and (order := _own_order(found)):
                    self._shown.add(order)

    @property
    def order(self) -> Order | None:
        """None if no cell shows it, or if the cells contradict each other."""
        return next(iter(self._shown)) if len(self._shown) == 1 else None


def _is_moment(cell: str) -> bool:
    try:
        found = read(cell, Order.DAY)
    except ValueError:
        return False
    return isinstance(found, datetime) and found.tzinfo is not None and found.time() != time()
