"""Which columns of a file hold which fields: by the header of a known export, or by the columns' own names."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from typing import Any, NamedTuple

from workers.catalogue.currencies import CODES
from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.fields import Form
from workers.catalogue.importing.formats import Format, Names, Series
from workers.catalogue.importing.kind import Kind
from workers.catalogue.importing.names import LONGEST_NAME, close_to, normalised, printable, shown, without_facts
from workers.catalogue.importing.tables import MOST_COLUMNS


class Member(NamedTuple):
    """A column of a series: its label, or the column whose cells are that."""

    at: int
    label: str
    label_at: int | None


Positions = tuple[int, ...]
"""Of the columns that a field comes from: the first one that is not empty counts."""

# Of ignored columns, how many are compared with ours: each takes a tenth of a millisecond.
_MOST_COMPARED = 100
# Columns of one's own: an export that has them has read them.
_OWN_WORDS = ("sku", "price", "stock")
# Behind all names that a field has as they are.
_LAST = 1_000
# What a file is called that is no known export.
PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Header:
    """The columns of a file, and what they hold."""

    names: tuple[str, ...]
    kind: Kind[Any]
    format: Format | None
    columns: Mapping[str, Positions]
    """By field."""
    series: Mapping[str, Sequence[Member]]
    """By field, where several columns are it together."""

    @property
    def fields(self) -> set[str]:
        return {*self.columns, *self.series}

    @property
    def format_name(self) -> str:
        return self.format.name if self.format else PLAIN

    @property
    def is_whole(self) -> bool:
        """Whether the columns make new rows."""
        return not self.missing(()) and set(self.kind.table.needed) <= self.fields

    @property
    def matched(self) -> dict[str, str]:
        """For each field the columns it comes from, as the file names them."""
        places = {**self.columns, **{name: [each.at for each in members] for name, members in self.series.items()}}
        return {
            name: ", ".join(printable(self.names[at], LONGEST_NAME) for at in positions)
            for name, positions in places.items()
        }

    @property
    def ignored(self) -> list[str]:
        used = {at for positions in self.columns.values() for at in positions} | self.helping
        for members in self.series.values():
            used |= {at for each in members for at in (each.at, each.label_at) if at is not None}
        return [
            printable(name, LONGEST_NAME) for at, name in enumerate(self.names) if at not in used and name.strip()
        ]

    @property
    def helping(self) -> set[int]:
        """Columns that are no field's and yet decide about rows."""
        return (
            {at for names in _helping(self.format) for at in positions_of(names, self.names)}
            if self.format
            else set()
        )

    def missing(self, given: Collection[str]) -> list[str]:
        """The fields that are needed, and neither in the file nor given by its sender."""
        had = {*self.fields, *given, *([self.format.derived] if self.format else [])}
        return [" or ".join(group) for group in self.kind.required if had.isdisjoint(group)]

    def meant(self) -> list[tuple[str, str]]:
        """Ignored columns that are probably meant for a field: their names, and the field's.

        Of an export only for what sellers add to it: its other columns are not ours.
        """
        wanted = _OWN if self.format else tuple(self.kind.fields)
        open_fields = [name for name in wanted if name in self.kind.fields and name not in self.fields]
        compared = self.ignored[:_MOST_COMPARED]
        return [(name, close) for name in compared if (close := close_to(name, open_fields))]


def _helping(known: Format) -> list[Names]:
    names: list[Names] = [
        *(skip.column for skip in known.skips),
        *known.options,
        *known.less.values(),
        known.channel,
        known.locations_behind,
    ]
    names += [blank.by for blank in known.blanks]
    if known.period:
        names += [known.period.start, known.period.end]
    if known.inherits:
        names += [*known.inherits.columns, known.inherits.by]
        names += [known.inherits.marked[0]] if known.inherits.marked else []
    if known.counted:
        names += [known.counted.column, known.counted.by]
    return names


def _forms(header: Sequence[str]) -> Mapping[str, int]:
    """The columns by their normalised names; of two with one name the first. None of what is too wide."""
    return _forms_of(tuple(header)) if len(header) <= MOST_COLUMNS else {}


@lru_cache(maxsize=500)
def _forms_of(header: tuple[str, ...]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for at, name in enumerate(header):
        if name and len(name) <= LONGEST_NAME:
            found.setdefault(normalised(name), at)
    return found


def _all(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else names


def positions_of(names: Names, header: Sequence[str]) -> Positions:
    """Where the columns of these names are, in the order of the names."""
    forms = _forms(header)
    found = (forms.get(normalised(name)) for name in _all(names) if name)
    return tuple(dict.fromkeys(at for at in found if at is not None))


def of_format(header: Sequence[str], formats: Iterable[Format]) -> Format | None:
    """The known export that has this header: of several the one that asks for most."""
    forms = _forms(header)
    fitting = [each for each in formats if _fits(each, forms)]
    return max(fitting, key=lambda each: len(each.signature), default=None)


@cache
def _asked(known: Format) -> list[frozenset[str]]:
    return [frozenset(normalised(name) for name in _all(names)) for names in known.signature]


def _fits(known: Format, forms: Mapping[str, int]) -> bool:
    asked = _asked(known)
    others = {normalised(name) for name in _all(known.without)}
    if not all(names & forms.keys() for names in asked) or others & forms.keys():
        return False
    return not known.exact or forms.keys() <= set().union(*asked)


@cache
def _meanings(kind: Kind[Any]) -> dict[str, tuple[int, str]]:
    """The fields by what they may be called, and how good a name it is: the first are the fields' own."""
    found: dict[str, tuple[int, str]] = {}
    for field in kind.fields:
        for rank, name in enumerate((field, *kind.synonyms.get(field, ()))):
            # A field's own name means no other one.
            if rank == 0 or normalised(name) not in found:
                found[normalised(name)] = (rank, field)
    return found


def _meaning(form: str, meanings: Mapping[str, tuple[int, str]], kind: Kind[Any]) -> tuple[int, str] | None:
    """What a name means, as it is or without the currency or the tax that it names. Those come last."""
    if found := meanings.get(form):
        return found
    behind = _BEHIND.search(form)
    if behind is None or (len(behind[1]) == 3 and behind[1] != "ttc" and behind[1].upper() not in CODES):
        return None
    rank, field = meanings.get(form[: behind.start()], (0, ""))
    return (rank + _LAST, field) if field and kind.fields[field].form is Form.MONEY else None


def plain(header: Sequence[str], kind: Kind[Any]) -> Header:
    """The columns that are called like fields of the kind, or like their synonyms."""
    meanings = _meanings(kind)
    named = sorted(
        (*meaning, at) for form, at in _forms(header).items() if (meaning := _meaning(form, meanings, kind))
    )
    columns: dict[str, Positions] = {}
    for _, field, at in named:
        columns.setdefault(field, (at,))
    ordered = {field: columns[field] for field in kind.fields if field in columns}
    return Header(tuple(header), kind, None, ordered, _series(header, kind.series, ordered))


# What sellers add to an export, because marketplaces do not know it.
_OWN = ("cost", "min_price", "max_price", "map_price", "competitor_urls")
# Behind the name of an amount: price (USD), Preis in €, price incl. VAT. Signs of currencies are normalised away.
_BEHIND = re.compile(r"\s(?:in\s)?([a-z]{3}|in|incl(?:uding|usive)?\.? (?:vat|tax)|inkl mwst|ttc)$")


def exported(header: Sequence[str], kind: Kind[Any], known: Format) -> Header:
    own = {
        name: (*_all(known.columns.get(name, ())), name, *kind.synonyms.get(name, ()))
        for name in _OWN
        if name in kind.fields
    }
    named: dict[str, Names] = {**known.columns, **own}
    columns = {name: found for name, names in named.items() if (found := positions_of(names, header))}
    if locations := locations_of(known, header):
        columns["stock"] = locations
    return Header(tuple(header), kind, known, columns, _series(header, known.series, columns))


def _series(
    header: Sequence[str], series: Sequence[Series], columns: Mapping[str, Positions]
) -> Mapping[str, Sequence[Member]]:
    """Of fields that have no column of their own. Of two columns with one name the first counts."""
    found: dict[str, list[Member]] = {}
    asked = [each for each in series if each.field not in columns]
    for at in _forms(header).values() if asked else ():
        name = without_facts(header[at])
        matches = ((each, match) for each in asked if (match := _pattern(each.name).fullmatch(name)))
        for each, match in islice(matches, 1):
            found.setdefault(each.field, []).append(_member(each, match[1], at, header))
    return found


def _member(series: Series, label: str, at: int, header: Sequence[str]) -> Member:
    named = positions_of(series.label_in.format(label), header) if series.label_in else ()
    return Member(at, label, named[0] if named else None)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(name, re.IGNORECASE)


def locations_of(known: Format, header: Sequence[str]) -> Positions:
    """The columns of locations: all behind those that the format names."""
    before = positions_of(known.locations_behind, header)
    return tuple(range(max(before) + 1, len(header))) if before else ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """What a file may hold: the kinds that its sender asks for, among those that there are, and the known exports."""

    asked: Kind[Any] | None
    """None to find the kind by the columns."""
    kinds: Sequence[Kind[Any]]
    formats: Sequence[Format]
    given: frozenset[str] = frozenset()
    """Fields that the sender gives for all rows."""

    def score(self, names: list[str]) -> int:
        """How likely a row is the header: with all that is needed, or at least some columns of ours."""
        if self._known(names):
            return 1_000
        return max(self._score(plain(names, kind)) for kind in self._candidates)

    def _known(self, names: list[str]) -> Format | None:
        """The known export that this is. A table that says all itself, and more than the export, is a table."""
        asked = self.asked.name if self.asked else None
        known = of_format(names, [each for each in self.formats if not each.also or each.kind == asked])
        if known is None or known.refused:
            return known
        kind = self._kind_of(known)
        table, export = plain(names, kind), exported(names, kind, known)
        taken = {at for positions in export.columns.values() for at in positions}
        own = {at for name in _OWN_WORDS if name in kind.fields for at in positions_of(name, names)}
        says_more = not export.is_whole or not own <= taken
        return None if says_more and table.is_whole else known

    def _kind_of(self, known: Format) -> Kind[Any]:
        return next(kind for kind in self.kinds if kind.name == known.kind)

    @property
    def _candidates(self) -> Sequence[Kind[Any]]:
        return self.kinds if self.asked is None else [self.asked]

    def _score(self, header: Header) -> int:
        return len(header.fields) + (0 if header.missing(self.given) else 100)

    def header(self, names: list[str]) -> Header:
        """What the columns hold. Raises FileError where that cannot be imported, and says what to send instead."""
        if known := self._known(names):
            return self._exported(names, known)
        fitting = [plain(names, kind) for kind in self.kinds]
        best = max(fitting, key=self._score)
        header = best if self.asked is None else plain(names, self.asked)
        # Sales with a price and a SKU could be taken for prices of products.
        if not header.is_whole and not best.missing(self.given) and len(best.fields) > len(header.fields):
            raise FileError(f"The file seems to hold {_titled(best)}. {_send_to(best.kind)}")
        self._check(header)
        return header

    def _exported(self, names: list[str], known: Format) -> Header:
        if known.refused:
            raise FileError(f"This is {known.title}. {known.refused}")
        kind = self._kind_of(known)
        if self.asked is not None and kind is not self.asked:
            raise FileError(f"This is {known.title}, which holds {kind.documentation.rows}. {_send_to(kind)}")
        header = exported(names, kind, known)
        self._check(header)
        return header

    def _check(self, header: Header) -> None:
        if missing := header.missing(self.given):
            raise FileError(_missing(header, missing))
        twice = {name for name in header.matched.values() if _count(name, header.names) > 1}
        if twice:
            raise FileError(f"The header names a column twice: {shown(sorted(twice))}.")
        if not header.fields - {"sku"}:
            raise FileError(
                f"The file names no column besides the SKU. It may have {', '.join(header.kind.fields)}. "
                f"Its columns are: {shown(header.names)}."
            )


def _titled(header: Header) -> str:
    return f"{header.kind.documentation.rows}: it has the columns {shown(header.matched.values())}"


def _send_to(kind: Kind[Any]) -> str:
    return f"Send it to /api/catalogue/{kind.path}."


def _count(name: str, header: Sequence[str]) -> int:
    return [normalised(each) for each in header].count(normalised(name))


# What is not in some reports, and may be said beside them.
_GIVEN = {"date": "date=2026-03-12", "sku": "sku=…"}


def _missing(header: Header, missing: list[str]) -> str:
    of = f"This is {header.format.title}. " if header.format else ""
    near = "".join(f" Did you mean `{field}` by `{printable(name)}`?" for name, field in header.meant()[:3])
    alternatives = [name for group in missing for name in group.split(" or ")]
    given = "".join(
        f" If it is the same in all rows, send it as {_GIVEN[name]}." for name in alternatives if name in _GIVEN
    )
    found = shown(name for name in header.names if name.strip()) or "none"
    return f"{of}Columns are missing: {', '.join(missing)}.{near}{given} The columns that were found: {found}."
