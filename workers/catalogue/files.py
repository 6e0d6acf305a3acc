"""One file from its bytes to the catalogue: what it is, how it is written, and what its rows say.

It is read twice, once to learn how its numbers and dates are written, and once for its rows; before that, a text file
is looked through for its encoding.
"""

import datetime
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import IO, Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from django.utils.timezone import now

from aijobs import zones
from workers.catalogue import currencies
from workers.catalogue.countries import country_of
from workers.catalogue.formats import FORMATS
from workers.catalogue.importing.combining import adding_up, later_counts
from workers.catalogue.importing.conventions import Conventions, parsers
from workers.catalogue.importing.dates import Evidence as DateEvidence
from workers.catalogue.importing.dates import Order
from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.fields import Form
from workers.catalogue.importing.importer import Progress, Report, write
from workers.catalogue.importing.kind import Combine, Expected, Kind, Scope
from workers.catalogue.importing.mapping import Cells, Mapper, Record
from workers.catalogue.importing.names import currency_mark_of, currency_of, printable, shown
from workers.catalogue.importing.numbers import Evidence as NumberEvidence
from workers.catalogue.importing.numbers import Mark
from workers.catalogue.importing.opening import Json, Opened, open_file
from workers.catalogue.importing.pausing import Pause, pausing
from workers.catalogue.importing.recognition import Header, Recognition
from workers.catalogue.importing.rules import Setting
from workers.catalogue.kinds import KINDS, PRODUCTS
from workers.catalogue.models import DEFAULT_CURRENCY
from workers.marketplaces.models import Connection

# Of the first reading, looked at together: the same ones come again and again. It takes a fifth of a millisecond.
MOST_CELLS = 200
NO_CURRENCY = (
    f"Neither the file nor the name of the marketplace says a currency: new products are in {DEFAULT_CURRENCY}. If "
    "that is wrong, send the file again with currency=, for example currency=EUR."
)


def time_zone(name: str) -> ZoneInfo:
    """Raises ValueError."""
    if (found := zones.find(name)) is None:
        raise ValueError(name)
    return found


class Owner(Protocol):
    """A tenant, as a row or as its keys see it."""

    @property
    def id(self) -> int: ...
    @property
    def timezone(self) -> str: ...


class Said(NamedTuple):
    """What the sender says of a file. None is not said."""

    marketplace: str
    json: Json | None = None
    charset: str | None = None
    delimiter: str | None = None
    decimal: Mark | None = None
    dates: Order | None = None
    sheet: str | None = None
    timezone: ZoneInfo | None = None
    date: datetime.date | None = None
    currency: str | None = None
    sku: str | None = None
    strict: bool = False
    keep_prices: bool = False
    dry_run: bool = False

    def given(self) -> dict[str, str]:
        """Fields that all rows have, as cells."""
        cells = {"sku": self.sku, "currency": self.currency, "date": self.date.isoformat() if self.date else None}
        return {name: cell for name, cell in cells.items() if cell is not None}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found of a file, and what became of its rows."""

    header: Header
    written: Mapping[str, str]
    conventions: Conventions
    ignored: list[str]
    warnings: list[str]
    report: Report


def kind_of(file: IO[bytes], said: Said) -> Kind[Any]:
    """What a file holds, by its columns. Raises FileError."""
    opened = _opened(file, said, None)
    opened.table.close()
    return opened.header.kind


def _opened(file: IO[bytes], said: Said, kind: Kind[Any] | None, pause: Pause | None = None) -> Opened:
    return open_file(
        file,
        Recognition(kind, KINDS, FORMATS, frozenset(said.given())),
        json=said.json,
        charset=said.charset,
        delimiter=said.delimiter,
        sheet=said.sheet,
        pause=pause,
    )


def import_file(
    owner: Owner,
    file: IO[bytes],
    said: Said,
    kind: Kind[Any] | None,
    *,
    expected: Expected | None = None,
    progress: Progress | None = None,
    pause: Pause | None = None,
) -> Outcome:
    """Import a file of this kind, or with None of the kind that its columns show.

    `expected` is handed from one import of a dry run to the next: what would be there by then counts as known.
    Raises FileError before anything is written.
    """
    opened = _opened(file, said, kind, pause)
    with closing(opened.table):
        return _import(owner, opened, said, expected, progress, pause)


def _import(
    owner: Owner,
    opened: Opened,
    said: Said,
    expected: Expected | None,
    progress: Progress | None,
    pause: Pause | None,
) -> Outcome:
    place = _place(owner, said)
    given = _given(opened.header, said)
    reading = Reading(opened, place.timezone, Setting(given, place.domain, now().astimezone(place.timezone)))
    marks = _marks(opened.header)
    conventions, marked = reading.survey(said, marks.get("price"), pause)
    # An export is known with all its columns, also with those that are not ours.
    if said.strict and opened.header.format is None and reading.mapper.ignored:
        raise FileError(_unknown(opened.header, reading.mapper.ignored))
    kind = opened.header.kind
    scope = Scope(
        owner.id,
        said.marketplace,
        place.currency or marked or DEFAULT_CURRENCY,
        said.dry_run,
        {} if expected is None else expected,
        now(),
        keep=frozenset({"price"}) if said.keep_prices and kind is PRODUCTS else frozenset(),
    )
    report = write(
        kind,
        scope,
        reading.records(),
        parsers(
            kind.fields,
            conventions,
            opened.header.format.advice if opened.header.format else {},
            marks,
        ),
        combine=_combine(opened.header),
        progress=progress,
        pause=pause,
    )
    warnings = _warnings(opened, said)
    currency_known = place.currency or marked or "currency" in opened.header.columns or "currency" in given
    if kind is PRODUCTS and report.imported and not currency_known:
        warnings.append(NO_CURRENCY)
    if len(channels := reading.mapper.channels) > 1:
        warnings.append(
            f"The file has orders of several marketplaces: {shown(channels)}. All of them were imported. Call a "
            "marketplace by its country, for example amazon_de, to import only its own."
        )
    return Outcome(opened.header, opened.table.written, conventions, list(reading.mapper.ignored), warnings, report)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rows of a file were sold: what they do not say themselves."""

    currency: str | None
    timezone: datetime.tzinfo
    domain: str | None


def _place(owner: Owner, said: Said) -> Place:
    """By the country of the marketplace's connection or name, and else as the tenant has it."""
    connected = Connection.objects.of(owner.id).filter(name=said.marketplace, connector="amazon")
    named = next(iter(connected.values_list("settings__country", flat=True)), None)
    country = country_of(said.marketplace, named)
    currency, domain = (country.currency, country.domain) if country else (None, None)
    # The country says whose days Amazon's reports have; a shop's days are its seller's.
    on_amazon = named is not None or said.marketplace.startswith("amazon")
    timezone = country.timezone if country and on_amazon else owner.timezone
    return Place(currency, said.timezone or zones.find_or_utc(timezone), domain)


def _given(header: Header, said: Said) -> dict[str, str]:
    """The fields that all rows have: as the sender says, or as the header does."""
    cells = {name: cell for name, cell in said.given().items() if name in header.kind.fields}
    if (currency := currency_of(header.names)) and "currency" in header.kind.fields:
        cells.setdefault("currency", currency)
    return cells


def _marks(header: Header) -> dict[str, str]:
    """The currency marks that the names of amounts have: of Price (EUR) and Cost ($) they are EUR and $."""
    amounts = {name: at[0] for name, at in header.columns.items() if header.kind.fields[name].form is Form.MONEY}
    marks = {name: mark for name, at in amounts.items() if (mark := currency_mark_of(header.names[at]))}
    return {name: mark for name, mark in marks.items() if currencies.marked(mark)}


@dataclass(slots=True)
class Reading:
    """The rows of an open file, as often as they are wanted."""

    opened: Opened
    timezone: datetime.tzinfo
    setting: Setting
    mapper: Mapper = field(init=False)
    """Of the last reading."""

    def records(self) -> Iterator[Record]:
        return self._mapper().records(self.opened.rows())

    def _mapper(self) -> Mapper:
        self.mapper = Mapper(self.opened.header, self.setting)
        return self.mapper

    def survey(self, said: Said, price_mark: str | None, pause: Pause | None) -> tuple[Conventions, str | None]:
        """How the file writes numbers and dates, and its currency if the marks beside its prices mean only one.

        From all its cells, unless the sender says it. `price_mark` stands beside the name of the column.
        """
        decimal, order = NumberEvidence(), DateEvidence()
        mapper = self._mapper()
        cells = Cells(set(), set(), set())
        for row in pausing(self.opened.rows(), pause):
            mapper.look(row, cells)
            if len(cells.numbers) + len(cells.dates) > MOST_CELLS:
                _learn(cells, decimal, order)
        _learn(cells, decimal, order)
        known = self.opened.header.format
        conventions = Conventions(
            decimal=said.decimal or decimal.mark,
            dates=said.dates or order.order or (Order(known.dates) if known and known.dates else None),
            # The seller's own days, unless somebody wants others.
            timezone=None if known and known.own_zone and not said.timezone else self.timezone,
            moments=order.moments or bool(known and known.moments),
        )
        if price_mark:
            decimal.currency_marks.add(price_mark)
        return conventions, currencies.all_marked(decimal.currency_marks)


def _learn(cells: Cells, decimal: NumberEvidence, order: DateEvidence) -> None:
    decimal.add(cells.numbers)
    decimal.add_marks(cells.prices)
    order.add(cells.dates)
    for each in cells:
        each.clear()


def _combine(header: Header) -> Combine:
    """What several rows of one key are together: the stock of several locations adds up."""
    if header.format and header.format.adds_up:
        return adding_up(header.format.adds_up)
    return header.kind.combine or later_counts


def _unknown(header: Header, ignored: Mapping[str, None]) -> str:
    near = "".join(f" Did you mean `{field}` by `{printable(name)}`?" for name, field in header.meant())
    return (
        f"There are unknown columns: {shown(ignored)}.{near} Known ones are {', '.join(header.kind.fields)}. "
        "Without strict=true, unknown columns are ignored."
    )


def _warnings(opened: Opened, said: Said) -> list[str]:
    """What the sender should look at, though nothing was refused for it."""
    header = opened.header
    found = [f"The column `{printable(name)}` was ignored. Did you mean `{field}`?" for name, field in header.meant()]
    encoding = opened.table.written.get("encoding", "utf-8")
    if not said.charset and not encoding.startswith("utf-"):
        found.append(
            f"The file is not UTF-8 and was read as {encoding}. If letters are wrong, name its charset in the "
            "Content-Type."
        )
    return found
