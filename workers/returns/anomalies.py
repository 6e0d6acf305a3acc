"""What stands out in a tenant's returns: ``find(panel)``, stateless, computed from the whole panel each time.

A finding passes two tests. Its own, set so that a job that looks every day raises at most one false alarm in 1,000
weeks per SKU; and that of the run, so that at most a tenth of the findings of a run are false on average, whatever
the number of SKUs, reasons and complaints (``findings.discoveries``; SKUs, reasons over all SKUs, and buyers are
one family of tests each). Expected costs are the excess units so far × the cost of one returned unit.
"""

from workers.returns.basis import Basis, prepare
from workers.returns.buyers import serial_returners
from workers.returns.clusters import new_defect_clusters
from workers.returns.findings import Anomaly, Kind, Severity, Tested, discoveries
from workers.returns.mixes import reason_shifts
from workers.returns.panel import ReturnsPanel
from workers.returns.spikes import above_categories, of_reasons, of_skus, over_all

__all__ = ["Anomaly", "Kind", "Severity", "find"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")


def find(panel: ReturnsPanel) -> list[Anomaly]:
    """Findings on the panel's last day, the most severe and costly first. Deterministic; [] for an empty panel."""
    basis = prepare(panel)
    found = discoveries(tests_of_skus(basis), len(panel.skus))
    found += discoveries([over_all(basis)], len(panel.reasons))
    buyers = serial_returners(panel)
    found += discoveries([buyers], len(buyers.group))
    return sorted(_once(found), key=_order)


def tests_of_skus(basis: Basis) -> list[Tested]:
    """All tests of the SKUs, with the alarms that each raises in itself."""
    of = (of_skus, of_reasons, above_categories, reason_shifts, new_defect_clusters)
    return [each(basis) for each in of]


def _once(found: list[Anomaly]) -> list[Anomaly]:
    """Without the long comparison with the category where the first one has found the SKU's rate already."""
    kept: dict[tuple[str, ...], Anomaly] = {}
    for each in found:
        key = (each.kind, each.sku or "", each.reason or "", each.cluster or "", each.buyer or "")
        kept.setdefault(key, each)
    return list(kept.values())


def _order(anomaly: Anomaly) -> tuple[int, float, float, str, str, str]:
    names = (anomaly.sku or anomaly.buyer or "", anomaly.reason or anomaly.cluster or "")
    return SEVERITIES.index(anomaly.severity), -(anomaly.expected_cost or 0.0), anomaly.q_value, anomaly.kind, *names
