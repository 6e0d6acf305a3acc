"""From the cells of a row to the fields of its kind, as the header says."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from workers.catalogue.importing.conventions import unwrapped
from workers.catalogue.importing.formats import Inherits
from workers.catalogue.importing.recognition import Header, Positions, plain, positions_of
from workers.catalogue.importing.tables import Row


class Record(NamedTuple):
    """One row: its cells by field, or why it is left out: `skipped` if it is no item, and else `error`."""

    line: int
    values: dict[str, str]
    error: str | None = None
    skipped: str | None = None


# Rows of JSON may name their cells in any order; more orders are looked up again.
_MOST_HEADERS = 1_000


class Mapper:
    """Rows of one file, in their order."""

    def __init__(self, header: Header, given: Mapping[str, str], country: str | None) -> None:
        self._header = header
        self._given = given
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._country = country
        self._plan = Plan(header, given, country)
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
            self.ignored |= dict.fromkeys(header.ignored)
            plan = Plan(header, self._given, self._country)
            if len(self._plans) < _MOST_HEADERS:
                self._plans[names] = plan
        return plan


class Plan:
    """Where the cells of a row go, with all names looked up."""

    def __init__(self, header: Header, given: Mapping[str, str], country: str | None) -> None:
        self._given = {name: cell for name, cell in given.items() if name not in header.columns}
        self._width = len(header.names)
        self._simple = [(name, at[0]) for name, at in header.columns.items() if len(at) == 1]
        self._several = [(name, at) for name, at in header.columns.items() if len(at) > 1]
        self._required = [
            tuple(at for name in group for at in header.columns.get(name, ())) for group in header.kind.required
        ]
        self._needed = max((min(at) + 1 for at in self._required if at), default=0)
        known = header.format
        self._skips = [
            (at, skip.values, skip.reason)
            for skip in (known.skips if known else ())
            if (at := positions_of(skip.column, header.names))
        ]
        self._options = [at for name in (known.options if known else ()) for at in positions_of(name, header.names)]
        self._channel = positions_of(known.channel, header.names) if known and known.channel else ()
        self._country = country
        self._inherited = _Inherited(known.inherits, header.names) if known and known.inherits else None

    def record(self, line: int, cells: list[str]) -> Record | None:
        """None for a row that is empty."""
        if not any(cell and not cell.isspace() for cell in cells):
            return None
        if len(cells) > self._width:
            if any(cell.strip() for cell in cells[self._width :]):
                return Record(line, {}, f"the line has {len(cells)} fields, but the header has {self._width}")
            del cells[self._width :]
        if self._inherited:
            cells = self._inherited.filled(cells)
        if reason := self._skipped(cells):
            return Record(line, self._values(cells), skipped=reason)
        if len(cells) < self._needed:
            return Record(line, {}, f"the line has {len(cells)} fields, but the header has {self._width}")
        return Record(line, self._values(cells))

    def _skipped(self, cells: Sequence[str]) -> str | None:
        for positions, values, reason in self._skips:
            if _first(cells, positions).casefold() in values:
                return reason
        if self._channel and (seen := _first(cells, self._channel)) and not self._is_ours(seen):
            return f"was sold on {seen[:40]}"
        if not any(_first(cells, positions) for positions in self._required):
            return "has none of the fields that are needed"
        return None

    def _is_ours(self, channel: str) -> bool:
        """Whether Amazon.de is the marketplace of this import; of one whose country is unknown, all are."""
        return self._country is None or channel.casefold().endswith(self._country)

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
        if self._options and "title" in values:
            values["title"] = " - ".join([values["title"], *self._chosen(cells)])
        return values

    def _chosen(self, cells: Sequence[str]) -> list[str]:
        """The options of a variant. Shopify writes Default Title where there are none."""
        chosen = [_first(cells, (at,)) for at in self._options]
        return [each for each in chosen if each and each != "Default Title"]


def _first(cells: Sequence[str], positions: Positions) -> str:
    """The first cell of these that is not empty."""
    for at in positions:
        if at < len(cells) and (cell := unwrapped(cells[at])):
            return cell
    return ""


class _Inherited:
    """Fills in the cells that an export writes only once for several rows."""

    def __init__(self, inherits: Inherits, header: Sequence[str]) -> None:
        self._columns = [at for name in inherits.columns for at in positions_of(name, header)]
        self._by = positions_of(inherits.by, header) if inherits.by else ()
        self._marked = positions_of(inherits.marked[0], header) if inherits.marked else ()
        self._mark = inherits.marked[1] if inherits.marked else ""
        self._above: list[str] = []

    def filled(self, cells: list[str]) -> list[str]:
        if self._above and self._belongs(cells):
            for at in self._columns:
                if at < min(len(cells), len(self._above)) and not cells[at].strip():
                    cells[at] = self._above[at]
        self._above = cells
        return cells

    def _belongs(self, cells: Sequence[str]) -> bool:
        if self._marked:
            return _first(cells, self._marked).casefold() == self._mark
        return bool(key := _first(cells, self._by)) and key == _first(self._above, self._by)
