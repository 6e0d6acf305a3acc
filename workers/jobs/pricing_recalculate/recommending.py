"""Recommended prices: catalogue → demand model → prices within the seller's constraints.

The mathematics is in workers/pricing, which knows neither the catalogue nor the API.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
from django.utils.timezone import localdate
from numpy.typing import NDArray

from aijobs.registry import Context
from workers.catalogue import currencies
from workers.catalogue.models import Product
from workers.changes.models import RepricingPolicy, policy_of
from workers.jobs.pricing_recalculate import anchoring, reading, turns
from workers.jobs.pricing_recalculate.anchoring import Anchor, Anchors
from workers.jobs.pricing_recalculate.reading import SalesArrays
from workers.jobs.pricing_recalculate.shapes import Interval, PricingParams, PricingResult, Recommendation
from workers.jobs.shared import Skipped, products_of
from workers.marketplaces.models import Connection
from workers.pricing import NONE, Constraints, Recommendations, SalesPanel, band, fit, from_minor, recommend, to_minor

Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
Amounts = np.ndarray[tuple[int], np.dtype[np.int64]]
# Ordinals, `date.toordinal()`.
Days = NDArray[np.int64]

# Stock has to last until it can be replenished: the four weeks that the demand model looks ahead.
STOCK_COVER_DAYS = 28
# A price that ends in 9 keeps doing so: 14.99 may become 13.49, not 13.52.
CHARM_ENDING = 9
# Products that inform the tenant's elasticity and its spread: more add little, and these are read in half a second.
LEARN_FROM = 500


@dataclass(frozen=True, slots=True)
class Evidence:
    """What there is to judge the products by."""

    # Those asked for that can be judged, in the order of the request. They are the panel's first.
    products: list[Product]
    panel: SalesPanel
    # Of each product of the panel: its last sale, as an imported history may end long ago.
    as_of_day: Days


def recommend_all(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    """A recommendation for every SKU that can be judged, and why there is none for the others.

    Raises PermanentFailure NO_MATCHING_SKUS when none of the products is in the catalogue.
    """
    products = products_of(params, context.tenant_id, turns.longest_ago_first)
    asked = params.skus or [product.sku for product in products]
    total = len(asked)
    context.progress(0, total)
    policy = policy_of(context.tenant_id)
    anchors = anchoring.find(params.competitor_anchor, connection, products, policy)
    context.checkpoint()
    evidence = _evidence(params, context.tenant_id, products, anchors)
    context.progress(total - len(evidence.products), total)
    recommendations = _recommend(evidence, params, policy, anchors, context)
    context.progress(total, total)
    return PricingResult(
        processed_count=len(recommendations),
        updated_count=sum(each.recommended_price != each.current_price for each in recommendations),
        recommendations=recommendations,
        skipped=[*_not_judged(asked, products, evidence), *anchors.left_out],
    )


def _not_judged(asked: Sequence[str], products: Sequence[Product], evidence: Evidence) -> list[Skipped]:
    known, judged = ({product.sku for product in some} for some in (products, evidence.products))
    return [
        Skipped(sku=sku, reason="NO_SALES_DATA" if sku in known else "UNKNOWN_SKU")
        for sku in asked
        if sku not in judged
    ]


def _evidence(params: PricingParams, tenant_id: int, products: Sequence[Product], anchors: Anchors) -> Evidence:
    """What a SKU's own sales leave open is learned from the tenant's other products, asked for or not."""
    peers = reading.load_peers(tenant_id, params.marketplace, products, LEARN_FROM - len(products))
    everyone = [*products, *peers]
    # Wherever the seller is, it is not later than tomorrow: what is dated later is a mistake.
    tomorrow = localdate() + timedelta(days=1)
    sales = reading.load_sales(everyone, tomorrow, params.lookback_days)
    sold = np.bincount(sales.product, minlength=len(everyone)) > 0
    # A competitor's offer is something to go by also where nothing has been sold.
    kept = sold | np.array([each.sku in anchors.found for each in everyone])
    judged = [product for product, is_kept in zip(products, kept, strict=False) if is_kept]
    return Evidence(judged, _panel(sales, kept), _last_days(sales, len(everyone), tomorrow)[kept])


def _last_days(sales: SalesArrays, count: int, otherwise: date) -> Days:
    """The day of each product's last sale; one that has none is judged as of `otherwise`."""
    last = np.zeros(count, dtype=np.int64)
    np.maximum.at(last, sales.product, sales.day)
    return np.where(last > 0, last, otherwise.toordinal())


def _panel(sales: SalesArrays, kept: Flags) -> SalesPanel:
    """The sales, with those SKUs numbered that are kept: every one that has sales is."""
    number = np.cumsum(kept) - 1
    return SalesPanel(
        sku=number[sales.product],
        day=sales.day,
        price=sales.price,
        units=sales.units,
        promoted=sales.promoted,
        n_skus=int(kept.sum()),
    )


def _recommend(
    evidence: Evidence, params: PricingParams, policy: RepricingPolicy, anchors: Anchors, context: Context
) -> list[Recommendation]:
    products = evidence.products
    if not products:
        return []
    posterior = fit(evidence.panel, evidence.as_of_day, STOCK_COVER_DAYS).of(np.arange(len(products)))
    context.checkpoint()
    margin_pct = max(params.min_margin_pct, policy.min_margin_pct)
    found = recommend(posterior, _constraints(products, params, margin_pct, anchors), params.objective)
    return [_show(product, found, index, anchors) for index, product in enumerate(products)]


def _constraints(
    products: Sequence[Product], params: PricingParams, margin_pct: float, anchors: Anchors
) -> Constraints:
    exponents = [currencies.decimals(product.currency) for product in products]
    count = len(products)
    current = _minor([product.price for product in products], exponents)
    minimum = _minor([product.min_price for product in products], exponents)
    # In a price war nothing is cut any more: neither for the model nor after the competitor.
    at_war = np.array([product.sku in anchors.wars for product in products])
    offers = [anchors.found.get(product.sku) for product in products]
    bands = [_band(offer, exponent) for offer, exponent in zip(offers, exponents, strict=True)]
    return Constraints(
        current_price=current,
        cost=_minor([product.cost for product in products], exponents),
        min_margin=np.full(count, margin_pct / 100),
        min_price=np.where(at_war, np.maximum(minimum, current), minimum),
        max_price=_minor([product.max_price for product in products], exponents),
        map_price=_minor([product.map_price for product in products], exponents),
        max_change=np.full(count, params.max_change_pct / 100),
        charm_ending=np.where(current % 10 == CHARM_ENDING, CHARM_ENDING, NONE),
        stock=np.array([np.nan if product.stock is None else float(product.stock) for product in products]),
        stock_cover_days=np.full(count, float(STOCK_COVER_DAYS)),
        exponent=np.array(exponents, dtype=np.int64),
        anchor_low=np.array([low for low, _ in bands], dtype=np.int64),
        anchor_high=np.array([high for _, high in bands], dtype=np.int64),
        anchor_label=tuple(offer.label if offer else None for offer in offers),
    )


def _minor(amounts: Sequence[Decimal | None], exponents: Sequence[int]) -> Amounts:
    return np.array(
        [
            NONE if amount is None else to_minor(amount, exponent)
            for amount, exponent in zip(amounts, exponents, strict=True)
        ],
        dtype=np.int64,
    )


def _band(offer: Anchor | None, exponent: int) -> tuple[int, int]:
    """Between which prices the rule lets ours be."""
    return (NONE, NONE) if offer is None else band(offer.rule, max(1, to_minor(offer.amount, exponent)))


def _show(product: Product, found: Recommendations, index: int, anchors: Anchors) -> Recommendation:
    exponent = currencies.decimals(product.currency)

    def rounded(value: float) -> float:
        return round(float(value), 4)

    return Recommendation.model_validate(
        {
            "sku": product.sku,
            "current_price": product.price,
            "recommended_price": product.price
            if found.held[index]
            else from_minor(int(found.recommended_price[index]), exponent),
            "confidence": rounded(found.confidence[index]),
            "reasoning": " ".join(filter(None, [found.reasoning[index], anchors.remarks.get(product.sku)])),
            "applied": False,
            "elasticity": rounded(found.elasticity[index]),
            "elasticity_interval": Interval(
                low=rounded(found.elasticity_low[index]), high=rounded(found.elasticity_high[index])
            ),
            "expected_profit_change_pct": rounded(found.expected_profit_change_pct[index]),
            "expected_profit_change_interval": Interval(
                low=rounded(found.profit_change_low_pct[index]), high=rounded(found.profit_change_high_pct[index])
            ),
            "binding_constraint": _binding(product, found.binding_constraint[index], anchors),
            "observations": int(found.observations[index]),
        }
    )


def _binding(product: Product, bound: str | None, anchors: Anchors) -> str | None:
    """In a price war the current price stands in as the minimum price."""
    return "price_war" if bound == "min_price" and product.sku in anchors.wars else bound
