"""Figures of the anomalies of returns: ``python -m tests.benchmarks.return_anomalies [--long]``.

Prints one table: the days after which a rise of the return rate is found, beside the best possible test (a CUSUM that
knows both rates), the best that knows by how much the rate rises and has to learn from the history what it was, and a
weekly p-chart that knows the rate before, each at one false alarm per 1,000 SKU-weeks; false alarms of a job that
looks daily; and the time of 10,000 SKUs x 180 days. SKUs sell 20 units a day.
"""

import argparse
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import comb

import numpy as np

from tests.workers.returns.simulate import World, alarms, alone, first_alarms, gamma_lag, lagged, same_day
from workers.returns.anomalies import Anomaly, find
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


def learned(before: float, after: float, history: int, runs: int) -> Ints:
    """Days to the alarm of the CUSUM that knows the odds ratio only, its limit set by simulation.

    Given all returns so far, those since a day are hypergeometric where nothing changed, whatever the rate, and
    Fisher's noncentral hypergeometric where it did: the ratio of the two is what is left to go by without the rate.
    """
    rng = np.random.default_rng(6)
    rate = np.full(history + HORIZON, before)
    quiet = _ratios(rng.binomial(UNITS, rate, (2 * runs, len(rate))), before, after, history)
    rate[history:] = after
    changed = _ratios(rng.binomial(UNITS, rate, (runs, len(rate))), before, after, history)

    def false_alarms(limit: float) -> int:
        above = quiet >= limit
        recent = np.stack([above[:, max(day - 7, 0) : day].any(axis=1) for day in range(HORIZON)], axis=1)
        return int((above & ~recent).sum())

    allowed = quiet.size / DAYS_PER_FALSE_ALARM
    limit = next(h for h in np.arange(5.0, 10.0, 0.1) if false_alarms(h) <= allowed)
    found = changed >= limit
    return np.where(found.any(axis=1), found.argmax(axis=1) + 1, HORIZON + 1)


def _ratios(returned: Ints, before: float, after: float, history: int) -> Floats:
    """(runs, HORIZON) of each day, the largest logarithm of a likelihood ratio, over the days since when."""
    odds = np.log(after / (1 - after) * (1 - before) / before)
    found = np.empty((len(returned), HORIZON))
    for day in range(HORIZON):
        days = history + day + 1
        in_all = returned[:, :days].sum(axis=1)
        since = np.cumsum(returned[:, days - 1 :: -1][:, : 2 * HORIZON], axis=1)[:, : days - 1]
        usual = [_expected_odds(days, window + 1, in_all, odds) for window in range(since.shape[1])]
        found[:, day] = (since * odds - np.stack(usual, axis=1)).max(axis=1)
    return found


def _expected_odds(days: int, window: int, in_all: Ints, odds: float) -> Floats:
    """(runs,) logarithm of E exp(odds × J), where J of ``in_all`` returns of ``days`` fall into the window."""
    total, of = np.unique(in_all, return_inverse=True)
    inside = np.arange(total.max() + 1)
    term = _choices(UNITS * window, inside) + _choices(UNITS * (days - window), total[:, None] - inside)
    with np.errstate(under="ignore"):
        each = np.exp(term + odds * inside - _choices(UNITS * days, total)[:, None])
    return np.asarray(np.log(each.sum(axis=1))[of])


FACTORIALS = np.cumsum(np.log(np.maximum(np.arange(10_000), 1)))


def _choices(of: int, chosen: Ints) -> Floats:
    """Logarithms of binomial coefficients; -inf where they are 0."""
    possible = (chosen >= 0) & (chosen <= of)
    some = np.where(possible, chosen, 0)
    return np.where(possible, FACTORIALS[of] - FACTORIALS[some] - FACTORIALS[of - some], -np.inf)


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
                said(first_alarms(world, history, range(1, HORIZON + 1), 180)),
            )
        few = skus // 5
        world = changed(skus, few, 120, before, after)
        first = first_alarms(world, 120, range(1, HORIZON + 1), 180)[:few]
        yield name, f"120 days, {few} of {skus} SKUs change", said(first)
        for history in (120, 28):
            best = learned(before, after, history, 5000)
            yield name, f"rate learned from {history} days: CUSUM", said(best)
            worlds = [changed(1, 1, history, before, after, seed) for seed in range(2 * skus)]
            first = np.concatenate([first_alarms(world, history, range(1, HORIZON + 1), 180) for world in worlds])
            yield name, f"{history} days, a tenant with one SKU", said(first)


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


def alone_rare(rng: np.random.Generator, skus: int, days: int) -> World:
    return same_day(rng, np.full((skus, days), UNITS), np.array(0.05))


def alone_late(rng: np.random.Generator, skus: int, days: int) -> World:
    world = lagged(rng, np.full((skus, days + 60), UNITS), np.array(0.1), gamma_lag(12))
    return World(world.sold[:, 60:], world.returned[:, 60:])


def alone_spread(rng: np.random.Generator, skus: int, days: int) -> World:
    rate = rng.beta(10, 90, (skus, days + 60))
    world = lagged(rng, np.full(rate.shape, UNITS), rate, gamma_lag(12))
    return World(world.sold[:, 60:], world.returned[:, 60:])


ALONE: dict[str, Callable[[np.random.Generator, int, int], World]] = {
    "10 %, returned on the day of the sale": steady,
    "5 %, returned on the day of the sale": alone_rare,
    "10 %, returned after 12 days": alone_late,
}
VARYING = {"rates that vary by the day (beta, 7 to 13 %)": alone_spread}
"""Over weeks they vary more than Poisson counts, which 120 days of a single SKU cannot tell: more alarms."""


def false_alarms(skus: int, weeks: int) -> Iterator[Row]:
    """Alarms where nothing changes, of a job that looks daily at 180 days."""
    for name, make in QUIET.items():
        world = make(np.random.default_rng(4), skus, 150 + 7 * weeks)
        yield "false alarms per 1,000 SKU-weeks", name, raised(alarms(world, 151, 180), skus * weeks)
    for history, longer in ((120, 5 * weeks), (28, 4)):
        for name, make in (ALONE | VARYING).items():
            world = make(np.random.default_rng(4), skus, history + 7 * longer)
            found = alarms(world, history + 1, 180, alone)
            yield f"the same, one SKU, {history} days", name, raised(found, skus * longer)


def raised(found: Sequence[Anomaly], weeks: int) -> str:
    """``0.42 of 4,800 (2 rate_spike)``"""
    kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(each.kind for each in found).items())
    return f"{1000 * len(found) / weeks:.2f} in {weeks:,} ({kinds or 'none'})"


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
