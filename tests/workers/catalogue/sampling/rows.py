"""The sample's rows, read as an import reads them."""

import csv
import io
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import TypeAlias

from workers.catalogue.sample import SEED, SampleRows, sample_rows

Cells: TypeAlias = dict[str, str]
LAST = date(2026, 3, 12)


def read(lines: Iterator[str]) -> list[Cells]:
    return list(csv.DictReader(io.StringIO("\n".join(lines)), strict=True))


@cache
def reviews() -> list[Cells]:
    """Of the demo's seed."""
    return read(_rows().reviews)


@cache
def returns() -> list[Cells]:
    return read(_rows().returns)


@cache
def sales() -> list[Cells]:
    return read(_rows().sales)


@cache
def listings() -> list[Cells]:
    return read(_rows().listings)


@cache
def competitor_listings() -> list[Cells]:
    return read(_rows().competitor_listings)


@cache
def keywords() -> list[Cells]:
    return read(_rows().keywords)


def _rows() -> SampleRows:
    return sample_rows(SEED, LAST)
