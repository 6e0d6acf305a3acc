"""What marketplaces do not take, and what they do."""

from dataclasses import replace
from datetime import date

import pytest

from tests.drawing import draws
from tests.workers.listings.bottles import LISTING
from tests.workers.listings.drawing import listings
from workers.listings.brands import others_of
from workers.listings.checking import check
from workers.listings.rulebook import rules_of
from workers.listings.shapes import FIELDS, Competitor, Field, ListingText

NAMES = ["amazon_us", "shopify", "ebay_de", "walmart_us", "my_shop"]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_names_its_source_and_its_day(name: str) -> None:
    rules = rules_of(name)
    assert rules.rules
    for rule in rules.rules:
        assert rule.source
        assert date.fromisoformat(rule.seen) <= date(2026, 11, 27)
        assert set(rule.fields) <= set(rules.fields) <= set(FIELDS)


def test_marketplaces_and_connectors_have_the_rules_of_their_name() -> None:
    assert [rules_of(name).name for name in ("amazon_de", "amazon", "Shopify", "EBAY_uk", "my_shop", "in", "")] == [
        "amazon", "amazon", "shopify", "ebay", "neutral", "neutral", "neutral",
    ]  # fmt: skip


def test_some_countries_have_limits_of_their_own() -> None:
    limits = {name: rules_of(name).limit("search_terms", "bytes_at_most", 0) for name in ("amazon_us", "amazon_jp")}
    assert limits == {"amazon_us": 249, "amazon_jp": 499}
    assert rules_of("amazon_ae").limit("title", "characters_at_most", 0) == 200


def broken(listing: ListingText, marketplace: str = "amazon_us", language: str = "en") -> set[str]:
    return {each.rule for each in check(listing, rules_of(marketplace), language)}


@pytest.mark.parametrize("name", NAMES)
def test_a_good_listing_breaks_no_rule(name: str) -> None:
    assert broken(LISTING, name) == set()


BREACHES: list[tuple[str, Field, str, str, str]] = [
    ("amazon_us", "title", "Bottle " + "x" * 195, "en", "title_length"),
    ("amazon_us", "title", "Bottle " * 2 + "x" * 62, "en", "title_shortened"),
    ("amazon_us", "title", "Bottle, Water Bottle, Steel bottle", "en", "title_repetition"),
    ("amazon_us", "title", "Bottle bottles Bottle's bottle", "en", "title_repetition"),
    ("amazon_us", "title", "Größe größe GRÖSSE", "de", "title_repetition"),
    ("amazon_us", "title", "Bottle?", "en", "title_characters"),
    ("amazon_us", "title", "Steel_Bottle", "en", "title_characters"),
    ("amazon_us", "title", "STEEL Bottle", "en", "title_capitals"),
    ("amazon_us", "title", "THE BIG NEW Bottle", "en", "title_capitals"),
    ("amazon_us", "title", "Bottle, FREE Lid", "en", "title_capitals"),
    ("amazon_us", "title", "Flasche NEU", "de", "title_capitals"),
    ("amazon_us", "title", "L@@K Steel Bottle", "en", "promotion"),
    ("amazon_us", "title", "Best-Seller Bottle", "en", "promotion"),
    ("amazon_us", "title", "#1 Bottle", "en", "promotion"),
    ("amazon_us", "title", "No. 1 Bottle", "en", "promotion"),
    ("amazon_us", "title", "№1 Bottle", "en", "promotion"),
    ("amazon_us", "title", "Bottle with FreeShipping", "en", "promotion"),
    ("amazon_us", "title", "Bottle free/shipping", "en", "promotion"),
    ("amazon_us", "title", "Bottle 50% Off", "en", "promotion"),
    ("amazon_us", "title", "Bottle, Buy 2 Get 1", "en", "promotion"),
    ("amazon_us", "title", "Flasche, versandkostenfrei", "de", "promotion"),
    ("amazon_us", "title", "Bouteille, livraison gratuite", "fr", "promotion"),
    ("amazon_us", "title", "Botella con envío gratis", "es", "promotion"),
    ("amazon_us", "title", "Amazing Bottle", "en", "subjective"),
    ("amazon_us", "title", "", "en", "title_missing"),
    ("amazon_us", "title", "Bottle 💧", "en", "decoration"),
    ("amazon_us", "title", "Bottle\u200b", "en", "hidden_characters"),
    ("amazon_us", "bullets", "Blue", "en", "bullet_short"),
    ("amazon_us", "bullets", "X" + "y" * 255, "en", "bullet_length"),
    ("amazon_us", "bullets", "keeps drinks cold", "en", "bullet_first_letter"),
    ("amazon_us", "bullets", "Not Applicable", "en", "bullet_placeholder"),
    ("amazon_us", "bullets", "Keeps cold ™ and hot", "en", "bullet_characters"),
    ("amazon_us", "bullets", "Keeps <b>cold</b> for long", "en", "markup"),
    ("amazon_us", "bullets", "Keeps cold &amp; hot", "en", "markup"),
    ("amazon_us", "bullets", "Write to shop@example.com", "en", "contact"),
    ("amazon_us", "bullets", "Now for $12.99 only", "en", "contact"),
    ("amazon_us", "bullets", "See www.example.com/bottle", "en", "contact"),
    ("amazon_us", "bullets", "Goes with B0ABCDEFGH", "en", "product_codes"),
    ("amazon_us", "bullets", "Money-back guarantee", "en", "guarantee"),
    ("amazon_us", "bullets", "Mit Geld-zurück-Garantie", "de", "guarantee"),
    ("amazon_us", "bullets", "Relieves pain and stress", "en", "health_claim"),
    ("amazon_us", "bullets", "Kills 99.9% of all of them", "en", "health_claim"),
    ("amazon_us", "bullets", "Kills mildew on walls", "en", "health_claim"),
    ("amazon_us", "bullets", "Anti-viral lid", "en", "health_claim"),
    ("amazon_us", "bullets", "Antibacterials for your home", "en", "health_claim"),
    ("amazon_us", "bullets", "Pest control at home", "en", "health_claim"),
    ("amazon_us", "bullets", "Antibakterielle Oberfläche", "de", "health_claim"),
    ("amazon_us", "bullets", "Elimina bacterias del agua", "es", "health_claim"),
    ("amazon_us", "bullets", "An eco-friendly lid", "en", "environment_claim"),
    ("amazon_us", "bullets", "Ein umweltfreundlicher Deckel", "de", "environment_claim"),
    ("amazon_us", "description", "<p>A bottle</p>", "en", "description_markup"),
    ("amazon_us", "description", "A bottle<br onclick='x()'>", "en", "description_markup"),
    ("amazon_us", "bullets", "Goes with b0abcdefgh", "en", "product_codes"),
    ("amazon_us", "search_terms", "b0abcdefgh", "en", "product_codes"),
    ("amazon_us", "search_terms", "northfield's steel", "en", "search_terms_brand"),
    ("amazon_us", "search_terms", "ä" * 125, "en", "search_terms_bytes"),
    ("amazon_us", "search_terms", "bottle bottles", "en", "search_terms_repetition"),
    ("amazon_us", "search_terms", "northfield steel", "en", "search_terms_brand"),
    ("amazon_us", "search_terms", "steel, flask", "en", "search_terms_commas"),
    ("amazon_us", "title", "Steel Bottle！", "en", "title_characters"),
    ("amazon_us", "title", "Bеst Sеller Bottle", "en", "promotion"),
    ("amazon_us", "title", "ＢＥＳＴ ＳＥＬＬＥＲ Bottle", "en", "promotion"),
    ("amazon_us", "bullets", "Аntibacterial lid", "en", "health_claim"),
    ("amazon_us", "bullets", "Αntibacterial lid", "en", "health_claim"),
    ("amazon_us", "search_terms", "bottle 0306406152", "en", "product_codes"),
    ("amazon_us", "search_terms", "bottle 097522980x", "en", "product_codes"),
    ("walmart_us", "bullets", "Keeps " + "x" * 150, "en", "bullet_length"),
    ("shopify", "title", "x" * 256, "en", "title_length"),
    ("shopify", "description", "<p onclick='x()'>A bottle</p>", "en", "active_content"),
    ("ebay_de", "title", "x" * 81, "en", "title_length"),
    ("ebay_de", "description", "<iframe src=x></iframe>", "en", "active_content"),
    ("walmart_us", "title", "x" * 151, "en", "title_length"),
    ("walmart_us", "title", "Bottle *", "en", "title_characters"),
    ("my_shop", "bullets", "Call 555-123-4567 now", "en", "contact"),
]  # fmt: skip


@pytest.mark.parametrize(("marketplace", "field", "text", "language", "rule"), BREACHES)
def test_a_breach_is_found(marketplace: str, field: Field, text: str, language: str, rule: str) -> None:
    assert rule in broken(with_text(field, text), marketplace, language)


KEPT: list[tuple[Field, str, str]] = [
    ("title", "20 x 20 x 20 cm Box for the Home and the Garden and the Car", "en"),
    ("title", "LED Lamp with USB and HDMI", "en"),
    ("title", "TV Lamp without BPA and PVC, for AAA Cells", "en"),
    ("title", "NORTHFIELD Steel Bottle", "en"),
    ("title", "Bottle for Dogs, Bottle for Cats", "en"),
    ("title", "Bottle, Bottles and Bottle", "en"),
    ("bullets", "A pestle that secures cured ham", "en"),
    ("bullets", "A bag of treats for dogs", "en"),
    ("title", "Angelbox für Köder", "de"),
    ("bullets", "iPhone fits into its pocket", "en"),
    ("bullets", "Keeps cold at -5 °C and hot at 60 °C", "en"),
    ("bullets", "Weighs 1.5 kg, of 18/10 steel", "en"),
    ("bullets", "4006381333931 is printed below", "en"),
    ("bullets", "A shower curtain that secures itself", "en"),
    ("description", "First line<br>second line", "en"),
    ("search_terms", " ".join(letter * 48 for letter in "abcde"), "en"),
]


@pytest.mark.parametrize(("field", "text", "language"), KEPT)
def test_what_only_looks_like_a_breach_is_none(field: Field, text: str, language: str) -> None:
    assert broken(with_text(field, text), "amazon_us", language) == set()


def with_text(field: Field, text: str) -> ListingText:
    if field == "bullets":
        return replace(LISTING, bullets=(*LISTING.bullets, text))
    if field == "title":
        return replace(LISTING, title=text)
    return replace(LISTING, description=text) if field == "description" else replace(LISTING, search_terms=text)


def test_a_brand_may_be_written_as_it_is() -> None:
    assert broken(replace(LISTING, title="Yahoo! YAHOO! Bottle", brand="Yahoo!")) == set()
    assert broken(replace(LISTING, title="Best Seller Bottle", brand="Best Seller")) == set()


@pytest.mark.parametrize("terms", ["flask HydraMax", "hydramax's flask", "hydramaxs", "northfields steel"])
def test_search_terms_name_no_brand_of_anybody(terms: str) -> None:
    listing = replace(LISTING, search_terms=terms, other_brands=("hydramax",))
    assert broken(listing) == {"search_terms_brand"}
    assert broken(replace(listing, other_brands=(), brand="Other")) == set()


def test_others_brands_are_names_and_not_words() -> None:
    sold = [
        Competitor("", brand=name)
        for name in ("HydraMax", "Easy", "Steel", "Northfield", "Hiking", "Bo", "", "Yeti ")
    ]
    assert others_of(sold, LISTING, "en") == ("hydramax", "yeti")


def test_books_keep_long_titles() -> None:
    long = replace(
        LISTING, title="The Bottle: How Steel and Silicone Have Changed Everything That Hikers Carry Along"
    )
    assert broken(long) == {"title_shortened"}
    assert broken(replace(long, category="Books > History")) == set()


@pytest.mark.parametrize(
    ("name", "limit"), [("amazon_us", 200), ("shopify", 255), ("ebay_de", 80), ("walmart_us", 150)]
)
@pytest.mark.parametrize("letter", ["b", "ß", "👍", "\U0001d4b3", "e\u0301"])
def test_a_title_may_have_as_many_characters_as_the_limit_says(name: str, limit: int, letter: str) -> None:
    """An e and an accent that stands by itself are two: an import makes them one."""
    title = f"B{letter * limit}"
    assert "title_length" not in broken(replace(LISTING, title=title[:limit]), name)
    assert "title_length" in broken(replace(LISTING, title=title[: limit + 1]), name)


@pytest.mark.parametrize("letter", ["a", "ä", "日", "👍"])
def test_search_terms_may_have_as_many_bytes_as_the_limit_says(letter: str) -> None:
    terms = letter * (249 // len(letter.encode()))
    terms += "b" * (249 - len(terms.encode()))
    assert "search_terms_bytes" not in broken(replace(LISTING, search_terms=terms))
    assert "search_terms_bytes" in broken(replace(LISTING, search_terms=f"{terms}b"))


@pytest.mark.parametrize("character", "!$?_{}^¬¦")
def test_amazons_titles_have_none_of_these(character: str) -> None:
    title = f"Steel Bottle{character} 500 ml"
    assert "title_characters" in broken(replace(LISTING, title=title))
    assert "title_characters" not in broken(replace(LISTING, title=title, brand=f"Bottle{character}"))


def test_what_a_listing_lacks_is_told() -> None:
    lacks = {name: broken(ListingText(), name) for name in NAMES}
    assert lacks == {
        "amazon_us": {"title_missing", "bullet_few"},
        "shopify": {"title_missing"},
        "ebay_de": {"title_missing"},
        "walmart_us": {"title_missing", "bullet_few"},
        "my_shop": {"title_missing"},
    }


def test_bullets_are_counted() -> None:
    assert broken(replace(LISTING, bullets=("A good bottle",) * 2)) == {"bullet_few"}
    assert "bullet_few" in broken(replace(LISTING, bullets=("A good bottle", "Another good bottle", " ")))
    assert broken(replace(LISTING, bullets=tuple(f"A good bottle {number}" for number in range(5)))) == set()
    assert broken(replace(LISTING, bullets=tuple(f"A good bottle {number}" for number in range(6)))) == {
        "bullet_count"
    }
    assert broken(replace(LISTING, bullets=("A" * 255, "B" * 10, "C" * 9, "D" * 256))) == {
        "bullet_length",
        "bullet_short",
        "capitals",
    }


@draws(20, 1000, listings())
def test_places_lie_within_their_texts(listing: ListingText) -> None:
    for name in NAMES:
        for each in check(listing, rules_of(name), "en"):
            text = listing.bullets[each.bullet] if each.bullet is not None else getattr(listing, each.field)
            assert 0 <= each.start <= each.end <= len(text)
