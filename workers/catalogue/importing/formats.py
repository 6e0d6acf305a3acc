"""What a known export is: data about its columns. Each is one value in a file of its own, in `catalogue.formats`.

Column names are compared as `names.normalised` makes them, so they are written here as the export has them. What is
said of a column that a file does not have is not applied to that file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Names = str | tuple[str, ...]
"""A column's name, or the names that it has in other languages and versions; of a field, the columns that it comes
from: the first one that is in the file and not empty."""


NO_AMOUNT = ("", "0", "0.0", "0.00", "0,00")
"""How a cell of a price says that there is none."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows that are no items: they are left out and named in the answer, and are no errors.

    A row is one if its cell of `column` (in lower case) is one of `values`. The empty text stands for an empty cell.
    """

    column: Names
    values: tuple[str, ...]
    reason: str
    """What such a row is, behind "The row": "is a cancelled order"."""
    contains: bool = False
    """Whether it is enough that the cell contains one of the values."""
    unless: bool = False
    """The other way round: a row is one if its cell is none of the values."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A cell of `column` that counts as empty where the cell of `by` (in lower case) is one of `values`.

    The stock of what is not counted is 0 in some exports, and says nothing.
    """

    column: Names
    by: Names
    values: tuple[str, ...]
    only: tuple[str, ...] = ()
    """The cells that say nothing; without any, all of them."""


@dataclass(frozen=True, slots=True)
class Period:
    """A price that is charged from `start` to `end`, both included: outside of it, its cell counts as empty.

    An empty start or end is open. Where both are in one column, its cells are start/end.
    """

    column: Names
    start: Names
    end: Names


@dataclass(frozen=True, slots=True)
class Inherits:
    """Cells that an export writes only once for several rows: an empty one is that of the row above.

    Rows belong together if they have the same value in the column `by`, or, with `marked`, as long as that column
    has that value (in lower case).
    """

    columns: tuple[Names, ...]
    by: Names = ""
    marked: tuple[Names, str] | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """Columns that are one field together, such as bullet_1 and bullet_2, or attribute.material and attribute.colour.

    The field reads a JSON object: the cells that are not empty, by their labels.
    """

    field: str
    name: str
    """A regular expression of their names, in any case. Its one group is the label."""
    label_in: str = ""
    """The column whose cell is the label instead, where {} stands for the group: Attribute {} name."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A field that is how many cells of `column` are not empty among the rows that follow each other and have one
    value in the column `by`."""

    field: str
    column: Names
    by: Names


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """One export of one marketplace or shop system."""

    name: str
    """As in the answer: amazon_all_listings."""
    title: str
    """As in a sentence: Amazon's All Listings report."""
    kind: str
    """The name of the kind of rows that it holds: products, sales, reviews, returns."""
    signature: tuple[Names, ...]
    """The columns by which it is recognised: all of them must be there. Of several formats that fit, the one with the
    longest signature is taken."""
    without: Names = ()
    """Columns that such a file does not have: with one of them it is another export."""
    also: bool = False
    """Whether such a file is something else first of all: it is this only for who asks for this kind of rows."""
    exact: bool = False
    """Whether it is recognised only in a file without other columns: those of the signature are everybody's words."""
    columns: Mapping[str, Names] = field(default_factory=dict)
    """From the fields of the kind to columns of the export."""
    series: tuple[Series, ...] = ()
    """Columns of the export that are one field together."""
    counted: Counted | None = None
    advice: Mapping[str, str] = field(default_factory=dict)
    """For fields that must not be empty, what the seller can do about an empty one: whole sentences."""
    skips: tuple[Skip, ...] = ()
    blanks: tuple[Blank, ...] = ()
    period: Period | None = None
    inherits: Inherits | None = None
    options: tuple[Names, ...] = ()
    """Columns whose values (Small, Blue) are put behind the title of a variant. Of cells such as
    Color=Blue|Size=Small or Name=Color|Value=Blue, the values."""
    channel: Names = ""
    """A column that names each row's marketplace by its domain, such as Amazon.de: rows of others are skipped."""
    adds_up: tuple[str, ...] = ()
    """Fields of which several rows of one SKU are added up, such as the stock of several locations."""
    locations_behind: Names = ""
    """The columns behind which every column is a location. The whole numbers there, added up, are the stock."""
    less: Mapping[str, Names] = field(default_factory=dict)
    """Fields from which a column is taken away, such as units sold and those that the buyer kept. A row where nothing
    is left is no item."""
    unsigned: tuple[str, ...] = ()
    """Fields whose sign says only that something came back."""
    derived: str = ""
    """The field that the kind makes of the others of a row, where the row does not have it."""
    quoted: bool = True
    """Whether cells may stand in quotation marks. Amazon's tab-separated reports use them as inch marks only."""
    dates: str = ""
    """What stands first in its dates, where the export always writes the same: day_first or month_first."""
    moments: bool = False
    """Whether its dates are moments, of which the marketplace's time zone decides the day."""
    own_zone: bool = False
    """Whether its moments are written in the seller's own time zone, so that their day is the day as written."""
    refused: str = ""
    """Why this cannot be imported, and what to send instead: whole sentences."""
