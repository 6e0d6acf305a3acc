"""Which product a row means, where its file does not call it by its SKU."""

from collections.abc import Collection, Sequence

from workers.catalogue.importing.checks import FieldProblem
from workers.catalogue.importing.fields import Row
from workers.catalogue.importing.kind import Scope
from workers.catalogue.importing.names import printable, shown
from workers.catalogue.kinds.products import skus_named


class Naming:
    """Which SKU a row means, whatever it calls its product.

    `columns`: what may say it besides the SKU, the most exact one first. `rows`: what the rows are, as in reviews.
    """

    def __init__(self, scope: Scope, names: Collection[str], columns: Sequence[str], rows: str) -> None:
        self._marketplace = scope.marketplace
        self._skus = skus_named(scope, names)
        self._columns = columns
        self._instead = f"Or add a column sku to the file, or send the {rows} of one product at a time, with sku=…"
        self.skus = {*names, *(sku for skus in self._skus.values() for sku in skus)}

    def sku_of(self, row: Row) -> str:
        """Raises FieldProblem."""
        if row.get("sku"):
            return str(row["sku"])
        called = {name: str(row[name]) for name in self._columns if row.get(name)}
        for name, cell in called.items():
            skus = self._skus.get(cell, [])
            if len(skus) > 1:
                raise FieldProblem(name, f"is the external ID of several products: {shown(skus)}. {self._instead}")
            if skus:
                return skus[0]
        for name, cell in called.items():
            raise FieldProblem(
                name,
                f"{printable(cell)} is neither the external ID nor the SKU of a product of {self._marketplace}. "
                f"Import the product with it as external_id. {self._instead}",
            )
        empty = next((name for name in ("sku", *self._columns) if name in row), "sku")
        raise FieldProblem(empty, "must not be empty" if empty == "sku" else f"must not be empty. {self._instead}")
