"""Listings of the sample, what competitors write of theirs, and what shoppers search for.

Most listings are as they should be. Some have a fault that the optimiser is to find.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from random import Random

from workers.catalogue.sampling.shop import Item, csv_line
from workers.catalogue.sampling.texts import sections

MOST_BULLETS = 5
HEADER = (
    "sku,title,"
    + ",".join(f"bullet_{number}" for number in range(1, MOST_BULLETS + 1))
    + ",description,search_terms,attributes,category,images"
)
RIVAL_HEADER = "external_id,sku,brand,title,bullets,category,url"
KEYWORD_HEADER = "keyword,volume,sku"
# Competitors' brands, and what else they are called on their pages. All of them are ordinary words, too.
RIVAL_BRANDS = {
    "Kestrel": ("Kestrel Supply", "Kestrel Pro"),
    "Harbour": ("Harbour Goods",),
    "Nest": ("Nest Home",),
}
CATEGORIES = {
    "Drinkware": "Home & Kitchen > Drinkware",
    "Kitchen": "Home & Kitchen > Kitchen & Dining",
    "Office": "Office Products > Office & School Supplies",
    "Pets": "Pet Supplies",
    "Garden": "Patio, Lawn & Garden",
}
FEWEST_IMAGES, MOST_IMAGES = 4, 8
ID_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Text:
    title: str
    bullets: tuple[str, ...]
    description: str
    terms: str
    attributes: dict[str, str]
    images: int


def _longer(text: Text) -> Text:
    """Of more than the 200 characters that Amazon allows."""
    extra = (
        ", for Men, Women, Teens and Children, for Gym, School, Office, Hiking, Camping, Running, Cycling and "
        "Travel, Easy to Clean, Leakproof, Sweatproof, Fits Most Cup Holders, in Many Colors"
    )
    return replace(text, title=text.title + extra)


def _advertising(text: Text) -> Text:
    return replace(text, title=f"Best Seller! {text.title} - Free Shipping, 100% Quality Guaranteed")


def _repeating(text: Text) -> Text:
    return replace(text, title=f"{text.title}, Silicone Covers, Silicone Bowl Lids, Reusable Silicone Lids")


def _killing_germs(text: Text) -> Text:
    """Amazon takes that for a pesticide."""
    return replace(text, bullets=("Antibacterial surface that kills 99.9% of germs", *text.bullets[1:]))


def _healing(text: Text) -> Text:
    return replace(text, bullets=(*text.bullets[:-1], "Cures indigestion and prevents bloat, recommended by doctors"))


def _shouting(text: Text) -> Text:
    return replace(text, title=f"{text.title.upper()} !!! $$$")


def _bare(text: Text) -> Text:
    return replace(text, bullets=text.bullets[:1], description="")


def _without_terms(text: Text) -> Text:
    return replace(text, terms="")


def _marked_up(text: Text) -> Text:
    return replace(text, bullets=tuple(f"<b>{bullet}</b><br>" for bullet in text.bullets))


def _stuffed(text: Text) -> Text:
    """Above 249 bytes, with words twice and brands of others."""
    return replace(text, terms=f"{' '.join([text.terms] * 9)} {' '.join(RIVAL_BRANDS)}")


def _unseen(text: Text) -> Text:
    return replace(text, images=0)


# What is wrong with the listings of these products.
FAULTS: dict[str, Callable[[Text], Text]] = {
    "SKU-002": _longer,
    "SKU-004": _advertising,
    "SKU-010": _killing_germs,
    "SKU-012": _repeating,
    "SKU-014": _shouting,
    "SKU-016": _bare,
    "SKU-019": _without_terms,
    "SKU-027": _healing,
    "SKU-030": _marked_up,
    "SKU-033": _stuffed,
    "SKU-036": _unseen,
}


def listing_rows(items: Sequence[Item], random: Random) -> Iterator[str]:
    """Lines of CSV, with their header."""
    yield HEADER
    for item in items:
        text = _text(item, random)
        yield _line(item, FAULTS[item.sku](text) if item.sku in FAULTS else text)


def _text(item: Item, random: Random) -> Text:
    facts = _facts(item.title)
    [name], [extra] = facts["name"], facts["with"]
    return Text(
        title=f"{item.brand} {name}, {extra}",
        bullets=tuple(facts["bullet"]),
        description=facts["description"][0],
        terms=facts["terms"][0],
        attributes=dict(_pair(line) for line in facts.get("attribute", [])) | {"Brand": item.brand},
        images=random.randint(FEWEST_IMAGES, MOST_IMAGES),
    )


def _line(item: Item, text: Text) -> str:
    bullets = [*text.bullets, *[""] * (MOST_BULLETS - len(text.bullets))]
    attributes = json.dumps(text.attributes, ensure_ascii=False)
    category = CATEGORIES[item.category]
    return csv_line(item.sku, text.title, *bullets, text.description, text.terms, attributes, category, text.images)


def competitor_rows(items: Sequence[Item], random: Random) -> Iterator[str]:
    """Each competitor has one of the pages that compete with a product."""
    yield RIVAL_HEADER
    for item in items:
        pages = _facts(item.title).get("rival", [])
        for page, brand in zip(pages, random.sample(list(RIVAL_BRANDS), len(pages)), strict=True):
            title, *bullets = page.replace("{brand}", random.choice((brand, *RIVAL_BRANDS[brand]))).split(" | ")
            external_id = "B0" + "".join(random.choices(ID_LETTERS, k=8))
            url = f"https://{brand.lower()}.example/{external_id}"
            yield csv_line(external_id, item.sku, brand, title, "\n".join(bullets), CATEGORIES[item.category], url)


def keyword_rows(items: Sequence[Item]) -> Iterator[str]:
    yield KEYWORD_HEADER
    for item in items:
        for line in _facts(item.title)["keyword"]:
            yield csv_line(*_pair(line), item.sku)


@cache
def _facts(title: str) -> dict[str, list[str]]:
    """What is known of a product, by what it is for."""
    found: dict[str, list[str]] = {}
    for line in sections("listings.txt")[title]:
        name, _, value = line.partition(": ")
        found.setdefault(name, []).append(value)
    return found


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.partition(" = ")
    return name, value
