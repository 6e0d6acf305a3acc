"""Figures of the anomalies of returns: ``python -m tests.benchmarks.return_anomalies [--long]``.

Prints one table: the days after which a rise of the return rate is found, beside the best possible test (a CUSUM that
knows both rates) and a weekly p-chart that knows the rate before, each at one false alarm per 1,000 SKU-weeks; false
alarms of a job that looks daily; and the time of 10,000 SKUs x 180 days. SKUs sell 20 units a day.
"""

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import comb

import numpy as np

from tests.workers.returns.simulate import World, alarms, first_alarms, gamma_lag, lagged, same_day
from workers.returns.anomalies import find
from workers.returns.panel import Floats, Ints

Row = tuple[str, str, str]

UNITS = 20
CHANGES = ((0.10, 0.20), (0.05, 0.15))
DAYS_PER_FALSE_ALARM = 7000
HORIZON = 30


def cusum(before: float, after: float, runs: int) -> Ints:
    """Days to the alarm of the CUSUM that knows both rates, its limit set by simulation."""
    rng = np.random.default_rng(1)
    up = np.log(after / before * (1 - before) / (1 - after))
    down = UNITS * np.log((1 - after) / (1 - before))

    def step(state: Floats, rate: float) -> Floats:
        return np.asarray(np.maximum(0.0, state + up * rng.binomial(UNITS, rate, len(state)) + down))

    def false_alarms(limit: float) -> int:
        state, found = np.zeros(5000), 0
        for _ in range(1000):
            state = step(state, before)
            found += int((state >= limit).sum())
            state[state >= limit] = 0.0
        return found

    limit = next(h for h in np.arange(5.0, 10.0, 0.1) if false_alarms(h) * DAYS_PER_FALSE_ALARM <= 5000 * 1000)
    state, first = np.zeros(runs), np.full(runs, HORIZON + 1)
    for _ in range(60):
        state = step(state, before)
    for day in range(1, HORIZON + 1):
        state = step(state, after)
        first[(state >= limit) & (first > HORIZON)] = day
    return first


def p_chart(before: float, after: float, runs: int) -> Ints:
    """Days to the alarm of a chart of weekly rates with its exact upper limit; the change comes on any weekday."""
    rng = np.random.default_rng(2)
    sold = 7 * UNITS
    tail = np.cumsum([comb(sold, k) * before**k * (1 - before) ** (sold - k) for k in range(sold + 1)][::-1])[::-1]
    limit = int(np.argmax(tail <= 7 / DAYS_PER_FALSE_ALARM))
    first, offset = np.full(runs, 15 * 7 + 1), rng.integers(0, 7, runs)
    for week in range(15):
        changed = UNITS * (7 - offset) if week == 0 else np.full(runs, sold)
        seen = rng.binomial(changed, after) + rng.binomial(sold - changed, before)
        day = 7 * (week + 1) - offset
        first = np.where((seen >= limit) & (first > 105), day, first)
    return first


def said(first: Ints) -> str:
    """``half after 9, nine of ten after 18 days``"""
    half, most = (int(np.quantile(first, share, method="higher")) for share in (0.5, 0.9))
    return f"half after {half}, nine of ten after {most if most <= HORIZON else f'more than {HORIZON}'} days"


def delays(skus: int) -> Iterator[Row]:
    """Days until a change is found."""
    for before, after in CHANGES:
        name = f"{before:.0%} to {after:.0%}"
        yield name, "both rates known: CUSUM", said(cusum(before, after, 10_000))
        yield name, "rate before known: weekly p-chart", said(p_chart(before, after, 10_000))
        for history in (180, 120, 60, 28):
            world = changed(skus, skus, history, before, after)
            yield (
                name,
                f"{history} days of history, all SKUs change",
                said(first_alarms(world, history, HORIZON, 180)),
            )
        few = skus // 5
        world = changed(skus, few, 120, before, after)
        first = first_alarms(world, 120, HORIZON, 180)[:few]
        yield name, f"120 days, {few} of {skus} SKUs change", said(first)
        alone = [
            first_alarms(changed(1, 1, 120, before, after, seed), 120, HORIZON, 180) for seed in range(skus // 4)
        ]
        yield name, "120 days, a tenant with one SKU", said(np.concatenate(alone))


def changed(skus: int, few: int, history: int, before: float, after: float, seed: int = 3) -> World:
    """A world in which the rate of the first few SKUs changes after the history."""
    rate = np.full((skus, history + HORIZON), before)
    rate[:few, history:] = after
    return same_day(np.random.default_rng(seed), np.full(rate.shape, UNITS), rate)


def steady(rng: np.random.Generator, skus: int, days: int) -> World:
    return same_day(rng, np.full((skus, days), UNITS), np.array(0.1))


def rare(rng: np.random.Generator, skus: int, days: int) -> World:
    return lagged(rng, rng.poisson(UNITS, (skus, days)), np.array(0.05), gamma_lag(12))


def doubled(rng: np.random.Generator, skus: int, days: int) -> World:
    level = np.where(np.arange(days) >= days - 50, 2, 1)
    return lagged(rng, rng.poisson(UNITS * level, (skus, days)), np.array(0.1), gamma_lag(12))


def seasonal(rng: np.random.Generator, skus: int, days: int) -> World:
    level = (1 + 0.6 * np.sin(2 * np.pi * np.arange(days) / 120)) * np.exp(np.arange(days) / 365)
    return lagged(rng, rng.poisson(UNITS * level, (skus, days)), np.array(0.1), gamma_lag(18))


def slow(rng: np.random.Generator, skus: int, days: int) -> World:
    return lagged(rng, rng.poisson(rng.uniform(0.05, 2, (skus, 1)), (skus, days)), np.array(0.1), gamma_lag(12))


def spread(rng: np.random.Generator, skus: int, days: int) -> World:
    return lagged(rng, rng.poisson(UNITS, (skus, days)), rng.beta(10, 90, (skus, days)), gamma_lag(12))


QUIET: dict[str, Callable[[np.random.Generator, int, int], World]] = {
    "10 %, returned on the day of the sale": steady,
    "5 %, returned after 12 days": rare,
    "10 %, after 12 days, sales double": doubled,
    "10 %, after 18 days, seasonal and growing sales": seasonal,
    "10 %, 0 to 2 units a day": slow,
    "rates that vary by the day (beta, 7 to 13 %)": spread,
}


def false_alarms(skus: int, weeks: int) -> Iterator[Row]:
    """Alarms where nothing changes, of a job that looks daily at 180 days."""
    for name, make in QUIET.items():
        world = make(np.random.default_rng(4), skus, 150 + 7 * weeks)
        found = alarms(world, 151, 180)
        kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(each.kind for each in found).items())
        yield "false alarms per 1,000 SKU-weeks", name, f"{1000 * len(found) / skus / weeks:.2f} ({kinds or 'none'})"


def speed() -> Row:
    """Time of one run on 10,000 SKUs x 180 days, and the peak memory of the process so far."""
    rng = np.random.default_rng(5)
    panel = lagged(rng, rng.poisson(3, (10_000, 180)), np.array(0.08), gamma_lag(12)).until(180)
    start, cpu = time.perf_counter(), time.process_time()
    find(panel)
    took, cpu = time.perf_counter() - start, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text = f"{took:.1f} s ({cpu:.1f} s of CPU), peak {peak:.0f} MB"
    return "time and memory", "10,000 SKUs x 180 days, 3 units a day", text


def main(argv: Sequence[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.return_anomalies", description=__doc__)
    parser.add_argument("--long", action="store_true", help="more SKUs and weeks: hours instead of minutes")
    skus, weeks = (1000, 52) if parser.parse_args(argv).long else (200, 8)

    def rows() -> Iterator[Row]:
        yield speed()
        yield from delays(skus)
        yield from false_alarms(skus, weeks)

    for figure, what, value in rows():
        print(f"{figure:<34} | {what:<48} | {value}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
