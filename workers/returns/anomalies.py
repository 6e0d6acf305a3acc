"""What stands out in a tenant's returns: ``find(panel)``, stateless, computed from the whole panel each time."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from workers.returns.panel import ReturnsPanel

Kind = Literal["rate_spike", "reason_shift", "new_defect_cluster", "serial_returner"]
Severity = Literal["high", "medium", "low"]


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
    """Units returned in the window (of the reason, the cluster, the buyer)."""
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


def find(panel: ReturnsPanel) -> list[Anomaly]:
    """Findings on the panel's last day, the most severe and costly first. Deterministic; [] for an empty panel."""
    raise NotImplementedError
