"""What the products and their reviews give to ask about."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from workers.catalogue.models import Listing, Product, ProductQuerySet, Review
from workers.visibility.asking import Topic
from workers.visibility.lexicons import lexicon

# Categories that most of the products have, and of each what is asked about.
MOST_TOPICS, MOST_ATTRIBUTES, MOST_ASPECTS, MOST_WORDS = 5, 6, 4, 4
# A brand may have a hundred thousand, of which the first tell enough.
MOST_PRODUCTS = 2_000
# The newest ones: what customers speak of now.
MOST_REVIEWS = 2_000
# A word that stands in fewer reviews is somebody's own.
FEWEST_REVIEWS = 3
# An attribute of more words is a sentence, and not something to wish for.
_WISH = re.compile(r"[\w.,%/+' -]{2,40}")
_MOST_WISH_WORDS = 4
# "I use it for hiking": what customers use a product for, in each language.
_USES = {
    "en": re.compile(r"\b(?:for|while|during) (?:my |the |our )?([a-z]{4,}ing|[a-z]{4,})\b", re.IGNORECASE),
    "de": re.compile(r"\b(?:für|zum|beim) (?:den |die |das )?([A-ZÄÖÜ][a-zäöüß]{3,})\b"),
    "fr": re.compile(r"\bpour (?:le |la |l'|les )?([a-zà-ÿ]{4,})\b", re.IGNORECASE),
    "es": re.compile(r"\bpara (?:el |la |los |las )?([a-zà-ÿ]{4,})\b", re.IGNORECASE),
}


def topics_of(products: ProductQuerySet, language: str) -> list[Topic]:
    """One of each of the categories that most of the products have, of the first ones by SKU."""
    by_category: dict[str, list[Product]] = defaultdict(list)
    rows = products.select_related("listing").defer("listing__description").order_by("sku")
    for product in rows[:MOST_PRODUCTS]:
        category = _category(product)
        if category:
            by_category[category].append(product)
    most = sorted(by_category, key=lambda name: (-len(by_category[name]), name))[:MOST_TOPICS]
    return [_topic(name, by_category[name], language) for name in most]


def _category(product: Product) -> str:
    listing = _listing(product)
    return (listing.category if listing else "") or product.category


def _listing(product: Product) -> Listing | None:
    return getattr(product, "listing", None)


def _topic(category: str, products: Sequence[Product], language: str) -> Topic:
    reviews = Review.objects.filter(product__in=products, detected_language__in=("", language)).order_by("-id")
    read = list(reviews.values_list("body", "aspects")[:MOST_REVIEWS])
    return Topic(
        category,
        _commonest(_wishes(products), MOST_ATTRIBUTES),
        _commonest(
            (each for _, aspects in read for each in {opinion["aspect"] for opinion in aspects}), MOST_ASPECTS
        ),
        _uses([body for body, _ in read], language),
    )


def _wishes(products: Iterable[Product]) -> Iterable[str]:
    """The attributes' values, if they read like something to wish for: a listing's text is nobody's instruction."""
    for product in products:
        listing = _listing(product)
        for value in (listing.attributes if listing else {}).values():
            if _WISH.fullmatch(value) and len(value.split()) <= _MOST_WISH_WORDS and not value.isdigit():
                yield value.lower() if value.istitle() else value


def _uses(bodies: Iterable[str], language: str) -> tuple[str, ...]:
    words = lexicon(language)
    found = Counter(
        word
        for body in bodies
        for word in {each if language == "de" else each.lower() for each in _USES[language].findall(body)}
        if words.is_word(word) and word.lower() not in words.words("function")
    )
    often = Counter({word: count for word, count in found.items() if count >= FEWEST_REVIEWS})
    return _commonest(often.elements(), MOST_WORDS)


def _commonest(values: Iterable[str], most: int) -> tuple[str, ...]:
    counts = Counter(values)
    return tuple(sorted(counts, key=lambda each: (-counts[each], each))[:most])
