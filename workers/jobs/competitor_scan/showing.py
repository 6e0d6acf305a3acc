"""What was found of one SKU, as the result shows it."""

from datetime import datetime

from workers.catalogue.comparison import change_pct, rank
from workers.jobs.competitor_scan.seen import Seen
from workers.jobs.competitor_scan.shapes import OfferView, ScannedSku, Summary
from workers.marketplaces.protocols import Offer


def show(seen: Seen, source: str, most: int) -> ScannedSku:
    return ScannedSku(
        sku=seen.product.sku,
        source=source,
        offers=[_offer(offer, seen.at) for offer in seen.compared.offers[:most]],
        summary=_summary(seen),
    )


def _offer(offer: Offer, at: datetime) -> OfferView:
    return OfferView.model_validate(
        {
            "seller": offer.seller,
            "price": offer.price,
            "shipping": offer.shipping,
            "points": offer.points or None,
            "landed_price": offer.landed_price,
            "currency": offer.currency,
            "condition": offer.condition,
            "fulfilment": offer.fulfilment,
            "is_buy_box": offer.is_buy_box,
            "availability": offer.availability,
            "tax_included": offer.tax_included,
            "source": offer.source,
            "url": offer.url or None,
            "fetched_at": offer.fetched_at or at,
        }
    )


def _summary(seen: Seen) -> Summary:
    before = set(seen.last.sellers) if seen.last else set(seen.sellers)
    return Summary(
        lowest_landed=seen.lowest,
        median_landed=seen.compared.median_landed,
        buy_box_price=seen.buy_box_price,
        our_price=seen.ours,
        our_rank=rank(seen.ours, seen.compared.offers),
        price_gap_pct=change_pct(seen.ours, seen.lowest),
        offer_count=len(seen.compared.offers),
        new_sellers=sorted(set(seen.sellers) - before),
        left_sellers=sorted(before - set(seen.sellers)),
        change_since_last_scan_pct=change_pct(seen.lowest, seen.last.lowest_landed if seen.last else None),
        featured_offer_expected_price=seen.fetched.featured_offer_expected_price,
    )
