"""The pricing job's way: catalogue → demand model → prices → result, and the prices written where asked for.

The mathematics is in workers/pricing, which knows neither the catalogue nor the API.
"""

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from aijobs.errors import PermanentFailure
from aijobs.registry import Context
from workers.catalogue import currencies, queries
from workers.catalogue.models import Product
from workers.catalogue.price_changes import Decision, apply_prices
from workers.catalogue.queries import SalesArrays
from workers.jobs.pricing_recalculate import Interval, PricingParams, PricingResult, Recommendation, Skipped
from workers.pricing import NONE, Constraints, Recommendations, SalesPanel, fit, from_minor, recommend, to_minor

# Stock has to last until it can be replenished: the four weeks that the demand model looks ahead.
STOCK_COVER_DAYS = 28
# A price that ends in 9 keeps doing so: 14.99 may become 13.49, not 13.52.
CHARM_ENDING = 9
# Products that inform the tenant's elasticity and its spread: more add little, and these are read in half a second.
LEARN_FROM = 500
NO_SALES = SalesArrays(*[np.array([], dtype=kind) for kind in (np.int64, np.int64, float, float, float)])


def price(params: PricingParams, context: Context) -> PricingResult:
    """Compute the recommendations; with `apply`, have them written in the transaction that completes the job.

    Raises PermanentFailure NO_MATCHING_SKUS when none of the SKUs is in the catalogue.
    """
    context.progress(0, len(params.skus))
    known = queries.load_products(context.tenant_id, params.marketplace, params.skus)
    if not known:
        raise PermanentFailure(
            "NO_MATCHING_SKUS",
            f"None of the SKUs is in the catalogue of {params.marketplace}: import the products first.",
        )
    products = [known[sku] for sku in params.skus if sku in known]
    # What a SKU's own sales leave open is learned from the tenant's other products, asked for or not.
    peers = queries.load_peers(context.tenant_id, params.marketplace, products, LEARN_FROM - len(products))
    everyone = [*products, *peers]
    sales, as_of_day = _sales(everyone, params.lookback_days)
    sold = np.bincount(sales.product, minlength=len(everyone)) > 0
    # The first numbers of the panel are those of the products that were asked for.
    priced = [product for product, has_sales in zip(products, sold, strict=False) if has_sales]
    context.progress(len(params.skus) - len(priced), len(params.skus))
    recommendations = _recommend(priced, _panel(sales, sold), as_of_day, params)
    context.progress(len(params.skus), len(params.skus))
    if params.apply:
        context.commit_with(lambda result: _apply(result, params.marketplace, context))
    with_sales = {product.sku for product in priced}
    return PricingResult(
        processed_count=len(recommendations),
        updated_count=sum(each.recommended_price != each.current_price for each in recommendations),
        recommendations=recommendations,
        skipped=[
            Skipped(sku=sku, reason="NO_SALES_DATA" if sku in known else "UNKNOWN_SKU")
            for sku in params.skus
            if sku not in with_sales
        ],
    )


def _sales(products: Sequence[Product], lookback_days: int) -> tuple[SalesArrays, int]:
    """The sales to learn from, and the ordinal of their last day: an imported history may end long ago."""
    last = queries.last_sale(products)
    if last is None:
        return NO_SALES, 0
    return queries.load_sales(products, last, lookback_days), last.toordinal()


def _panel(sales: SalesArrays, sold: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> SalesPanel:
    """The sales with the SKUs that have any numbered anew."""
    number = np.cumsum(sold) - 1
    return SalesPanel(
        sku=number[sales.product],
        day=sales.day,
        price=sales.price,
        units=sales.units,
        promoted=sales.promoted,
        n_skus=int(sold.sum()),
    )


def _recommend(
    products: Sequence[Product], panel: SalesPanel, as_of_day: int, params: PricingParams
) -> list[Recommendation]:
    if not products:
        return []
    posterior = fit(panel, as_of_day, STOCK_COVER_DAYS).of(np.arange(len(products)))
    found = recommend(posterior, _constraints(products, params), params.objective)
    return [_show(product, found, index) for index, product in enumerate(products)]


def _constraints(products: Sequence[Product], params: PricingParams) -> Constraints:
    exponents = [currencies.decimals(product.currency) for product in products]
    count = len(products)

    def minor(amounts: Sequence[Decimal | None]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.array(
            [
                NONE if amount is None else to_minor(amount, exponent)
                for amount, exponent in zip(amounts, exponents, strict=True)
            ],
            dtype=np.int64,
        )

    current = minor([product.price for product in products])
    return Constraints(
        current_price=current,
        cost=minor([product.cost for product in products]),
        min_margin=np.full(count, params.min_margin_pct / 100),
        min_price=minor([product.min_price for product in products]),
        max_price=minor([product.max_price for product in products]),
        map_price=minor([product.map_price for product in products]),
        max_change=np.full(count, params.max_change_pct / 100),
        charm_ending=np.where(current % 10 == CHARM_ENDING, CHARM_ENDING, NONE),
        stock=np.array([np.nan if product.stock is None else float(product.stock) for product in products]),
        stock_cover_days=np.full(count, float(STOCK_COVER_DAYS)),
        exponent=np.array(exponents, dtype=np.int64),
    )


def _show(product: Product, found: Recommendations, index: int) -> Recommendation:
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
            "reasoning": found.reasoning[index],
            "applied": False,
            "elasticity": rounded(found.elasticity[index]),
            "elasticity_interval": Interval(
                low=rounded(found.elasticity_low[index]), high=rounded(found.elasticity_high[index])
            ),
            "expected_profit_change_pct": rounded(found.expected_profit_change_pct[index]),
            "expected_profit_change_interval": Interval(
                low=rounded(found.profit_change_low_pct[index]), high=rounded(found.profit_change_high_pct[index])
            ),
            "binding_constraint": found.binding_constraint[index],
            "observations": int(found.observations[index]),
        }
    )


def _apply(result: PricingResult, marketplace: str, context: Context) -> PricingResult:
    """Write the changes; a price that changed since it was read is left alone, and said to be."""
    decisions = [
        Decision(each.sku, each.current_price, each.recommended_price, each.reasoning)
        for each in result.recommendations
        if each.recommended_price != each.current_price
    ]
    applied = apply_prices(context.tenant_id, marketplace, context.job_id, decisions)
    written = {change.product.sku for change in applied.changes}
    return result.model_copy(
        update={
            "updated_count": len(written),
            "recommendations": [
                each.model_copy(update={"applied": each.sku in written}) for each in result.recommendations
            ],
            "skipped": [
                *result.skipped,
                # A second run of the same job never gets here: its first commit had ended it.
                *(
                    Skipped(sku=sku, reason="UNKNOWN_SKU" if reason == "UNKNOWN_SKU" else "PRICE_CHANGED")
                    for sku, reason in sorted(applied.refused.items())
                ),
            ],
        }
    )
