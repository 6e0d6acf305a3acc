"""What the sample's parts share: its products, what they sold on which day, and what has gone wrong lately."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

DAYS = 180

# What the jobs are to find. Reviews say that the lid breaks, for so many days.
BREAKING, BREAKING_DAYS = "SKU-008", 28
# A bad batch, sold for so many days: the lamp flickers.
FLICKERING, FLICKERING_DAYS = "SKU-019", 20
# A new supplier, whose oven gloves are too small.
SHRUNK, SHRUNK_DAYS = "SKU-015", 60
# Somebody who sends back most of what they buy, in so many days.
SERIAL_RETURNER, SERIAL_DAYS = "C-40417", 75


@dataclass(frozen=True, slots=True)
class Item:
    sku: str
    title: str
    brand: str
    category: str
    price: float
    cost: float
    base: float
    elasticity: float


@dataclass(frozen=True, slots=True)
class History:
    """What a product cost and sold on each day, the oldest first."""

    item: Item
    prices: list[float]
    promoted: list[bool]
    units: list[int]

    def sold_units(self) -> Iterator[int]:
        """The number of the day for each unit that was sold."""
        for day, units in enumerate(self.units):
            for _ in range(units):
                yield day


def is_lately(day: int, days: int) -> bool:
    """Whether the day is one of the last `days`."""
    return day >= DAYS - days


def date_of(day: int, last: date) -> date:
    """The date of a day by its number, where `last` is that of the last one."""
    return last - timedelta(days=DAYS - 1 - day)


def csv_line(*cells: object) -> str:
    """Cells as a line of CSV, or as several lines where a cell has them."""
    text = io.StringIO()
    # Cells with line breaks are quoted only where lines end with them.
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().removesuffix("\n")
