"""What a known export says of a row besides its columns: whether it is an item, and what it leaves to other rows."""

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from workers.catalogue.importing import dates, numbers
from workers.catalogue.importing.conventions import unwrapped
from workers.catalogue.importing.formats import Blank, Format, Inherits, Period, Skip
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.recognition import Positions, locations_of, positions_of
from workers.catalogue.importing.tables import DERIVED


class Setting(NamedTuple):
    """What the rows of a file do not say."""

    given: Mapping[str, str]
    """Fields that all rows have."""
    domain: str | None
    """The end of the marketplace's address, if its country is known."""
    now: datetime.datetime
    """Where the marketplace is."""


def first(cells: Sequence[str], positions: Positions) -> str:
    """The first cell of these that is not empty."""
    for at in positions:
        if at < len(cells) and (cell := unwrapped(cells[at])):
            return cell
    return ""


_MOST_CHANNELS = 20


class Rules:
    """What a known export says besides its columns, with all names looked up."""

    def __init__(self, known: Format, header: Sequence[str], setting: Setting) -> None:
        self._inherited = _Inherited(known.inherits, header) if known.inherits else None
        self._blanks = [_Blanked(blank, header) for blank in known.blanks]
        self._period = _Charged(known.period, header, setting.now) if known.period else None
        self._skips = [_Skipped(skip, header) for skip in known.skips]
        self._channel = positions_of(known.channel, header)
        self._domain = setting.domain
        self.channels: set[str] = set()
        """The marketplaces of the rows that were not skipped."""
        self._options = [at for names in known.options for at in positions_of(names, header)[:1]]
        self._locations = locations_of(known, header)
        self._less = {
            name: (positions_of(known.columns[name], header), positions_of(names, header))
            for name, names in known.less.items()
        }
        self._unsigned, self._derived = known.unsigned, known.derived
        # Refunds in a file of orders are no negative sales.
        self._refunds = positions_of(known.columns.get("units", ()), header)

    def complete(self, cells: list[str]) -> None:
        """Fill in what other rows say, and empty what does not count."""
        # What is blank may be what the row above says.
        for blank in self._blanks:
            blank.empty(cells)
        if self._inherited:
            self._inherited.fill(cells)
        if self._period:
            self._period.empty(cells)

    def skipped(self, cells: Sequence[str]) -> str | None:
        """Why a row is no item."""
        for skip in self._skips:
            if skip.applies(cells):
                return skip.reason
        seen = first(cells, self._channel)
        if seen and self._domain and not seen.casefold().endswith(self._domain):
            return f"was sold on {printable(seen)}"
        # Of a marketplace whose country is not known, all rows are; but that is said.
        if seen and len(self.channels) < _MOST_CHANNELS:
            self.channels.add(seen)
        if self._locations and not self._counts(cells):
            return "is a variant that is not stocked anywhere"
        if self._refunds and first(cells, self._refunds).startswith("-"):
            return "is a refund"
        if any(self._left(name, cells) == _NOTHING for name in self._less):
            return "was not sent back"
        return None

    def _left(self, name: str, cells: Sequence[str]) -> str:
        """What is left of a field. A cell that is empty takes nothing away, and one that is not a number is left."""
        all_of, kept = (first(cells, positions) for positions in self._less[name])
        return _sum([all_of, f"-{kept}"]) if all_of and kept else _NOTHING

    def _counts(self, cells: Sequence[str]) -> list[str]:
        """The stock of each location: some say that they do not stock it."""
        found = (first(cells, (at,)) for at in self._locations)
        return [cell for cell in found if cell and cell.casefold() != "not stocked"]

    def finish(self, values: dict[str, str], cells: Sequence[str]) -> None:
        if self._options and values.get("title"):
            chosen = [option for at in self._options for option in _options(first(cells, (at,)))]
            values["title"] = " - ".join([values["title"], *chosen])
        if self._locations:
            values["stock"] = _sum(self._counts(cells))
        values |= {name: self._left(name, cells) for name in self._less}
        values |= {name: values[name].strip().removeprefix("-") for name in self._unsigned if name in values}
        if self._derived and not values.get(self._derived, "").strip():
            values[self._derived] = DERIVED


_NOTHING = numbers.exact("0")


def _sum(counts: Sequence[str]) -> str:
    """Added up; a count that is not a number is the sum, so that it is refused."""
    total = Decimal(0)
    for count in counts:
        try:
            total += Decimal(numbers.read(count, numbers.Mark.POINT).text)
        except ValueError:
            return count
    return numbers.exact(str(total or 0))


def _options(cell: str) -> list[str]:
    """The options of a variant: Blue, or of Color=Blue|Size=Small both. Shopify writes Default Title for none."""
    if cell in ("", "Default Title"):
        return []
    parts = [part for part in re.split(r"[|;]", cell.strip("[]")) if part.strip()]
    if not all("=" in part for part in parts):
        # It is one value, such as 1:18 or Salt & Pepper; Red.
        return [cell]
    named = [(name.strip(), value.partition("[#")[0].strip()) for name, _, value in (p.partition("=") for p in parts)]
    # BigCommerce: Type=Swatch|Name=Color|Value=White[#ffffff].
    return [value for name, value in named if name == "Value"] or [value for _, value in named]


class _Skipped:
    def __init__(self, skip: Skip, header: Sequence[str]) -> None:
        self.reason = skip.reason
        self._skip = skip
        self._columns = positions_of(skip.column, header)

    def applies(self, cells: Sequence[str]) -> bool:
        if not self._columns:
            return False
        cell = first(cells, self._columns).casefold()
        values = self._skip.values
        found = any(value in cell for value in values) if self._skip.contains else cell in values
        return found is not self._skip.unless


class _Blanked:
    def __init__(self, blank: Blank, header: Sequence[str]) -> None:
        self._values, self._only = blank.values, blank.only
        self._columns = positions_of(blank.column, header)
        self._by = positions_of(blank.by, header)

    def empty(self, cells: list[str]) -> None:
        if self._by and first(cells, self._by).casefold() in self._values:
            _clear(cells, [at for at in self._columns if not self._only or first(cells, (at,)) in self._only])


class _Charged:
    """Empties a price outside of the time in which it is charged."""

    def __init__(self, period: Period, header: Sequence[str], now: datetime.datetime) -> None:
        self._columns = positions_of(period.column, header)
        self._start, self._end = positions_of(period.start, header), positions_of(period.end, header)
        self._now = now

    def empty(self, cells: list[str]) -> None:
        start, end = first(cells, self._start), first(cells, self._end)
        if self._start == self._end:
            start, _, end = start.partition("/")
        if _is_before(self._now, start) or _is_after(self._now, end):
            _clear(cells, self._columns)


def _is_before(now: datetime.datetime, start: str) -> bool:
    begins = _said(start, now)
    return begins is not None and now < begins


def _is_after(now: datetime.datetime, end: str) -> bool:
    """A day that is named as the end is still of the time."""
    ends = _said(end, now)
    return ends is not None and now > (ends if ":" in end else ends + datetime.timedelta(days=1))


def _said(cell: str, now: datetime.datetime) -> datetime.datetime | None:
    """None where nothing is said, or nothing that can be read: then the price counts."""
    try:
        found = dates.read(cell, None) if cell.strip() else None
    except ValueError:
        return None
    if found is None:
        return None
    if not isinstance(found, datetime.datetime):
        found = datetime.datetime.combine(found, datetime.time())
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)


def _clear(cells: list[str], positions: Iterable[int]) -> None:
    for at in positions:
        if at < len(cells):
            cells[at] = ""


class _Inherited:
    """Fills in the cells that an export writes only once for several rows."""

    def __init__(self, inherits: Inherits, header: Sequence[str]) -> None:
        self._columns = [at for names in inherits.columns for at in positions_of(names, header)]
        self._by = positions_of(inherits.by, header)
        self._marked = positions_of(inherits.marked[0], header) if inherits.marked else ()
        self._mark = inherits.marked[1] if inherits.marked else ""
        self._above: list[str] = []

    def fill(self, cells: list[str]) -> None:
        if self._above and self._belongs(cells):
            for at in self._columns:
                if at < min(len(cells), len(self._above)) and not cells[at].strip():
                    cells[at] = self._above[at]
        self._above = cells

    def _belongs(self, cells: Sequence[str]) -> bool:
        if self._marked:
            return first(cells, self._marked).casefold() == self._mark
        return bool(key := first(cells, self._by)) and key == first(self._above, self._by)
