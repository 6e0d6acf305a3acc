"""One finding about returns, and which of many tests are findings: false alarms over time, and of one run."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from workers.returns.panel import Floats, Ints

Kind = Literal["rate_spike", "reason_shift", "new_defect_cluster", "serial_returner"]
Severity = Literal["high", "medium", "low"]

DISCOVERIES = 0.10
"""The share of false ones among the findings of a run, at most, on average."""
FALSE_ALARMS = 1 / 7000
"""False alarms per SKU and day, at most: one in 1,000 weeks, of all kinds together, looked at daily."""
SHARES = {"total": 0.8, "reason": 0.2, "shift": 0.08, "cluster": 0.1, "category": 0.02}
"""How a SKU's tests share its false alarms, and its false discoveries. They add up to more than 1, as all but that of
the rate raise a third of their share at most, in simulation."""


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One finding. Units are units of the product; rates are shares of the units at risk (0 … 1)."""

    kind: Kind
    severity: Severity
    sku: str | None
    """None: over all SKUs (a reason), or a buyer."""
    reason: str | None
    """None: all reasons together. Of a ``reason_shift``: the reason that gained most."""
    cluster: str | None
    buyer: str | None
    compared_with: Literal["history", "category", "buyers"]
    since: date
    """First day of the window in which it stands out (inclusive)."""
    until: date
    """Last day of the window (inclusive): the day up to which was looked."""
    observed: int
    """Units returned in the window (of the reason, the buyer). Of ``reason_shift`` and ``new_defect_cluster``:
    returns, whatever their units."""
    expected: float
    """What the history (the category, the other buyers) let expect in the window."""
    units_at_risk: float | None
    """Units sold whose returns fall due in the window. None without sales, and for ``reason_shift`` and buyers."""
    rate: float | None
    """Observed rate in the window; of a ``reason_shift``: the reason's share of the returns. None for buyers and
    without sales."""
    usual_rate: float | None
    """The rate (share) that was to be expected."""
    p_value: float
    """Of this test alone, on this day."""
    q_value: float
    """The least false discovery rate, over all tests of the run, at which it is still a finding."""
    excess_units: float
    """``observed - expected``, not below 0."""
    expected_cost: float | None
    """``excess_units`` × the cost of one return; None where the cost is not known."""
    sentence: str
    """One sentence for the seller, without the cost."""


@dataclass(frozen=True, slots=True)
class Tested:
    """All tests of one kind, and those that raise an alarm in themselves."""

    group: Ints
    """(n,) what each test is about: the SKU's index, say."""
    level: Floats
    """(n,) p-values over their share of the group: the least of a group's is the group's p-value."""
    alarms: Sequence[tuple[int, Anomaly]]
    """Index of the test, and the finding without its q-value and severity."""


def discoveries(tested: Sequence[Tested], groups: int) -> list[Anomaly]:
    """The alarms that hold among all the run's tests, with their q-values.

    Benjamini and Hochberg's procedure over groups, then inside the chosen groups at the level that chose them
    (Benjamini and Bogomolov 2014): many reasons of one SKU are no ground to doubt another.
    """
    smallest = np.ones(groups)
    for each in tested:
        np.minimum.at(smallest, each.group, np.minimum(each.level, 1.0))
    ordered = np.sort(smallest)
    adjusted = np.minimum.accumulate((ordered * groups / np.arange(1, groups + 1))[::-1])[::-1]
    found = []
    for each in tested:
        for index, anomaly in each.alarms:
            q_value = _q_value(float(each.level[index]), ordered, adjusted)
            if q_value <= DISCOVERIES:
                found.append(replace(anomaly, q_value=q_value, severity=_severity(anomaly, q_value)))
    return found


def _q_value(level: float, ordered: Floats, adjusted: Floats) -> float:
    """Of a test at this level, in a group that is itself at most at this level."""
    rank = max(int(np.searchsorted(ordered, level, side="right")), 1)
    later = float(adjusted[rank]) if rank < len(adjusted) else 1.0
    return float(min(level * len(ordered) / rank, later, 1.0))


def _severity(anomaly: Anomaly, q_value: float) -> Severity:
    """High: at least twice what was expected, and all but certain. Low: little more, or less sure than 1 in 100."""
    ratio = anomaly.observed / max(anomaly.expected, 1e-9)
    if q_value > 0.01 or ratio < 1.5:
        return "low"
    return "high" if ratio >= 2 and q_value <= 0.001 else "medium"
