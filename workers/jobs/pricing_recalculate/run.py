"""The pricing job's way: catalogue → demand model → prices → result, and the prices written where asked for.

The mathematics is in workers/pricing, which knows neither the catalogue nor the API.
"""

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
from django.utils.timezone import localdate

from aijobs.errors import PermanentFailure
from aijobs.outbound.failures import OutboundError
from aijobs.outbound.pace import Pace
from aijobs.registry import Context
from workers.catalogue import currencies, queries
from workers.catalogue.models import Product
from workers.catalogue.queries import SalesArrays
from workers.changes import guardrails
from workers.changes import settling as writing
from workers.changes.deciding import Applied, Decision, Origin, decide
from workers.changes.models import OPEN, PriceChange, PriceChangeStatus, PricingDecision, RepricingPolicy
from workers.jobs.pricing_recalculate import anchoring
from workers.jobs.pricing_recalculate.anchoring import Anchors
from workers.jobs.pricing_recalculate.shapes import Interval, PricingParams, PricingResult, Recommendation
from workers.jobs.shared import Skipped
from workers.marketplaces import connections
from workers.marketplaces.connections import AnyConnector
from workers.marketplaces.models import Connection
from workers.pricing import NONE, Constraints, Recommendations, SalesPanel, band, fit, from_minor, recommend, to_minor

# Of the soft limit of 120 s; at Amazon's rates some 250 prices. The settler writes what is left then.
WRITE_SECONDS = 80.0
# Stock has to last until it can be replenished: the four weeks that the demand model looks ahead.
STOCK_COVER_DAYS = 28
# A price that ends in 9 keeps doing so: 14.99 may become 13.49, not 13.52.
CHARM_ENDING = 9
# Products that inform the tenant's elasticity and its spread: more add little, and these are read in half a second.
LEARN_FROM = 500
NO_SALES = SalesArrays(*[np.array([], dtype=kind) for kind in (np.int64, np.int64, float, float, float)])


def run(params: PricingParams, context: Context) -> PricingResult:
    """Compute the recommendations, and with `apply` have them written.

    Where the price is the catalogue's, it is written in the transaction that completes the job. Over the network it
    cannot be: there the decision is committed first, and a later attempt goes on with it instead of computing anew.
    Raises PermanentFailure NO_MATCHING_SKUS when none of the SKUs is in the catalogue, or that of the connection.
    """
    connection = connections.find(context.tenant_id, params.marketplace)
    if connection is None:
        raise PermanentFailure("MARKETPLACE_NOT_CONFIGURED", "The marketplace is not configured any more.")
    if params.apply and connections.writes_prices(connection):
        return _write_over_network(params, context, connection)
    result = _compute(params, context, connection)
    if params.apply:
        context.commit_with(lambda computed: _decided(computed, _decide(computed, params, context, networked=False)))
    return result


def _compute(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    context.progress(0, len(params.skus))
    known = queries.load_products(context.tenant_id, params.marketplace, params.skus)
    if not known:
        raise PermanentFailure(
            "NO_MATCHING_SKUS",
            f"None of the SKUs is in the catalogue of {params.marketplace}: import the products first.",
        )
    products = [known[sku] for sku in params.skus if sku in known]
    policy = guardrails.policy_of(context.tenant_id)
    anchors = anchoring.find(params.competitor_anchor, connection, products, policy)
    # What a SKU's own sales leave open is learned from the tenant's other products, asked for or not.
    peers = queries.load_peers(context.tenant_id, params.marketplace, products, LEARN_FROM - len(products))
    everyone = [*products, *peers]
    sales, as_of_day = _sales(everyone, params.lookback_days)
    sold = np.bincount(sales.product, minlength=len(everyone)) > 0
    # A competitor's offer is something to go by also where nothing has been sold.
    priced = [each for each, has_sales in zip(products, sold, strict=False) if has_sales or each.sku in anchors.found]
    kept = sold | np.array([each.sku in anchors.found for each in everyone])
    context.progress(len(params.skus) - len(priced), len(params.skus))
    recommendations = _recommend(priced, _panel(sales, kept), as_of_day, params, policy, anchors)
    context.progress(len(params.skus), len(params.skus))
    judged = {product.sku for product in priced}
    return PricingResult(
        processed_count=len(recommendations),
        updated_count=sum(each.recommended_price != each.current_price for each in recommendations),
        recommendations=recommendations,
        skipped=[
            *(
                Skipped(sku=sku, reason="NO_SALES_DATA" if sku in known else "UNKNOWN_SKU")
                for sku in params.skus
                if sku not in judged
            ),
            *anchors.left_out,
        ],
    )


def _sales(products: Sequence[Product], lookback_days: int) -> tuple[SalesArrays, int]:
    """The sales to learn from, and the ordinal of their last day: an imported history may end long ago."""
    last = queries.last_sale(products)
    if last is None:
        return NO_SALES, localdate().toordinal()
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
    products: Sequence[Product],
    panel: SalesPanel,
    as_of_day: int,
    params: PricingParams,
    policy: RepricingPolicy,
    anchors: Anchors,
) -> list[Recommendation]:
    if not products:
        return []
    posterior = fit(panel, as_of_day, STOCK_COVER_DAYS).of(np.arange(len(products)))
    margin_pct = max(params.min_margin_pct, policy.min_margin_pct)
    found = recommend(posterior, _constraints(products, params, margin_pct, anchors), params.objective)
    return [_show(product, found, index, anchors) for index, product in enumerate(products)]


def _constraints(
    products: Sequence[Product], params: PricingParams, margin_pct: float, anchors: Anchors
) -> Constraints:
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
    minimum = minor([product.min_price for product in products])
    # In a price war nothing is cut any more: neither for the model nor after the competitor.
    at_war = np.array([product.sku in anchors.wars for product in products])
    offers = [anchors.found.get(product.sku) for product in products]
    bands = [
        (NONE, NONE) if offer is None else band(offer.rule, max(1, to_minor(offer.amount, exponent)))
        for offer, exponent in zip(offers, exponents, strict=True)
    ]
    return Constraints(
        current_price=current,
        cost=minor([product.cost for product in products]),
        min_margin=np.full(count, margin_pct / 100),
        min_price=np.where(at_war, np.maximum(minimum, current), minimum),
        max_price=minor([product.max_price for product in products]),
        map_price=minor([product.map_price for product in products]),
        max_change=np.full(count, params.max_change_pct / 100),
        charm_ending=np.where(current % 10 == CHARM_ENDING, CHARM_ENDING, NONE),
        stock=np.array([np.nan if product.stock is None else float(product.stock) for product in products]),
        stock_cover_days=np.full(count, float(STOCK_COVER_DAYS)),
        exponent=np.array(exponents, dtype=np.int64),
        anchor_low=np.array([low for low, _ in bands], dtype=np.int64),
        anchor_high=np.array([high for _, high in bands], dtype=np.int64),
        anchor_label=tuple(offer.label if offer else None for offer in offers),
    )


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


# --- Writing ----------------------------------------------------------------------------------------------------


def _decide(result: PricingResult, params: PricingParams, context: Context, *, networked: bool) -> Applied:
    """Record the changes, within the guardrails; a price that changed since it was read is left alone."""
    origin = Origin(context.tenant_id, params.marketplace, context.job_id, params.min_margin_pct, networked)
    return decide(
        origin,
        [
            Decision(each.sku, each.current_price, each.recommended_price, each.reasoning)
            for each in result.recommendations
            if each.recommended_price != each.current_price
        ],
    )


def _decided(result: PricingResult, applied: Applied) -> PricingResult:
    """The result with what was written, and what was refused and why.

    A second run of the same job never gets here: its first commit had ended it, or is replayed.
    """
    refused = [Skipped(sku=sku, reason=reason) for sku, reason in sorted(applied.refused.items())]
    written = {change.product.sku for change in applied.changes if change.status == PriceChangeStatus.APPLIED}
    return _with_written(result, written, refused)


def _with_written(result: PricingResult, written: Collection[str], skipped: Sequence[Skipped]) -> PricingResult:
    return result.model_copy(
        update={
            "updated_count": len(written),
            "recommendations": [
                each.model_copy(update={"applied": each.sku in written}) for each in result.recommendations
            ],
            "skipped": [*result.skipped, *skipped],
        }
    )


def _write_over_network(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    """Decide once, in whichever attempt gets there first; then write what is still open of it."""
    try:
        with connections.open_connector(connection, Pace(WRITE_SECONDS)) as connector:
            result = _stored_decision(context) or _commit_decision(params, context, connection)
            _write(connector, params, context)
    except OutboundError as error:
        raise PermanentFailure(error.code, error.message) from None
    return _settled(result, context)


def _stored_decision(context: Context) -> PricingResult | None:
    stored = PricingDecision.objects.filter(job=context.job_id).first()
    return PricingResult.model_validate(stored.result) if stored else None


def _commit_decision(params: PricingParams, context: Context, connection: Connection) -> PricingResult:
    computed = _compute(params, context, connection)
    with context.owned():
        result = _decided(computed, _decide(computed, params, context, networked=True))
        PricingDecision.objects.create(job_id=context.job_id, result=result.model_dump(mode="json"))
    return result


def _write(connector: AnyConnector, params: PricingParams, context: Context) -> None:
    changes = PriceChange.objects.filter(job=context.job_id, status__in=OPEN).order_by("id")
    ids = list(changes.values_list("id", flat=True))
    attempt = writing.Attempt(context.job_id, context.attempt)
    for done in writing.settle_job(connector, ids, attempt):
        context.progress(len(params.skus) - len(ids) + done, len(params.skus))


def _settled(result: PricingResult, context: Context) -> PricingResult:
    """The decided result with what became of each change. What is still open the settler goes on with."""
    changes = list(PriceChange.objects.filter(job=context.job_id).select_related("product").order_by("product__sku"))
    written = {change.product.sku for change in changes if change.status == PriceChangeStatus.APPLIED}
    left = [
        Skipped(sku=change.product.sku, reason=f"WRITE_{change.status.upper()}", detail=change.detail or None)
        for change in changes
        if change.status != PriceChangeStatus.APPLIED
    ]
    return _with_written(result, written, left)
