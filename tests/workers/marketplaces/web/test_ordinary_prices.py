"""However a page is made of real parts: no price is taken that it does not show as an ordinary one."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.marketplaces.web.reading import page
from tests.workers.marketplaces.web.test_prices import CONDITIONS, KINDS

Json = Any
TAKEN_APART = ["isRelatedTo", "isSimilarTo", "isAccessoryOrSparePartFor", "isConsumableFor"]


@dataclass(frozen=True)
class Said:
    """A price, and under which condition it is asked, or that it is not asked."""

    amount: Decimal
    condition: dict[str, object] | None = None
    kind: str = ""

    @property
    def is_ordinary(self) -> bool:
        return self.condition is None and not self.kind


AMOUNTS = st.integers(500, 9999).map(lambda cents: Decimal(cents) / 100)
# Told by a word only.
NAMES = [
    {"name": name} for name in ("Mitgliedspreis", "Abopreis", "Prix adhérent", "10+ pieces", "Anzahlung", "Miete")
]
UNITS = [{"unitText": unit} for unit in ("pro kg", "sq ft", "mois", "je 100 ml")]
SAID = st.one_of(
    st.builds(Said, AMOUNTS),
    st.builds(Said, AMOUNTS, st.sampled_from([*NAMES, *UNITS])),
    st.builds(Said, AMOUNTS, st.sampled_from(CONDITIONS)),
    st.builds(Said, AMOUNTS, kind=st.sampled_from(KINDS)),
)
SHELVES = st.lists(SAID, min_size=1, max_size=5, unique_by=lambda each: each.amount)


def written(amount: Decimal, chance: random.Random) -> object:
    """As a text, or as a number: JSON has no Decimal, but two decimals come back as they were."""
    return chance.choice([f"{amount:.2f}", f"${amount:.2f}", f"{amount:.2f} USD", float(amount)])


def specification(said: Said, chance: random.Random) -> Json:
    kind = {"priceType": chance.choice(["", "https://schema.org/"]) + said.kind} if said.kind else {}
    return {"@type": "UnitPriceSpecification", **priced(said, chance), **(said.condition or {}), **kind}


def priced(said: Said, chance: random.Random) -> Json:
    return {"price": written(said.amount, chance), "priceCurrency": "USD"}


def offer(said: Said, chance: random.Random) -> Json:
    availability = chance.choice([{}, {"availability": "https://schema.org/InStock"}])
    if said.kind or chance.random() < 0.3:
        return {"@type": "Offer", "priceSpecification": specification(said, chance), **availability}
    return {"@type": "Offer", **priced(said, chance), **(said.condition or {}), **availability}


# --- Forms: a product of these prices ---------------------------------------------------------------------------


def offers_of_a_product(shelf: list[Said], chance: random.Random) -> Json:
    return {"@type": "Product", "name": "Mug", "offers": [offer(each, chance) for each in shelf]}


def an_aggregate(shelf: list[Said], chance: random.Random) -> Json:
    lowest = min(each.amount for each in shelf)
    offers = [offer(each, chance) for each in shelf]
    of_all = {"@type": "AggregateOffer", "lowPrice": f"{lowest:.2f}", "highPrice": 200, "priceCurrency": "USD"}
    return {"@type": "Product", "offers": {**of_all, "offers": offers}}


def specifications_of_an_offer(shelf: list[Said], chance: random.Random) -> Json:
    specifications = [specification(each, chance) for each in shelf]
    repeated = chance.choice([{}, priced(chance.choice(shelf), chance)])
    return {"@type": "Product", "offers": {"@type": "Offer", "priceSpecification": specifications, **repeated}}


def variants_of_a_group(shelf: list[Said], chance: random.Random) -> Json:
    variants = [{"@type": "Product", "sku": f"s{each.amount}", "offers": offer(each, chance)} for each in shelf]
    return {"@type": "ProductGroup", "hasVariant": variants}


FORMS = [offers_of_a_product, an_aggregate, specifications_of_an_offer, variants_of_a_group]


# --- Mutations that change nothing of what is asked -------------------------------------------------------------


def reordered(value: Json, chance: random.Random) -> Json:
    if isinstance(value, dict):
        pairs = [(name, reordered(each, chance)) for name, each in value.items()]
        return dict(chance.sample(pairs, len(pairs)))
    return (
        chance.sample([reordered(each, chance) for each in value], len(value)) if isinstance(value, list) else value
    )


def nested(value: Json, chance: random.Random) -> Json:
    """Lists around lists, and around what is alone."""
    if isinstance(value, dict):
        return {name: each if name == "@type" else nested(each, chance) for name, each in value.items()}
    if isinstance(value, list):
        value = [nested(each, chance) for each in value]
    return [value] if chance.random() < 0.3 else value


def dropped(value: Json, chance: random.Random) -> Json:
    """Without some of what an offer may leave out."""
    if isinstance(value, list):
        return [dropped(each, chance) for each in value]
    if not isinstance(value, dict):
        return value
    may_go = {"availability", "sku"} | (
        {"@type"} if value.get("@type") in ("Offer", "UnitPriceSpecification") else set()
    )
    return {
        name: dropped(each, chance) for name, each in value.items() if name not in may_go or chance.random() < 0.5
    }


def beside_others(value: Json, chance: random.Random) -> Json:
    """With other products on it, whose amounts nobody else has."""
    other = {
        "@type": "Product",
        "name": "Other",
        "offers": {"@type": "Offer", "price": "1.11", "priceCurrency": "USD"},
    }
    return {**value, chance.choice(TAKEN_APART): chance.choice([other, [other]])}


def pruned(value: Json, chance: random.Random) -> Json:
    """With amounts that are none of the goods'."""
    if isinstance(value, list):
        return [pruned(each, chance) for each in value]
    if not isinstance(value, dict):
        return value
    value = {name: pruned(each, chance) for name, each in value.items()}
    if "Offer" in str(value.get("@type")):
        value["shippingDetails"] = {"deliveryTime": {"minValue": 1, "maxValue": 3}}
        value["priceSpecification"] = [
            *(each for each in [value.get("priceSpecification")] if each is not None),
            {"@type": "DeliveryChargeSpecification", "price": "2.22", "priceCurrency": "USD"},
        ]
    return value


MUTATIONS: list[Callable[[Json, random.Random], Json]] = [reordered, nested, dropped, beside_others, pruned]


# --- Renderings -------------------------------------------------------------------------------------------------


def as_script(value: Json, chance: random.Random) -> str:
    value = chance.choice([value, [value], {"@graph": [value]}, {"@type": "WebPage", "mainEntity": value}])
    text = json.dumps({"@context": "https://schema.org", "@graph": value})
    form = chance.choice(["{}", "{};", "<!-- {} -->", "//<![CDATA[\n{}\n//]]>", "/* page */ {}", "&quot;"])
    text = text.replace('"', form) if form == "&quot;" else form.format(text)
    return f'<script type="application/ld+json">{text}</script>'


def as_a_script_of_its_own(value: Json, chance: random.Random) -> str:
    """That does not say that it is what the page is about."""
    return f'<script type="application/ld+json">{json.dumps(value)}</script>'


def as_microdata(value: Json, chance: random.Random) -> str:
    return elements(value, "itemprop", lambda kind: f'itemscope itemtype="https://schema.org/{kind}"', "")


def as_rdfa(value: Json, chance: random.Random) -> str:
    return (
        f'<main vocab="https://schema.org/">{elements(value, "property", lambda kind: f"typeof={kind}", "")}</main>'
    )


def elements(value: Json, attribute: str, item: Callable[[str], str], name: str) -> str:
    named = f'{attribute}="{name}"' if name else ""
    if isinstance(value, list):
        return "".join(elements(each, attribute, item, name) for each in value)
    if isinstance(value, dict):
        kind = value.get("@type", "Thing")
        within = "".join(elements(each, attribute, item, key) for key, each in value.items() if key != "@type")
        return f"<div {named} {item(kind)}>{within}</div>"
    return f'<meta {named} content="{value}">'.replace("&", "&amp;") if name else ""


@draws(
    40,
    2000,
    SHELVES,
    st.sampled_from(FORMS),
    st.lists(st.sampled_from(MUTATIONS), max_size=3),
    st.sampled_from([as_script, as_microdata, as_rdfa]),
    st.randoms(use_true_random=False),
)
def test_no_price_is_taken_that_is_not_shown_as_an_ordinary_one(
    shelf: list[Said],
    form: Callable[[list[Said], random.Random], Json],
    mutations: list[Callable[[Json, random.Random], Json]],
    rendered: Callable[[Json, random.Random], str],
    chance: random.Random,
) -> None:
    value = form(shelf, chance)
    for mutation in mutations:
        value = mutation(value, chance)
    taken = {each.price for each in page(rendered(value, chance)).offers}
    ordinary = {each.amount for each in shelf if each.is_ordinary}
    assert taken <= ordinary
    # And an ordinary one is found, wherever it is.
    if not (form is specifications_of_an_offer and len(ordinary) > 1):
        # Of several ones in one offer none is guessed.
        assert bool(taken) == bool(ordinary)


@draws(
    40,
    2000,
    SHELVES,
    st.lists(st.sampled_from(["carousel", "heading"]), max_size=1),
    st.randoms(use_true_random=False),
)
def test_no_price_of_a_product_beside_is_taken(shelf: list[Said], known: list[str], chance: random.Random) -> None:
    """Before or after it, in whatever form, with and without an address."""
    others = [
        {
            "@type": "Product",
            "name": f"Plate {at}",
            "offers": {"@type": "Offer", "price": f"{at}.11", "priceCurrency": "USD"},
            **chance.choice([{}, {"url": f"/plate-{at}"}]),
        }
        for at in range(1, 3)
    ]
    mug = {**offers_of_a_product(shelf, chance), **({"url": "/mug"} if known != ["heading"] else {})}
    products = chance.sample([mug, *others], 3)
    rendering = chance.choice([as_a_script_of_its_own, as_microdata, as_rdfa])
    markup = "<h1>Mug</h1>" * (known == ["heading"]) + "".join(rendering(each, chance) for each in products)
    assert {each.price for each in page(markup).offers} <= {each.amount for each in shelf if each.is_ordinary}


@draws(40, 2000, SHELVES, st.sampled_from(FORMS), st.randoms(use_true_random=False), st.integers(0, 3000))
def test_a_script_that_is_cut_off_shows_no_other_prices(
    shelf: list[Said], form: Callable[[list[Said], random.Random], Json], chance: random.Random, at: int
) -> None:
    markup = as_script(form(shelf, chance), chance)[:at]
    assert {each.price for each in page(markup).offers} <= {each.amount for each in shelf if each.is_ordinary}
