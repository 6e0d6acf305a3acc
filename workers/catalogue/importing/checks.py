"""Rules over a whole row, which several kinds share."""

from collections.abc import Iterable
from decimal import Decimal

from workers.catalogue import currencies
from workers.catalogue.importing.fields import Row


class FieldProblem(Exception):
    """A rule over a whole row that one of its fields breaks."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(f"{name} {message}")


def check_decimals(row: Row, names: Iterable[str]) -> None:
    """Refuse amounts that the row's currency has no coins for."""
    for name in names:
        amount = row.get(name)
        if isinstance(amount, Decimal) and not currencies.fits(amount, str(row["currency"])):
            raise FieldProblem(name, f"has more decimals than {row['currency']} allows")
