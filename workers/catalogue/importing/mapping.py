"""From the cells of a row to the fields of its kind, as the header says."""

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from workers.catalogue.importing.counting import Counter
from workers.catalogue.importing.fields import Form
from workers.catalogue.importing.recognition import Header, Member, plain
from workers.catalogue.importing.rules import Rules, Setting, first
from workers.catalogue.importing.tables import MOST_COLUMNS, Row


class Record(NamedTuple):
    """One row: its cells by field, or why it is left out: `skipped` if it is no item, and else `error`."""

    line: int
    values: dict[str, str]
    error: str | None = None
    skipped: str | None = None


# Rows of JSON may name their cells in any order; more orders are looked up again.
_MOST_HEADERS = 100


class Mapper:
    """Rows of one file, in their order."""

    def __init__(self, header: Header, setting: Setting) -> None:
        self._header = header
        self._setting = setting
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._plan = Plan(header, setting)
        counted = header.format.counted if header.format else None
        self._counter = Counter(counted, header.names) if counted else None
        self.ignored: dict[str, None] = dict.fromkeys(header.ignored)

    @property
    def channels(self) -> list[str]:
        """The marketplaces that the rows name, as far as they were read."""
        rules = self._plan.rules
        return sorted(rules.channels) if rules else []

    def records(self, rows: Iterator[Row]) -> Iterator[Record]:
        """A record for each row that is not empty."""
        complete = None if self._header.format else self._header.kind.complete
        above: dict[str, str] = {}
        for record in self._counted(self._counter, rows) if self._counter else self._mapped(rows):
            if complete:
                complete(above, record.values)
                above = record.values
            yield record

    def look(self, row: Row, cells: "Cells") -> None:
        """Add the cells of numbers and dates in this row: they show how the file writes them."""
        if row.error is None:
            self._plan_of(row.names).look(row.cells, cells)

    def _counted(self, counter: Counter, rows: Iterator[Row]) -> Iterator[Record]:
        for together, number in counter.groups(rows):
            for record in self._mapped(iter(together)):
                if number is not None:
                    record.values[counter.field] = str(number)
                yield record

    def _mapped(self, rows: Iterator[Row]) -> Iterator[Record]:
        for row in rows:
            if row.error is not None:
                yield Record(row.line, {}, row.error)
                continue
            if (record := self._plan_of(row.names).record(row)) is not None:
                yield record

    def _plan_of(self, names: tuple[str, ...] | None) -> "Plan":
        """For a row that names its cells itself, or for one below the header."""
        if names is None:
            return self._plan
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
    """Of some rows, the different cells that hold numbers and dates, and those of the numbers that are prices."""

    numbers: set[str]
    dates: set[str]
    prices: set[str]


class Plan:
    """Where the cells of a row go, with all names looked up."""

    def __init__(self, header: Header, setting: Setting) -> None:
        self._given = {name: cell for name, cell in setting.given.items() if name not in header.fields}
        # Of JSON, where each row names its own fields.
        self._lacking = header.missing(setting.given)
        self._width = len(header.names)
        self._simple = [(name, at[0]) for name, at in header.columns.items() if len(at) == 1]
        self._several = [(name, at) for name, at in header.columns.items() if len(at) > 1]
        self._series = list(header.series.items())
        self._nestable = {at for name, at in self._simple if header.kind.fields[name].nested}
        self._required = [
            tuple(at for name in group for at in header.columns.get(name, ())) for group in header.kind.required
        ]
        forms = {at: header.kind.fields[name].form for name, positions in header.columns.items() for at in positions}
        self._numbers = [at for at, form in forms.items() if form in (Form.NUMBER, Form.MONEY)]
        self._dates = [at for at, form in forms.items() if form in (Form.DAY, Form.MOMENT)]
        self._prices = header.columns.get("price", ())
        # What has none of these is a footer, not an item that lacks something.
        told = {name for group in header.kind.required for name in group} | set(header.kind.table.needed)
        self._telling = tuple(at for name in told for at in header.columns.get(name, ()))
        self._told_by_header = [header.names[at] for at in self._telling]
        # A row may end behind the last field that it cannot be without.
        self._needed = max((min(at) + 1 for at in self._required if at), default=0)
        self._always = {name for group in header.kind.required for name in group}
        self.rules = Rules(header.format, header.names, setting) if header.format else None

    def record(self, row: Row) -> Record | None:
        """None for a row that is empty."""
        line, cells = row.line, row.cells
        if not "".join(cells).strip():
            return None
        if len(cells) > self._width:
            if any(cell.strip() for cell in cells[self._width :]):
                return Record(line, {}, f"the line has {len(cells)} fields, but the header has {self._width}")
            del cells[self._width :]
        if row.nested and (name := self._nested(row.nested)):
            return Record(line, {}, f"{name} must be text, a number, true or false")
        if self.rules:
            self.rules.complete(cells)
            if reason := self.rules.skipped(cells):
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
        width = len(cells)
        told = [cells[at] for at in self._telling if at < width and cells[at]]
        if not self._telling:
            return None
        if len(told) == len(self._telling):
            return "repeats the header" if told == self._told_by_header else None
        if not first(cells, self._telling):
            return "has none of the fields that are needed"
        label = next((cell for cell in cells if cell.strip()), "")
        return "is a total" if label.strip(" :").casefold() in _TOTALS else None

    def _nested(self, places: Sequence[int]) -> str | None:
        """The field whose cell is a list or an object, and must not be. What nobody reads may be one."""
        return next((name for name, at in self._simple if at in places and at not in self._nestable), None)

    def look(self, cells: Sequence[str], found: Cells) -> None:
        width = len(cells)
        found.numbers.update([cells[at] for at in self._numbers if at < width])
        found.dates.update([cells[at] for at in self._dates if at < width])
        found.prices.update([cells[at] for at in self._prices if at < width])

    def _values(self, cells: Sequence[str]) -> dict[str, str]:
        width = len(cells)
        if width >= self._width:
            values = {name: cells[at] for name, at in self._simple}
        else:
            # Spreadsheets leave out the last cells where they are empty: what is not there is not said.
            values = {name: cells[at] for name, at in self._simple if at < width}
        for name, positions in self._several:
            values[name] = first(cells, positions)
        for name, members in self._series:
            values[name] = _together(cells, members)
        if self._given:
            values |= self._given
        if self.rules:
            self.rules.finish(values, cells)
            # An export leaves empty what it does not know, such as the stock that is at Amazon: what is stored stays.
            values = {name: cell for name, cell in values.items() if name in self._always or cell.strip()}
        return values


def _together(cells: Sequence[str], members: Sequence[Member]) -> str:
    """The cells of a series by their labels, as JSON. It is empty where all of them are."""
    found: dict[str, str] = {}
    for at, label, label_at in members:
        name = label if label_at is None else first(cells, (label_at,))
        if (name or label_at is None) and (cell := first(cells, (at,))):
            found.setdefault(name, cell)
    return json.dumps(found, ensure_ascii=False) if found else ""
