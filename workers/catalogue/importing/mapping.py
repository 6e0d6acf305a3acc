"""From the cells of a row to the fields of its kind, as the header says."""

import datetime
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from workers.catalogue.importing import dates, numbers
from workers.catalogue.importing.conventions import unwrapped
from workers.catalogue.importing.fields import Form
from workers.catalogue.importing.formats import Blank, Format, Inherits, Period, Skip
from workers.catalogue.importing.names import printable
from workers.catalogue.importing.recognition import Header, Positions, locations_of, plain, positions_of
from workers.catalogue.importing.tables import MOST_COLUMNS, NESTED, Row


class Record(NamedTuple):
    """One row: its cells by field, or why it is left out: `skipped` if it is no item, and else `error`."""

    line: int
    values: dict[str, str]
    error: str | None = None
    skipped: str | None = None


class Setting(NamedTuple):
    """What the rows of a file do not say."""

    given: Mapping[str, str]
    """Fields that all rows have."""
    domain: str | None
    """The end of the marketplace's address, if its country is known."""
    now: datetime.datetime
    """Where the marketplace is."""


# Rows of JSON may name their cells in any order; more orders are looked up again.
_MOST_HEADERS = 100


class Mapper:
    """Rows of one file, in their order."""

    def __init__(self, header: Header, setting: Setting) -> None:
        self._header = header
        self._setting = setting
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._plan = Plan(header, setting)
        self.ignored: dict[str, None] = dict.fromkeys(header.ignored)

    def records(self, rows: Iterator[Row]) -> Iterator[Record]:
        """A record for each row that is not empty."""
        complete = None if self._header.format else self._header.kind.complete
        above: dict[str, str] = {}
        for record in self._mapped(rows):
            if complete:
                complete(above, record.values)
                above = record.values
            yield record

    def look(self, row: Row, cells: "Cells") -> None:
        """Add the cells of numbers and dates in this row: they show how the file writes them."""
        if row.error is None:
            plan = self._plan if row.names is None else self._plan_of(row.names)
            plan.look(row.cells, cells)

    def others(self, row: Row) -> list[str]:
        """The cells that are not read."""
        if row.error is not None:
            return []
        plan = self._plan if row.names is None else self._plan_of(row.names)
        return plan.others(row.cells)

    def _mapped(self, rows: Iterator[Row]) -> Iterator[Record]:
        for row in rows:
            if row.error is not None:
                yield Record(row.line, {}, row.error)
                continue
            plan = self._plan if row.names is None else self._plan_of(row.names)
            if (record := plan.record(row.line, row.cells)) is not None:
                yield record

    def _plan_of(self, names: tuple[str, ...]) -> "Plan":
        plan = self._plans.get(names)
        if plan is None:
            header = plain(names, self._header.kind)
            if len(self.ignored) < MOST_COLUMNS:
                self.ignored |= dict.fromkeys(header.ignored)
            plan = Plan(header, self._setting)
            if len(self._plans) < _MOST_HEADERS:
                self._plans[names] = plan
        return plan


# How the last row of a table begins that adds up the others.
_TOTALS = {
    "total",
    "totals",
    "grand total",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "somme",
    "totale",
    "suma",
    "totaux",
}


class Cells(NamedTuple):
    """Of some rows, the different cells that hold numbers and dates."""

    numbers: set[str]
    dates: set[str]


class Plan:
    """Where the cells of a row go, with all names looked up."""

    def __init__(self, header: Header, setting: Setting) -> None:
        self._given = {name: cell for name, cell in setting.given.items() if name not in header.columns}
        # Of JSON, where each row names its own fields.
        self._lacking = header.missing(setting.given)
        self._width = len(header.names)
        self._simple = [(name, at[0]) for name, at in header.columns.items() if len(at) == 1]
        self._several = [(name, at) for name, at in header.columns.items() if len(at) > 1]
        self._required = [
            tuple(at for name in group for at in header.columns.get(name, ())) for group in header.kind.required
        ]
        forms = {at: header.kind.fields[name].form for name, positions in header.columns.items() for at in positions}
        self._numbers = [at for at, form in forms.items() if form in (Form.NUMBER, Form.MONEY)]
        self._dates = [at for at, form in forms.items() if form in (Form.DAY, Form.MOMENT)]
        self._read = {at for positions in header.columns.values() for at in positions}
        # What has none of these is a footer, not an item that lacks something.
        told = {name for group in header.kind.required for name in group} | set(header.kind.table.needed)
        self._telling = tuple(at for name in told for at in header.columns.get(name, ()))
        self._header_row = [(at, header.names[at]) for name, (at, *_) in header.columns.items() if name == "sku"]
        # A row may end behind the last field that it cannot be without.
        self._needed = max((min(at) + 1 for at in self._required if at), default=0)
        self._always = {name for group in header.kind.required for name in group}
        self._rules = _Rules(header.format, header.names, setting) if header.format else None

    def record(self, line: int, cells: list[str]) -> Record | None:
        """None for a row that is empty."""
        if not "".join(cells).strip():
            return None
        if len(cells) > self._width:
            if any(cell.strip() for cell in cells[self._width :]):
                return Record(line, {}, f"the line has {len(cells)} fields, but the header has {self._width}")
            del cells[self._width :]
        if NESTED in cells and (name := self._nested(cells)):
            return Record(line, {}, f"{name} must be text, a number, true or false")
        if self._rules:
            self._rules.complete(cells)
            if reason := self._rules.skipped(cells):
                return Record(line, self._values(cells), skipped=reason)
        if reason := self._no_item(cells):
            return Record(line, {}, skipped=reason)
        if self._lacking:
            return Record(line, {}, f"the row lacks {', '.join(self._lacking)}")
        if len(cells) < self._needed:
            return Record(line, {}, f"the line has {len(cells)} fields, but the header has {self._width}")
        return Record(line, self._values(cells))

    def _no_item(self, cells: Sequence[str]) -> str | None:
        """Why a row is none, whatever file it is in."""
        if not _first(cells, self._telling):
            return "has none of the fields that are needed"
        if any(cells[at] == name for at, name in self._header_row if at < len(cells)):
            return "repeats the header"
        first = next((cell for cell in cells if cell.strip()), "")
        if first.strip(" :").casefold() in _TOTALS and not all(_first(cells, (at,)) for at in self._telling):
            return "is a total"
        return None

    def _nested(self, cells: Sequence[str]) -> str | None:
        """The field whose cell is a list or an object. What nobody reads may be one."""
        return next((name for name, at in self._simple if at < len(cells) and cells[at] == NESTED), None)

    def look(self, cells: Sequence[str], found: Cells) -> None:
        width = len(cells)
        found.numbers.update([cells[at] for at in self._numbers if at < width])
        found.dates.update([cells[at] for at in self._dates if at < width])

    def others(self, cells: Sequence[str]) -> list[str]:
        return [cell for at, cell in enumerate(cells) if at not in self._read]

    def _values(self, cells: Sequence[str]) -> dict[str, str]:
        width = len(cells)
        if width >= self._width:
            values = {name: cells[at] for name, at in self._simple}
        else:
            # Spreadsheets leave out the last cells where they are empty: what is not there is not said.
            values = {name: cells[at] for name, at in self._simple if at < width}
        for name, positions in self._several:
            values[name] = _first(cells, positions)
        if self._given:
            values |= self._given
        if self._rules:
            self._rules.finish(values, cells)
            # An export leaves empty what it does not know, such as the stock that is at Amazon: what is stored stays.
            values = {name: cell for name, cell in values.items() if name in self._always or cell.strip()}
        return values


def _first(cells: Sequence[str], positions: Positions) -> str:
    """The first cell of these that is not empty."""
    for at in positions:
        if at < len(cells) and (cell := unwrapped(cells[at])):
            return cell
    return ""


class _Rules:
    """What a known export says besides its columns, with all names looked up."""

    def __init__(self, known: Format, header: Sequence[str], setting: Setting) -> None:
        self._inherited = _Inherited(known.inherits, header) if known.inherits else None
        self._blanks = [_Blanked(blank, header) for blank in known.blanks]
        self._period = _Charged(known.period, header, setting.now) if known.period else None
        self._skips = [_Skipped(skip, header) for skip in known.skips]
        self._channel = positions_of(known.channel, header)
        self._domain = setting.domain
        self._options = [at for names in known.options for at in positions_of(names, header)[:1]]
        self._locations = locations_of(known, header)
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
        seen = _first(cells, self._channel)
        # Of a marketplace whose country is not known, all rows are.
        if seen and self._domain and not seen.casefold().endswith(self._domain):
            return f"was sold on {printable(seen)}"
        if self._locations and not self._counts(cells):
            return "is a variant that is not stocked anywhere"
        if self._refunds and _first(cells, self._refunds).startswith("-"):
            return "is a refund"
        return None

    def _counts(self, cells: Sequence[str]) -> list[str]:
        """The stock of each location: some say that they do not stock it."""
        found = (_first(cells, (at,)) for at in self._locations)
        return [cell for cell in found if cell and cell.casefold() != "not stocked"]

    def finish(self, values: dict[str, str], cells: Sequence[str]) -> None:
        if self._options and values.get("title"):
            chosen = [option for at in self._options for option in _options(_first(cells, (at,)))]
            values["title"] = " - ".join([values["title"], *chosen])
        if self._locations:
            values["stock"] = _sum(self._counts(cells))


def _sum(counts: Sequence[str]) -> str:
    """Added up; a count that is not a number is the sum, so that it is refused."""
    total = Decimal(0)
    for count in counts:
        try:
            total += Decimal(numbers.read(count, numbers.Mark.POINT).text)
        except ValueError:
            return count
    return numbers.exact(str(total))


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
        cell = _first(cells, self._columns).casefold()
        values = self._skip.values
        found = any(value in cell for value in values) if self._skip.contains else cell in values
        return found is not self._skip.unless


class _Blanked:
    def __init__(self, blank: Blank, header: Sequence[str]) -> None:
        self._values, self._only = blank.values, blank.only
        self._columns = positions_of(blank.column, header)
        self._by = positions_of(blank.by, header)

    def empty(self, cells: list[str]) -> None:
        if self._by and _first(cells, self._by).casefold() in self._values:
            _clear(cells, [at for at in self._columns if not self._only or _first(cells, (at,)) in self._only])


class _Charged:
    """Empties a price outside of the time in which it is charged."""

    def __init__(self, period: Period, header: Sequence[str], now: datetime.datetime) -> None:
        self._columns = positions_of(period.column, header)
        self._start, self._end = positions_of(period.start, header), positions_of(period.end, header)
        self._now = now

    def empty(self, cells: list[str]) -> None:
        start, end = _first(cells, self._start), _first(cells, self._end)
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
            return _first(cells, self._marked).casefold() == self._mark
        return bool(key := _first(cells, self._by)) and key == _first(self._above, self._by)
