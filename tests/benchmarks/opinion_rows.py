"""Files with the reviews and returns of many shops, and with what those sell and sold: the sample's, seed by seed."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

from django.utils.timezone import localdate

from workers.catalogue.sample import sample_rows

# The sample's reviews have 17 words on average. These have about 75, a few a multiple of that: each goes on with what
# others wrote of the same thing with as many stars.
MEDIAN_WORDS, SPREAD = 46, 0.75

Cells = dict[str, str]
KEYS = ("sku", "return_id", "order_id", "buyer_id")


@dataclass(frozen=True, slots=True)
class Files:
    products: Path
    sales: Path
    reviews: Path
    returns: Path


class _Table:
    """CSV that is written a shop at a time, up to so many rows."""

    def __init__(self, path: Path, most: float = math.inf) -> None:
        self.path, self._most = path, most
        self.rows = 0

    @property
    def is_full(self) -> bool:
        return self.rows >= self._most

    def add(self, rows: Iterable[Cells]) -> None:
        with self.path.open("a", newline="", encoding="utf-8") as file:
            for cells in rows:
                if self.is_full:
                    return
                writer = csv.DictWriter(file, list(cells))
                if not self.rows:
                    writer.writeheader()
                writer.writerow(cells)
                self.rows += 1


def write_shops(folder: Path, rows: int) -> Files:
    """So many reviews and as many returns, of as many shops as that takes."""
    products, sales = _Table(folder / "products.csv"), _Table(folder / "sales.csv")
    reviews, returns = _Table(folder / "reviews.csv", rows), _Table(folder / "returns.csv", rows)
    last = localdate() - timedelta(days=1)
    said: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for seed in count():
        shop = sample_rows(seed, last)
        products.add(_of_shop(seed, shop.products))
        sales.add(_of_shop(seed, shop.sales))
        reviews.add(_longer(seed, shop.reviews, said))
        returns.add(_of_shop(seed, shop.returns))
        if reviews.is_full and returns.is_full:
            break
    return Files(products.path, sales.path, reviews.path, returns.path)


def _of_shop(seed: int, lines: Iterable[str]) -> Iterator[Cells]:
    """Rows whose keys no other shop has."""
    for cells in csv.DictReader(lines, strict=True):
        yield cells | {name: f"{seed}-{cells[name]}" for name in KEYS if name in cells}


def _longer(seed: int, lines: Iterable[str], said: defaultdict[tuple[str, str], list[str]]) -> Iterator[Cells]:
    """Reviews as long as real ones."""
    random = Random(seed)
    reviews = list(csv.DictReader(lines, strict=True))
    for cells in reviews:
        said[cells["sku"], cells["rating"]].append(cells["body"])
    for cells in reviews:
        wanted, body = random.lognormvariate(math.log(MEDIAN_WORDS), SPREAD), cells["body"]
        while len(body.split()) < wanted:
            body += " " + random.choice(said[cells["sku"], cells["rating"]])
        yield cells | {"sku": f"{seed}-{cells['sku']}", "body": body}
