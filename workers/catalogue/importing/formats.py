"""What a known export is: data about its columns. Each is one value in a file of its own, in `catalogue.formats`.

Column names are compared as `names.normalised` makes them, so they are written here as the export has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

Names = str | tuple[str, ...]
"""A column's name, or the names that it has in other languages and versions; of a field, the columns that it comes
from: the first one that is in the file and not empty."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Rows that are no items: they are left out and named in the answer, and are no errors.

    A row is one if its cell of `column` (in lower case) is one of `values`. The empty text stands for an empty cell.
    """

    column: Names
    values: tuple[str, ...]
    reason: str
    """What such a row is, behind "The row": "is a cancelled order"."""


@dataclass(frozen=True, slots=True)
class Inherits:
    """Cells that an export writes only once for several rows: an empty one is that of the row above.

    Rows belong together if they have the same value in the column `by`, or, with `marked`, as long as that column
    has that value (in lower case).
    """

    columns: tuple[str, ...]
    by: str = ""
    marked: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """One export of one marketplace or shop system."""

    name: str
    """As in the answer: amazon_all_listings."""
    title: str
    """As in a sentence: Amazon's All Listings report."""
    kind: str
    """The name of the kind of rows that it holds: products, sales, offers, returns."""
    signature: tuple[Names, ...]
    """The columns by which it is recognised: all of them must be there. Of several formats that fit, the one with the
    longest signature is taken."""
    columns: Mapping[str, Names] = field(default_factory=dict)
    """From the fields of the kind to columns of the export."""
    skips: tuple[Skip, ...] = ()
    inherits: Inherits | None = None
    options: tuple[str, ...] = ()
    """Columns whose values (Small, Blue) are put behind the title of a variant."""
    channel: str = ""
    """A column that names each row's marketplace by its domain, such as Amazon.de: rows of others are skipped."""
    adds_up: tuple[str, ...] = ()
    """Fields of which several rows of one SKU are added up, such as the stock of several locations."""
    quoted: bool = True
    """Whether cells may stand in quotation marks. Amazon's tab-separated reports use them as inch marks only."""
    moments: bool = False
    """Whether its dates are moments, of which the marketplace's time zone decides the day."""
    refused: str = ""
    """Why this cannot be imported, and what to send instead: whole sentences."""
