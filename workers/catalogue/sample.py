"""A realistic catalogue for trying things out, made from a seed: 40 SKUs with listings, competitors' offers and
listings, keywords, and 180 days of sales, reviews and returns.

The same shop on every day but for its dates: what happened so many days ago is drawn, not what happened on a date.
"""

import io
import math
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from random import Random
from typing import NamedTuple

import numpy as np
from django.db import transaction
from django.utils.timezone import localdate

from aijobs.models import Tenant
from workers.catalogue.files import Said, import_file
from workers.catalogue.kinds import COMPETITOR_LISTINGS, KEYWORDS, LISTINGS, OFFERS, PRODUCTS, RETURNS, REVIEWS, SALES
from workers.catalogue.models import Product
from workers.catalogue.sampling.listings import competitor_rows, keyword_rows, listing_rows
from workers.catalogue.sampling.returns import return_rows
from workers.catalogue.sampling.reviews import review_rows
from workers.catalogue.sampling.shop import DAYS, History, Item, date_of

SEED = 7
# Category, what it sells, typical price, units a day, elasticity.
LINES = (
    ("Drinkware", ("Steel Bottle 0.5 l", "Steel Bottle 0.7 l", "Travel Mug", "Tea Infuser", "Glass Carafe",
                   "Espresso Cups, set of 4", "Kids Bottle", "Lunch Flask"), 19.0, 14.0, -2.4),
    ("Kitchen", ("Chef Knife 20 cm", "Cutting Board Bamboo", "Cast Iron Pan 26 cm", "Silicone Lids, set of 6",
                 "Salad Spinner", "Pepper Mill", "Oven Gloves", "Baking Tray"), 27.0, 9.0, -1.9),
    ("Office", ("Notebook A5 Dotted", "Gel Pens, 12 pack", "Desk Lamp LED", "Cable Organizer", "Laptop Stand",
                "Monitor Riser", "Whiteboard A3", "Sticky Notes, 24 pack"), 15.0, 18.0, -3.0),
    ("Pets", ("Dog Leash 2 m", "Cat Scratcher", "Slow Feeder Bowl", "Chew Toy Rope", "Litter Mat", "Pet Brush",
              "Travel Water Bowl", "Catnip Mice, 5 pack"), 13.0, 11.0, -2.1),
    ("Garden", ("Plant Pot 20 cm", "Watering Can 5 l", "Pruning Shears", "Herb Garden Kit", "Solar Lights, 8 pack",
                "Bird Feeder", "Garden Gloves", "Compost Bin"), 22.0, 6.0, -2.7),
)  # fmt: skip
# Competitors, how their prices lie to ours, what they take for shipping, and who ships.
RIVALS = (
    ("Harbour Goods", 1.02, 0.0, "amazon"),
    ("Everyday Outlet", 0.94, 3.99, "merchant"),
    ("Kestrel Supply", 0.98, 0.0, "amazon"),
)
BRANDS = ("Northfield", "Lumen & Oak", "Brightwell", "Casa Verde", "Halden")
# Shoppers have their days. Which weekdays those are, the day of the import says.
WEEK = (0.92, 0.88, 0.90, 0.96, 1.06, 1.18, 1.10)
# Demand rises from its average in the first three months and comes back to it in the last three.
SEASON_DAYS, SEASON = 365, 0.15


class SampleRows(NamedTuple):
    """Lines of CSV, each part with its header and a generator of its own."""

    products: Iterator[str]
    sales: Iterator[str]
    offers: Iterator[str]
    reviews: Iterator[str]
    returns: Iterator[str]
    listings: Iterator[str]
    competitor_listings: Iterator[str]
    keywords: Iterator[str]


def create_sample_catalogue(tenant: Tenant, marketplace: str = "amazon_us", seed: int = SEED) -> int:
    """Give a tenant without products the sample; its sales, reviews and returns end yesterday, and its
    competitors' offers are of now. Returns how many SKUs it has then."""
    present = Product.objects.of(tenant.pk).count()
    if present:
        return present
    # A day that is not over is not in the data.
    rows = sample_rows(seed, last=localdate() - timedelta(days=1))
    # All or none: whoever has products gets no sample any more.
    with transaction.atomic():
        said = Said(marketplace)
        import_file(tenant, _stream(rows.products), said, PRODUCTS)
        import_file(tenant, _stream(rows.sales), said, SALES)
        import_file(tenant, _stream(rows.offers), said, OFFERS)
        import_file(tenant, _stream(rows.reviews), said, REVIEWS)
        import_file(tenant, _stream(rows.returns), said, RETURNS)
        import_file(tenant, _stream(rows.listings), said, LISTINGS)
        import_file(tenant, _stream(rows.competitor_listings), said, COMPETITOR_LISTINGS)
        import_file(tenant, _stream(rows.keywords), said, KEYWORDS)
    return Product.objects.of(tenant.pk).count()


def sample_rows(seed: int, last: date) -> SampleRows:
    """The sample of a seed, with days up to and including `last`. Nothing else of it depends on the date."""
    shop = _Shop(seed)
    return SampleRows(
        products=_product_rows(shop.items, shop.streams[1]),
        sales=_sale_rows(shop, last),
        offers=_offer_rows(shop.items, shop.streams[3]),
        reviews=_review_rows(shop, last),
        returns=_return_rows(shop, last),
        listings=_listing_rows(shop),
        competitor_listings=_competitor_rows(shop),
        keywords=keyword_rows(shop.items),
    )


class _Shop:
    def __init__(self, seed: int) -> None:
        # A stream for each part: how much one of them draws moves nothing in the others.
        self.streams = [np.random.default_rng(part) for part in np.random.SeedSequence(seed).spawn(8)]
        self.items = list(_items(self.streams[0]))

    @cached_property
    def histories(self) -> list[History]:
        return [_history(item, self.streams[2]) for item in self.items]

    def draws(self, stream: int) -> Random:
        """Of a stream, for what is drawn piece by piece: numpy's generators take ten times as long for that."""
        return Random(int(self.streams[stream].integers(2**63)))


def _stream(rows: Iterator[str]) -> io.BytesIO:
    return io.BytesIO("\n".join(rows).encode())


def _charm(price: float) -> float:
    """The nearest price that ends in 9."""
    return max(round(round(price * 10) / 10 - 0.01, 2), 0.99)


def _items(random: np.random.Generator) -> Iterator[Item]:
    number = 0
    for category, titles, price, units, elasticity in LINES:
        for title in titles:
            number += 1
            list_price = _charm(price * math.exp(random.normal(0, 0.35)))
            slope = float(np.clip(elasticity + random.normal(0, 0.6), -4.2, -1.3))
            yield Item(
                sku=f"SKU-{number:03d}",
                title=title,
                brand=str(random.choice(BRANDS)),
                category=category,
                price=list_price,
                # Around the cost at which the list price would be optimal: some prices are right, some are not.
                cost=round(list_price * (1 + 1 / slope) * math.exp(random.normal(0, 0.12)), 2),
                base=units * math.exp(random.normal(0, 0.7)),
                elasticity=slope,
            )


def _product_rows(items: list[Item], random: np.random.Generator) -> Iterator[str]:
    yield "sku,title,brand,category,cost,price,currency,min_price,max_price,map_price,stock"
    for item in items:
        bounded = random.random() < 0.5
        minimum = f"{item.price * 0.75:.2f}" if bounded else ""
        maximum = f"{item.price * 1.4:.2f}" if bounded else ""
        advertised = f"{item.price * 0.9:.2f}" if random.random() < 0.2 else ""
        stock = int(item.base * random.uniform(10, 120)) + 5
        cells = (
            item.sku,
            f'"{item.title}"',
            item.brand,
            item.category,
            f"{item.cost:.2f}",
            f"{item.price:.2f}",
            "USD",
        )
        yield ",".join((*cells, minimum, maximum, advertised, str(stock)))


def _sale_rows(shop: _Shop, last: date) -> Iterator[str]:
    yield "sku,date,price,units,promoted"
    for history in shop.histories:
        for day, (price, promoted, units) in enumerate(
            zip(history.prices, history.promoted, history.units, strict=True)
        ):
            yield f"{history.item.sku},{date_of(day, last)},{price:.2f},{units},{str(promoted).lower()}"


def _review_rows(shop: _Shop, last: date) -> Iterator[str]:
    yield from review_rows(shop.histories, shop.draws(4), last)


def _return_rows(shop: _Shop, last: date) -> Iterator[str]:
    yield from return_rows(shop.histories, shop.draws(5), last)


def _listing_rows(shop: _Shop) -> Iterator[str]:
    yield from listing_rows(shop.items, shop.draws(6))


def _competitor_rows(shop: _Shop) -> Iterator[str]:
    yield from competitor_rows(shop.items, shop.draws(7))


def _history(item: Item, random: np.random.Generator) -> History:
    prices, promoted = _price_history(item, random)
    # The level drifts, as demand does: a random walk of 1 % a day.
    drift = np.exp(np.cumsum(random.normal(0, 0.01, DAYS)))
    units = [
        random.poisson(random.gamma(8, _demand(item, number, price, on_promotion) * level / 8))
        for number, (price, on_promotion, level) in enumerate(zip(prices, promoted, drift, strict=True))
    ]
    return History(item, prices, promoted, units)


def _offer_rows(items: list[Item], random: np.random.Generator) -> Iterator[str]:
    yield "sku,seller,price,shipping,fulfilment,is_buy_box"
    for item in items:
        offers = [
            (seller, _charm(item.price * level * math.exp(random.normal(0, 0.05))), shipping, fulfilment)
            for seller, level, shipping, fulfilment in RIVALS
            # Not everybody sells everything.
            if random.random() < 0.8
        ]
        # In cents, and the first of them where several are the cheapest: one holds the buy box, never two.
        cents = [round(100 * (price + shipping)) for _, price, shipping, _ in offers]
        holder = cents.index(min(cents)) if cents else None
        for index, (seller, price, shipping, fulfilment) in enumerate(offers):
            wins = str(index == holder).lower()
            yield f"{item.sku},{seller},{price:.2f},{shipping:.2f},{fulfilment},{wins}"


def _demand(item: Item, day: int, price: float, on_promotion: bool) -> float:
    """Expected units on a day of the history: a power of the price, more at weeks' ends, in season and promoted."""
    season = 1 + SEASON * math.sin(2 * math.pi * day / SEASON_DAYS)
    lift = 1.35 if on_promotion else 1.0
    response = math.pow(price / item.price, item.elasticity)
    return item.base * response * season * WEEK[day % len(WEEK)] * lift


def _price_history(item: Item, random: np.random.Generator) -> tuple[list[float], list[bool]]:
    """A new list price every few weeks, back to today's at the end; a week of promotion now and then."""
    prices: list[float] = []
    while len(prices) < DAYS:
        weeks = int(random.integers(2, 6))
        prices += [_charm(item.price * math.exp(random.normal(0, 0.09)))] * (7 * weeks)
    prices = [*prices[: DAYS - 21], *[item.price] * 21]
    promoted = [False] * DAYS
    for start in range(int(random.integers(10, 40)), DAYS - 28, int(random.integers(35, 60))):
        for offset in range(start, start + 7):
            prices[offset] = _charm(prices[offset] * 0.85)
            promoted[offset] = True
    return prices, promoted
