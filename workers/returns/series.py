"""A panel laid out by day: what each SKU sold on each day, and the returns that fall into these days."""

from dataclasses import dataclass

import numpy as np

from workers.returns.panel import NONE, Bools, Floats, Ints, ReturnsPanel, Sales

HISTORY = 365
"""Days looked back at most: what is older says little about today."""
WEEK = 7
SILENCE = 28
"""Days after its last sale for which a SKU counts as unsold. Then its sales may as well be missing."""
NEW = 14
"""A SKU first sold so many days after the tenant's first sale is new; earlier, it was probably sold before."""


@dataclass(frozen=True, slots=True)
class DailySeries:
    """(S, D) days up to the panel's last; column 0 is ``first``. Returns outside them are left out."""

    first: int
    """``date.toordinal()`` of column 0."""
    sold: Floats
    """(S, D) units sold; a week's are spread over its days."""
    start: Ints
    """(S,) first column with sales; D where there are none."""
    end: Ints
    """(S,) column after the last one up to which the sales are known; ``start`` where there are none."""
    is_new: Bools
    """(S,) whether nothing was sold before ``start``."""
    returns_known: int
    """Column from which returns are known: the day after the tenant's first return."""
    sku: Ints
    """(n,) of the returns."""
    column: Ints
    units: Floats
    reason: Ints
    cluster: Ints
    buyer: Ints

    @property
    def days(self) -> int:
        return int(self.sold.shape[1])


def lay_out(panel: ReturnsPanel) -> DailySeries:
    """The panel by day, from its first sale or return on."""
    days = [array[array <= panel.as_of] for array in (panel.sales.day, panel.returns.day)]
    earliest = min((int(array.min()) for array in days if array.size), default=panel.as_of)
    first = max(earliest, panel.as_of - HISTORY + 1)
    sold, start, end = _sold(panel, first)
    inside = (panel.returns.day >= first) & (panel.returns.day <= panel.as_of)
    returns = panel.returns
    sku, column = returns.sku[inside], returns.day[inside] - first
    beginning = start.min(initial=sold.shape[1])
    earlier = np.zeros(len(panel.skus), dtype=np.bool_)
    earlier[sku[column < start[sku]]] = True
    return DailySeries(
        first=first,
        sold=sold,
        start=start,
        end=end,
        is_new=(start - beginning >= NEW) & ~earlier,
        # That day itself is known by its return alone, so to count it would count returns without days.
        returns_known=int(days[1].min()) - first + 1 if days[1].size and int(days[1].min()) >= first else 0,
        sku=sku,
        column=column,
        units=returns.units[inside].astype(np.float64),
        reason=returns.reason[inside],
        cluster=returns.cluster[inside],
        buyer=returns.buyer[inside],
    )


def _sold(panel: ReturnsPanel, first: int) -> tuple[Floats, Ints, Ints]:
    n, days = len(panel.skus), panel.as_of - first + 1
    span = _spans(panel.sales, n)
    sold = np.zeros(n * days)
    start, last = np.full(n, days), np.full(n, -1)
    for offset in range(WEEK):
        column = panel.sales.day - first + offset
        rows = (column >= 0) & (column < days) & (offset < span) & (panel.sales.units > 0)
        sku, column = panel.sales.sku[rows], column[rows]
        sold += np.bincount(sku * days + column, panel.sales.units[rows] / span[rows], n * days)
        np.minimum.at(start, sku, column)
        np.maximum.at(last, sku, column)
    imported_until = int(last.max(initial=-1))
    end = np.where(last == NONE, start, np.minimum(last + SILENCE, imported_until) + 1)
    return sold.reshape(n, days), start, end


def _spans(sales: Sales, n: int) -> Ints:
    """(rows,) days that each row of sales stands for: 7 where its SKU's rows are whole weeks apart, else 1.

    A SKU with one row is taken to be like most others.
    """
    order = np.lexsort((sales.day, sales.sku))
    sku, day = sales.sku[order], sales.day[order]
    neighbours = np.diff(sku) == 0
    told, daily = np.zeros((2, n), dtype=np.bool_)
    told[sku[1:][neighbours]] = True
    daily[sku[1:][neighbours & (np.diff(day) % WEEK != 0)]] = True
    weekly = told & ~daily
    weekly[~told] = bool(told.any()) and weekly[told].mean() > 0.5
    return np.asarray(np.where(weekly, WEEK, 1)[sales.sku], dtype=np.int64)


def counts(rows: Ints, columns: Ints, units: Floats, shape: tuple[int, int]) -> Floats:
    """The matrix of sums of units per row and column."""
    total = np.bincount(rows * shape[1] + columns, units, shape[0] * shape[1])
    return np.asarray(total.reshape(shape), dtype=np.float64)
