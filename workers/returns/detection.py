"""Has a rate risen, when is not known, and to what neither? One answer per stream of counts.

For each day that a change may have come after, and each ratio in ``RATIOS``, an e-value says how much better the
counts since then fit a rate so many times the earlier one than the earlier one itself. The earlier rate is unknown
too: its gamma posterior, from the history and the prior, is integrated out (the Bayes factor of two
negative-binomial predictions)::

    e = (ratio^k / (1 + f (ratio - 1))^K) ^ (1 / dispersion)

of ``k`` units since then, ``K`` in all (the prior's included), ``f`` the share of the units at risk that fell in
since then. Where there is no change, e is 1 on average. For Poisson counts that also holds whatever the rate: given
K, k is binomial with f. The sum over days and ratios is the Shiryaev–Roberts statistic of a mixture, an
e-detector (Shin, Ramdas and Rinaldo 2023): looked at daily, it reaches c no sooner than after c days on average.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from workers.returns.panel import Floats, Ints

REACH = 90
"""Days ago at most that a change is looked for; later it is history."""
RATIOS: Mapping[float, float] = {1.5: 0.25, 2.0: 0.35, 3.0: 0.3, 5.0: 0.1}
"""What a rate may have been multiplied by, and the weight of each."""
BLOCK = 500
"""Streams at a time, for the memory's sake."""
LARGEST = 600.0
"""Logarithm of the largest e-value told apart."""
SLACK = 2.0
"""The tail of the statistic over what renewal theory says: counts come in whole units and the earlier rate is not
known exactly. 1.1 to 1.9 in simulation."""
JUMP, MOST_JUMP = 0.45, 2.0
"""Fitted to simulation: single SKUs of known lag, each told its rate and dispersion by its own 120 to 180 days alone,
looked at daily for 240. They passed 8,750 days (in theory, 0.8 times in 1,000 weeks) 0.68 times at half a return a
day, 0.96 at one, 0.97 at two of 20 units, 1.12 at two of 40, 0.92 at three of 60, 0.42 at four of 20 (102,857
SKU-weeks each, two standard errors 0.2); what is not known of the lag makes it rarer still. Beyond two a day it would
depend on the rate: where few of many units come back, the statistic passes more often."""


@dataclass(frozen=True, slots=True)
class Streams:
    """Counts to look at: (n, D) by day, and (n,) figures of each."""

    sku: Ints
    """The row of the units at risk."""
    counts: Floats
    """(n, D), 0 where the units at risk are not known."""
    prior_returns: Floats
    """Strength of the prior: so many returns …"""
    prior_units: Floats
    """… of so many units."""
    dispersion: Floats
    """Variance of the counts over that of Poisson counts."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """(n,) what the streams say on their last day."""

    statistic: Floats
    """Sum of the e-values: around 1 for each day on which a change may have come, where there was none."""
    p_value: Floats
    """The chance, on any one day, of a statistic so large without a change."""
    since: Ints
    """The column of the first day of the likeliest window."""
    observed: Floats
    """Units returned in that window …"""
    units_at_risk: Floats
    """… of so many at risk, …"""
    usual_rate: Floats
    """… and the rate before it, the prior included."""
    daily: Floats
    """Units that come back on a day, over the dispersion: how far the statistic jumps in a day."""

    @property
    def expected(self) -> Floats:
        return self.usual_rate * self.units_at_risk


def evidence(streams: Streams, plausible: Sequence[Floats], ratios: Mapping[float, float] = RATIOS) -> Evidence:
    """The evidence under the least favourable of the ``plausible`` (S, D) units at risk; the first is the likely."""
    blocks = [_evidence(block, plausible, ratios) for block in _blocks(streams)]
    if not blocks:
        none = np.zeros(0)
        return Evidence(none, none, none.astype(np.int64), none, none, none, none)
    columns = (np.concatenate([getattr(block, field.name) for block in blocks]) for field in fields(Evidence))
    return Evidence(*columns)


def days_between(statistic: Floats, daily: Floats) -> Floats:
    """(n,) days, at least, that pass on average until a statistic is so large where there was no change.

    In theory as many as the statistic says; but it is looked at once a day and jumps over, the further the more come
    back in a day.
    """
    return np.asarray(statistic * np.exp(JUMP * np.minimum(daily, MOST_JUMP)))


def _blocks(streams: Streams) -> Iterator[Streams]:
    for low in range(0, len(streams.sku), BLOCK):
        yield Streams(*(getattr(streams, field.name)[low : low + BLOCK] for field in fields(Streams)))


def _evidence(streams: Streams, plausible: Sequence[Floats], ratios: Mapping[float, float]) -> Evidence:
    reach = min(REACH, streams.counts.shape[1])
    recent = _since(streams.counts, reach)
    total = streams.counts.sum(axis=1) + streams.prior_returns
    exposed = [array[streams.sku] for array in plausible]
    units = [_since(array, reach) for array in exposed]
    in_all = [array.sum(axis=1) + streams.prior_units for array in exposed]
    share = np.zeros_like(recent)
    for part, whole in zip(units, in_all, strict=True):
        np.maximum(share, part / np.maximum(whole, 1e-9)[:, None], out=share)
    likelihood = np.zeros_like(recent)
    for ratio, weight in ratios.items():
        log_e = recent * np.log(ratio) - total[:, None] * np.log1p(share * (ratio - 1))
        likelihood += weight * np.exp(np.minimum(log_e / streams.dispersion[:, None], LARGEST))
    statistic = likelihood.sum(axis=1)
    best = np.arange(len(total)), likelihood.argmax(axis=1)
    before = np.maximum(in_all[0] - units[0][best], 1e-9)
    daily = total / np.maximum(in_all[0], 1e-9) * units[0][:, 0] / reach / streams.dispersion
    return Evidence(
        statistic=statistic,
        p_value=np.minimum(_tail(daily, ratios) / np.maximum(statistic, 1e-9), 1.0),
        since=streams.counts.shape[1] - reach + best[1],
        observed=recent[best],
        units_at_risk=units[0][best],
        usual_rate=(total - recent[best]) / before,
        daily=daily,
    )


def _since(values: Floats, reach: int) -> Floats:
    """(n, reach) sums from each of the last columns to the end."""
    return np.asarray(np.cumsum(values[:, : -reach - 1 : -1], axis=1)[:, ::-1])


def _tail(daily: Floats, ratios: Mapping[float, float]) -> Floats:
    """(n,) the C in P(statistic >= c) = C / c, of ``daily`` expected counts.

    A Shiryaev–Roberts statistic is a perpetuity, (1 + it) × the day's likelihood ratio; by Kesten's and Goldie's
    theorem its tail is C / c with C = 1 / the information of a day. Markov's inequality bounds C by the days.
    """
    tail = np.zeros_like(daily)
    for ratio, weight in ratios.items():
        information = np.maximum(daily * (ratio * np.log(ratio) - ratio + 1), 1e-9)
        tail += weight * np.minimum(SLACK / information, REACH)
    return np.maximum(tail, 1.0)
