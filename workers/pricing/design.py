"""The design of the demand model: which columns, from which days, in blocks of SKUs of similar length."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from workers.pricing.panel import Bools, Floats, Ints, SalesPanel

HISTORY_DAYS = 730
"""Older sales are left out: two yearly cycles are enough for the season, and memory stays bounded."""
YEAR_SPAN_DAYS = 400
"""A yearly cycle is fitted from here: below about one year and a month it cannot be told from a trend."""
HARMONICS = 2
"""Of the yearly cycle: a summer and a winter peak, no more, or it fits promotions."""
WEEKDAYS = 7
SEGMENT_DAYS = 28.0
"""The level of a SKU bends at most once in this time (piecewise linear random walk)."""
MOST_SEGMENTS = 14
"""A year in segments of four weeks; longer histories get longer segments, or their cost grows with the cube."""
BLOCK_CELLS = 40_000
"""SKUs x observations handled at once: about 10 MB of design matrix."""

INTERCEPT, PRICE, PROMO, FIXED = 0, 1, 2, 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns the design has. Order: intercept, log price, promoted, weekday, year, level segments."""

    span_days: int
    """From the first observation used to the end of its SKU's history, at most."""
    has_weekday: bool
    has_year: bool

    @property
    def weekday(self) -> slice:
        """Columns of the six orthonormal weekday contrasts."""
        return slice(FIXED, FIXED + (WEEKDAYS - 1) * self.has_weekday)

    @property
    def year(self) -> slice:
        """Columns of the yearly sines and cosines."""
        start = self.weekday.stop
        return slice(start, start + 2 * HARMONICS * self.has_year)

    @property
    def segment_days(self) -> float:
        """Length of a segment of the level."""
        return max(SEGMENT_DAYS, self.span_days / MOST_SEGMENTS)

    @property
    def level(self) -> slice:
        """Columns of the random-walk level: one per segment back from the end of a SKU's history."""
        segments = int(np.ceil(self.span_days / self.segment_days))
        return slice(self.year.stop, self.year.stop + segments)

    @property
    def swing(self) -> slice:
        """Columns of the passing swings of the level: one per end of a segment."""
        segments = self.level.stop - self.level.start
        return slice(self.level.stop, self.level.stop + (segments + 1) * (segments > 0))

    @property
    def width(self) -> int:
        """Number of columns."""
        return int(self.swing.stop)


def weekday_contrasts() -> Floats:
    """(7, 6) columns summing to zero over a week, scaled to unit variance over the week's days."""
    basis, _ = np.linalg.qr(np.hstack([np.ones((WEEKDAYS, 1)), np.eye(WEEKDAYS)[:, 1:]]))
    return np.asarray(basis[:, 1:] * np.sqrt(WEEKDAYS), dtype=np.float64)


def season_columns(days: Ints, layout: Layout) -> Floats:
    """(n, columns) weekday, as for a daily SKU, and year: what depends on the day alone."""
    columns = [np.empty((len(days), 0))]
    if layout.has_weekday:
        columns.append(weekday_contrasts()[days % WEEKDAYS])
    if layout.has_year:
        angle = 2 * np.pi * days[:, None] / 365.25 * np.arange(1, HARMONICS + 1)
        columns.append(np.hstack([np.sin(angle), np.cos(angle)]))
    return np.hstack(columns)


def level_columns(days_back: Ints, layout: Layout) -> Floats:
    """(n, columns) level and swing, by the days before the end of the SKU's history; negative ones are ahead of it.

    The level is written backwards: its columns are 0 from that end on, so that the intercept is the level at the end
    of history and a forecast continues from there.
    """
    back = days_back[:, None] / layout.segment_days
    segments = np.arange(layout.level.stop - layout.level.start)
    level = np.clip(back - segments, 0.0, 1.0)
    swing = np.maximum(1 - np.abs(back - np.arange(layout.swing.stop - layout.swing.start)), 0.0)
    return np.hstack([level, swing])


@dataclass(frozen=True, slots=True)
class History:
    """Observations used, sorted by SKU and day, with what is known of each SKU before any fitting."""

    panel: SalesPanel
    days_back: Ints
    """(n,) of each observation, before the end of its SKU's history."""
    start: Ints
    """(S,) first row of each SKU."""
    count: Ints
    """(S,) rows of each SKU."""
    period_days: Floats
    """(S,) median gap between observations, 1 where there is only one."""
    daily: Bools
    """(S,) whether the weekday means anything for the SKU."""
    reference_price: Floats
    """(S,) last price; NaN without observations."""
    mean_units: Floats
    """(S,) mean units per period; where nothing was sold, what half a sale in all would give."""
    grain: Floats
    """(S,) the quantum the SKU is counted in: smallest gap between its distinct sales volumes, 0 included."""
    layout: Layout


def _grains(sku: Ints, units: Floats, n_skus: int) -> Floats:
    """(n_skus,) smallest gap between distinct volumes of a SKU, 0 counted as one of them; 1 if all are 0.

    Sales come in pieces (or in cartons of 64 oz), and counting noise is that of the pieces. Taking the piece
    from the data makes the fit independent of the unit sales are expressed in.
    """
    order = np.lexsort((units, sku))
    sku, units = sku[order], units[order]
    first = np.r_[True, sku[1:] != sku[:-1]] if len(sku) else np.zeros(0, dtype=bool)
    gap = units - np.where(first, 0.0, np.r_[0.0, units[:-1]])[: len(units)]
    grain = np.full(n_skus, np.inf)
    # Gaps of rounding size are no gaps: volumes such as 8255.99999982 occur in real files.
    real = gap > 1e-6 * units
    np.minimum.at(grain, sku[real], gap[real])
    return np.where(np.isfinite(grain), grain, 1.0)


def _median_gaps(sku: Ints, day: Ints, n_skus: int) -> Floats:
    """(n_skus,) median days between successive observations of a SKU; 1 where there are none."""
    same = sku[1:] == sku[:-1]
    gap_sku, gap = sku[1:][same], np.diff(day)[same]
    order = np.lexsort((gap, gap_sku))
    gap = gap[order]
    count = np.bincount(gap_sku, minlength=n_skus)
    start = np.cumsum(count) - count
    median = np.ones(n_skus)
    known = count > 0
    median[known] = gap[start[known] + (count[known] - 1) // 2]
    return np.maximum(median, 1.0)


def is_daily(period_days: Floats, count: Ints) -> Bools:
    """(S,) whether weekdays can be told apart: every second day still walks through all of them, weekly data
    show one, and a week of days shows each once."""
    return np.asarray((period_days < 4) & (count > WEEKDAYS), dtype=np.bool_)


def prepare(panel: SalesPanel, as_of_day: Ints) -> History:
    """Sort and cut the panel to the history used, and decide the columns of the design.

    ``as_of_day`` (S,) ends each SKU's history, so that no SKU's dates decide which days of another count.
    """
    days_back = as_of_day[panel.sku] - panel.day
    used = (days_back >= 0) & (days_back < HISTORY_DAYS)
    order = np.flatnonzero(used)[np.lexsort((panel.day[used], panel.sku[used]))]
    kept = SalesPanel(
        sku=panel.sku[order],
        day=panel.day[order],
        price=panel.price[order],
        units=panel.units[order],
        promoted=panel.promoted[order],
        n_skus=panel.n_skus,
    )
    count = np.bincount(kept.sku, minlength=kept.n_skus)
    start = np.cumsum(count) - count
    some = count > 0
    reference = np.full(kept.n_skus, np.nan)
    reference[some] = kept.price[(start + count - 1)[some]]
    grain = _grains(kept.sku, kept.units, kept.n_skus)
    total = np.bincount(kept.sku, weights=kept.units, minlength=kept.n_skus)
    period = _median_gaps(kept.sku, kept.day, kept.n_skus)
    daily = is_daily(period, count)
    span = int(days_back[order].max(initial=0))
    layout = Layout(span, bool(daily.any()), span >= YEAR_SPAN_DAYS)
    mean = np.where(total > 0, total, 0.5 * grain) / np.maximum(count, 1)
    return History(kept, days_back[order], start, count, period, daily, reference, mean, grain, layout)


@dataclass(frozen=True, slots=True)
class Block:
    """Some SKUs (B of them) with their observations padded to one length T."""

    skus: Ints
    """(B,)"""
    valid: Bools
    """(B, T) False where padded."""
    units: Floats
    """(B, T)"""
    x: Floats
    """(B, T, width) design; 0 where padded."""


def blocks(history: History) -> Iterator[Block]:
    """The SKUs with observations in blocks, longest together, so that padding costs little."""
    panel, layout = history.panel, history.layout
    days, place = np.unique(panel.day, return_inverse=True)
    season, level = season_columns(days, layout), level_columns(np.arange(layout.span_days + 1), layout)
    order = np.argsort(-history.count, kind="stable")
    order = order[history.count[order] > 0]
    at = 0
    while at < len(order):
        longest = int(history.count[order[at]])
        skus = order[at : at + max(1, BLOCK_CELLS // longest)]
        at += len(skus)
        step = np.arange(longest)
        valid = step < history.count[skus][:, None]
        rows = np.where(valid, history.start[skus][:, None] + step, history.start[skus][:, None])
        x = np.empty((*rows.shape, layout.width))
        x[..., INTERCEPT] = 1.0
        x[..., PRICE] = np.log(panel.price[rows] / history.reference_price[skus][:, None])
        x[..., PROMO] = panel.promoted[rows]
        x[..., FIXED : layout.level.start] = season[place[rows]]
        x[..., layout.level.start :] = level[history.days_back[rows]]
        x[..., layout.weekday] *= history.daily[skus][:, None, None]
        x *= valid[..., None]
        yield Block(skus, valid, np.where(valid, panel.units[rows], 0.0), x)
