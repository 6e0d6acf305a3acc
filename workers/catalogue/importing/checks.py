"""Rules over a whole row, which several kinds share."""

from collections.abc import Iterable
from decimal import Decimal

from workers.catalogue import currencies
from workers.catalogue.importing.fields import Amount, Row
from workers.catalogue.importing.names import printable

# In dinars 1.290 is an everyday price.
THREE_DECIMALS = 3


class FieldProblem(Exception):
    """A rule over a whole row that one of its fields breaks."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(f"{name} {message}")


class NoItem(Exception):
    """A row that turns out to be no item. The text is why, behind "The row"."""


def check_amounts(row: Row, names: Iterable[str]) -> None:
    """Round what floating point left, and refuse amounts with the mark of another currency, or too many decimals."""
    currency = str(row["currency"])
    check_marks(row, currency)
    for name in names:
        amount = row.get(name)
        if not isinstance(amount, Decimal):
            continue
        row[name] = amount = currencies.without_dust(amount, currency)
        if not currencies.fits(amount, currency):
            raise FieldProblem(name, f"has more decimals than {currency} allows")


def check_marks(row: Row, currency: str) -> None:
    """Refuse amounts with the mark of another currency, and those that have two readings in this one."""
    for name, amount in row.items():
        if not isinstance(amount, Amount):
            continue
        if amount.doubt and not (amount.with_point and currencies.decimals(currency) == THREE_DECIMALS):
            raise FieldProblem(name, amount.doubt)
        if amount.currency_mark and currency not in currencies.marked(amount.currency_mark):
            raise FieldProblem(
                name, f"is marked {printable(amount.currency_mark)}, but the currency of the product is {currency}"
            )
