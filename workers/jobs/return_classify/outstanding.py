"""What stands out in a marketplace's returns, as the result shows it. For workers only: it imports numpy."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
from django.utils.timezone import localdate

from workers.catalogue import currencies
from workers.jobs.return_classify import reading
from workers.jobs.return_classify.counting import Days, Scope
from workers.jobs.return_classify.reading import REASONS, UNCLASSIFIED, History
from workers.jobs.return_classify.shapes import MOST_ANOMALIES, AnomalyView, SeverityCount
from workers.jobs.shared import rounded, significant
from workers.returns import anomalies
from workers.returns.anomalies import Anomaly
from workers.returns.panel import ReturnsPanel

# The newest returns are classified first: with more than these missing, the older ones are, and every reason would
# seem to be new.
MOST_UNCLASSIFIED = 0.05
# Of a customer's pseudonym: enough to tell the customers of a result apart.
SHOWN_OF_PSEUDONYM = 8


@dataclass(frozen=True, slots=True)
class StandsOut:
    """The anomalies, the most severe and costly first."""

    anomalies: list[Anomaly]
    currencies: dict[str | None, str | None]
    """By SKU; of None, what is shown where an anomaly is about no SKU."""
    reasons_compared: bool

    def counts(self) -> list[SeverityCount]:
        found = Counter((each.kind, each.severity) for each in self.anomalies)
        return [
            SeverityCount(kind=kind, severity=severity, count=found[kind, severity])
            for kind, severity in sorted(found)
        ]

    def shown(self) -> list[AnomalyView]:
        return [_view(each, self.currencies[each.sku]) for each in self.anomalies[:MOST_ANOMALIES]]


def find(
    scope: Scope, asked: Collection[str] | None, days: Days | None, rated: Days | None, version: str
) -> StandsOut:
    """What stands out on the last day of which returns, and sales if there are any, are known.

    All SKUs of the marketplace are looked at, so that a SKU's anomalies do not depend on what else was asked for;
    those that are about another one are left out.
    """
    if days is None:
        return StandsOut([], {}, True)
    # Today is not over.
    as_of = min((rated or days).last, localdate() - timedelta(days=1))
    history = reading.read(scope, as_of, version)
    compared = history.unclassified_share <= MOST_UNCLASSIFIED
    found = anomalies.find(history.panel if compared else _without_reasons(history.panel))
    wanted = [each for each in found if each.reason != UNCLASSIFIED and _is_asked(each, asked)]
    return StandsOut(wanted, _currencies(history), compared)


def _without_reasons(panel: ReturnsPanel) -> ReturnsPanel:
    unknown = np.full_like(panel.returns.reason, REASONS.index(UNCLASSIFIED))
    return replace(panel, returns=replace(panel.returns, reason=unknown))


def _is_asked(anomaly: Anomaly, asked: Collection[str] | None) -> bool:
    return asked is None or anomaly.sku is None or anomaly.sku in asked


def _currencies(history: History) -> dict[str | None, str | None]:
    by_sku: dict[str | None, str | None] = {each.sku: each.currency for each in history.items}
    different = set(by_sku.values())
    # What is about several products has an amount if it is in one currency.
    return by_sku | {None: different.pop() if len(different) == 1 else None}


def _view(anomaly: Anomaly, currency: str | None) -> AnomalyView:
    cost = anomaly.expected_cost if currency else None
    return AnomalyView(
        kind=anomaly.kind,
        severity=anomaly.severity,
        sku=anomaly.sku,
        sentence=anomaly.sentence,
        expected_cost=None if cost is None or currency is None else _amount(cost, currency),
        currency=currency,
        reason=anomaly.reason,
        complaint=anomaly.cluster,
        customer=anomaly.buyer and anomaly.buyer[:SHOWN_OF_PSEUDONYM],
        compared_with=anomaly.compared_with,
        first_day=anomaly.since,
        last_day=anomaly.until,
        observed_units=anomaly.observed,
        expected_units=round(anomaly.expected, 2),
        units_at_risk=rounded(anomaly.units_at_risk, 2),
        rate=rounded(anomaly.rate, 4),
        usual_rate=rounded(anomaly.usual_rate, 4),
        p_value=significant(anomaly.p_value),
        q_value=significant(anomaly.q_value),
    )


def _amount(cost: float, currency: str) -> Decimal:
    return round(Decimal(cost), currencies.decimals(currency))
