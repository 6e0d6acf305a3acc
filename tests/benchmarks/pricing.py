"""Figures of the pricing mathematics: ``python -m tests.benchmarks.pricing [--csv sales.csv]``.

Prints one table: hold-out error against three simple models, wrong-signed elasticities, interval coverage,
calibration of both confidences on simulated demand, profit earned, and time and memory of 1,000 SKUs x 180 days.
``--csv`` takes the columns sku, date (ISO), price, units, promoted (0 … 1).
"""

import argparse
import csv
import itertools
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.workers.pricing.market import best_gain, constraints, outcomes, true_gain
from tests.workers.pricing.simulate import START, simulate
from workers.pricing import SalesPanel, fit, predict, recommend

Array = NDArray[np.float64]
Row = tuple[str, str, str]

OJ = Path(__file__).parents[3] / "shared" / "data" / "oj.csv"
EDGES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97, 1.01)
TENANTS = range(101, 107)
SKUS = 200
SCENARIOS: dict[str, dict[str, object]] = {
    "180 days": {},
    "180 days, slow sellers": {"volume": 0.7},
    "180 days, slow, Poisson": {"volume": 0.7, "noise": "poisson"},
    "56 days": {"periods": 56, "price_changes": 4.0},
    "8 weeks": {"periods": 8, "spacing": 7, "volume": 50.0, "price_changes": 3.0},
    "61 weeks, log-normal": {
        "periods": 61,
        "spacing": 7,
        "noise": "lognormal",
        "volume": 3000.0,
        "price_changes": 25.0,
    },
    "outliers 1 %": {"outliers": 0.01},
    "empty shelves 5 %": {"stockouts": 0.05, "volume": 20.0},
    "inelastic": {"mean_elasticity": -1.0, "sd_elasticity": 0.4},
    "steep": {"mean_elasticity": -4.0, "sd_elasticity": 1.2},
    "one price change": {"price_changes": 1.0},
}


def read_csv(path: Path) -> SalesPanel:
    """A panel from a file with the columns sku, date, price, units, promoted."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    _, sku = np.unique([row["sku"] for row in rows], return_inverse=True)
    day = np.array([date.fromisoformat(row["date"][:10]).toordinal() for row in rows])
    price, units, promoted = (np.array([float(row[name]) for row in rows]) for name in ("price", "units", "promoted"))
    return SalesPanel(sku.astype(np.int64), day, price, units, promoted, int(sku.max()) + 1)


def orange_juice() -> SalesPanel | None:
    """oj.csv as 249 weekly SKUs, or None where the file is absent.

    The file has no store or week, but is ordered by store, brand and week: the brand changes 249 times
    (83 stores x 3 brands) and series of one store are equally long. Weeks missing from it are closed up.
    """
    if not OJ.exists():
        return None
    with OJ.open(newline="") as file:
        series = [list(rows) for _, rows in itertools.groupby(csv.DictReader(file), key=lambda r: r["brand"])]
    sku = np.repeat(np.arange(len(series)), [len(rows) for rows in series])
    day = np.concatenate([START + 7 * np.arange(len(rows)) for rows in series])
    price, units, promoted = (
        np.array([float(row[name]) for rows in series for row in rows]) for name in ("price", "sales", "feat")
    )
    return SalesPanel(sku, day, price, units, promoted, len(series))


def panels(path: str | None) -> Iterator[tuple[str, SalesPanel]]:
    """The panels of the hold-out comparison."""
    if path:
        yield Path(path).name, read_csv(Path(path))
    juice = orange_juice()
    if juice is not None:
        yield "oj.csv, 249 series", juice
    for seed, level in ((5, 0.03), (6, 0.0)):
        yield (
            f"simulated 88 x 61 weeks, level sd {level}",
            simulate(
                seed,
                n_skus=88,
                periods=61,
                spacing=7,
                noise="lognormal",
                volume=3000.0,
                price_changes=30.0,
                price_sd=0.15,
                level_sd=level,
            ).panel,
        )
    yield "simulated 200 x 180 days", simulate(6, n_skus=200).panel


def select(sales: SalesPanel, which: NDArray[np.bool_]) -> SalesPanel:
    """Some rows of a panel."""
    return SalesPanel(
        sales.sku[which],
        sales.day[which],
        sales.price[which],
        sales.units[which],
        sales.promoted[which],
        sales.n_skus,
    )


def split(sales: SalesPanel, weeks: int | None) -> tuple[SalesPanel, SalesPanel, int]:
    """History (all, or the last ``weeks`` of it), the last 30 % of periods, and the day between."""
    days = np.unique(sales.day)
    cut = int(days[int(len(days) * 0.7) - 1])
    past = (sales.day <= cut) & (sales.day > cut - 7 * weeks if weeks else True)
    return select(sales, past), select(sales, sales.day > cut), cut


def wmape(true: Array, expected: Array) -> float:
    """Sum of absolute errors over sum of sales, where there is a forecast."""
    known = np.isfinite(expected)
    return float(np.abs(true - expected)[known].sum() / true[known].sum())


def rivals(past: SalesPanel, future: SalesPanel) -> tuple[dict[str, float], float]:
    """WMAPE of the mean, the pooled slope with fixed effects and OLS per SKU; share of OLS slopes >= 0.

    The last two on log units, half a unit added where there are zeros.
    """
    n = past.n_skus
    count = np.maximum(np.bincount(past.sku, minlength=n), 1)

    def means(values: Array) -> Array:
        return np.bincount(past.sku, weights=values, minlength=n) / count

    y = np.log(past.units + (0.5 if past.units.min() == 0 else 0.0))
    x, ahead = (np.c_[np.log(p.price), p.promoted] for p in (past, future))
    centre, level = np.c_[means(x[:, 0]), means(x[:, 1])], means(y)
    slope = np.linalg.lstsq(x - centre[past.sku], y - level[past.sku], rcond=None)[0]
    seen = np.bincount(past.sku, minlength=n) > 0
    level[~seen] = np.nan
    pooled = np.exp(level[future.sku] + (ahead - centre[future.sku]) @ slope)
    own, slopes = np.full(len(future.sku), np.nan), []
    for i in np.flatnonzero(seen):
        rows, to = past.sku == i, future.sku == i
        design = np.c_[np.ones(rows.sum()), x[rows]]
        theta = np.linalg.lstsq(design, y[rows], rcond=None)[0]
        if np.ptp(x[rows, 0]) > 1e-9:
            slopes.append(theta[1])
        own[to] = np.exp(np.clip(theta[0] + ahead[to] @ theta[1:], -25, 25))
    mean = np.where(seen, means(past.units), np.nan)[future.sku]
    errors = {"mean": wmape(future.units, mean), "pooled": wmape(future.units, pooled)}
    return {**errors, "OLS": wmape(future.units, own)}, float(np.mean(np.array(slopes) >= 0)) if slopes else 0.0


def hold_out(path: str | None) -> Iterator[Row]:
    """Rows of the hold-out comparison."""
    for name, sales in panels(path):
        for weeks in (None, 8):
            past, future, cut = split(sales, weeks)
            got = fit(past, cut)
            ours = wmape(future.units, predict(got, future.sku, future.day, future.price, future.promoted))
            other, wrong = rivals(past, future)
            rest = ", ".join(f"{k} {v:.3f}" if v < 10 else f"{k} explodes" for k, v in other.items())
            label = f"hold-out WMAPE, {f'{weeks} weeks of' if weeks else 'all'} history"
            yield label, name, f"ours {ours:.3f}; {rest}"
            yield (
                "  wrong-signed elasticities",
                name,
                f"ours {np.mean(got.elasticity >= 0):.1%}; OLS {wrong:.1%}",
            )


def buckets(confidence: Array, came_true: Array) -> str:
    """``said→came true (n)`` per bucket of at least 20."""
    cells = []
    for low, high in itertools.pairwise(EDGES):
        inside = (confidence >= low) & (confidence < high)
        if inside.sum() >= 20:
            cells.append(f"{confidence[inside].mean():.2f}→{came_true[inside].mean():.2f} ({inside.sum()})")
    return ", ".join(cells)


def simulated() -> Iterator[Row]:
    """Rows on bias, coverage, both calibrations and profit."""
    changes, holds = [], []
    for name, changed in SCENARIOS.items():
        error, covered, gain, possible = [], [], [], []
        for seed in TENANTS:
            truth = simulate(seed, n_skus=SKUS, **changed)  # type: ignore[arg-type]
            got = fit(truth.panel, truth.as_of_day)
            limits = constraints(truth.last_price, seed)
            advice = recommend(got, limits)
            said, gained, held, right = outcomes(truth, limits, advice)
            changes.append((said, gained))
            holds.append((held, right))
            error.append(got.elasticity - truth.elasticity)
            covered.append((got.elasticity_low <= truth.elasticity) & (truth.elasticity <= got.elasticity_high))
            gain.append(true_gain(truth, limits, advice.recommended_price).mean())
            possible.append(best_gain(truth, limits).mean())
        off = np.concatenate(error)
        yield (
            "elasticity",
            name,
            f"bias {off.mean():+.3f}, rmse {np.sqrt((off**2).mean()):.3f}, 90 % interval covers "
            f"{np.mean(covered):.1%}; profit {np.mean(gain):+.1%} of {np.mean(possible):+.1%} possible",
        )
    for label, pairs in (("changed", changes), ("held", holds)):
        said, true = (np.concatenate(part) for part in zip(*pairs, strict=True))
        yield f"confidence, {label} prices", "all scenarios, said→came true (n)", buckets(said, true)


def speed() -> Row:
    """Time of fit and recommend on 1,000 SKUs x 180 days, and the peak memory of the process so far."""
    truth = simulate(1, n_skus=1000)
    limits = constraints(truth.last_price)
    start = time.perf_counter()
    got = fit(truth.panel, truth.as_of_day)
    between = time.perf_counter()
    recommend(got, limits)
    end = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = f"fit {between - start:.2f} s, recommend {end - between:.2f} s, peak {peak:.0f} MB"
    return "time and memory", "1,000 SKUs x 180 days", text


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.pricing", description=__doc__)
    parser.add_argument("--csv", help="sales with the columns sku, date, price, units, promoted")
    arguments = parser.parse_args(argv)
    # Speed first: the peak memory is the process's, and later rows need more of it.
    for figure, data, value in itertools.chain([speed()], hold_out(arguments.csv), simulated()):
        print(f"{figure:<40} | {data:<42} | {value}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
