"""Spam and harm: seen where they are, not where words only look like them."""

import pytest

from workers.sentiment import flags
from workers.sentiment.tokens import words_of


def mentions_safety(text: str) -> bool:
    words = words_of(text)
    return flags.mentions_safety(words, flags.phrases_of(words))


def is_spam(text: str) -> bool:
    return flags.is_spam(text, flags.phrases_of(words_of(text)))


@pytest.mark.parametrize(
    "text",
    [
        "The charger caught fire while I was asleep.",
        "It burned my hand when I opened the lid",
        "My daughter got second degree burns from this kettle",
        "gave me an electric shock when I touched the metal part",
        "it shocked me twice",
        "My son almost choked on a piece that came off",
        "Choking hazard!! small parts come loose",
        "There was mold inside the bottle",
        "These were recalled last month and you still sell them",
        "I had an allergic reaction and broke out in hives",
        "Sparks flew out of the outlet and it started smoking",
        "the battery exploded in my pocket",
        "Ended up in the emergency room",
        "sharp edges, cut my finger badly",
        "found pieces of glass in the jar",
        "we all got food poisoning",
        "the chair collapsed under me and I hurt my back",
        "smells toxic, gave my whole family headaches",
        "the plug melted",
        "This is dangerous for children.",
        "the brakes failed on the second ride",
    ],
)
def test_harm_is_seen(text: str) -> None:
    assert mentions_safety(text)


@pytest.mark.parametrize(
    "text",
    [
        "No burns, no sparks, works as it should.",
        "Fire deals this week, the Fire Stick was half price",
        "I burned a CD with it and it burns fast",
        "It is shockingly good and I was shocked at how small the price is",
        "Burns a lot of calories",
        "The candle burns evenly",
        "The sound is fire",
        "This hot sauce is on fire",
        "Non toxic and BPA free",
        "I don't recall when I bought it",
        "The silicone mold is easy to clean",
        "Great shock absorbers",
        "Dangerously delicious",
        "An explosion of flavor",
        "If it catches fire I will let you know",
        "Never gave me a shock",
        "I am sick of cheap knives, this one is great",
        "My wife works at a hospital",
        "Sticker shock aside it is a nice watch",
        "The ink doesn't bleed through the page",
        "Sparks joy",
        "We roast marshmallows over the fire pit",
        "I was choked up when she opened it",
        "killer deal",
        "I don't have to worry about choking",
        "What I found in the bill shocked me",
        "A staple in my kitchen",
        "My brother fell in love with it",
        "A great emergency snack",
        "It is arsenic free",
        "cut my cable bill in half",
    ],
)
def test_figures_of_speech_and_denials_are_not_harm(text: str) -> None:
    assert not mentions_safety(text)


@pytest.mark.parametrize(
    "text",
    [
        "Visit my store at http://cheap-watches.example/deals for big discounts",
        "Nice. Contact me on WhatsApp +1 555 123 4567 for more",
        "use my promo code SAVE20 at checkout",
        "I earn $500 a day working online, click here http://x.example/job",
        "A spell caster brought my husband back",
        "email me at best.deals@example.com for wholesale prices",
        "Best product ever made. Best product ever made. Best product ever made. Best product ever made.",
        "good " * 40,
        "good good good good good good good good good good good",
        "http://a.example/1 http://b.example/2 http://c.example/3",
        "phone case, iphone case, case for iphone, iphone 12 case, iphone 13 case, best case, slim case, clear case, "
        "case cover, cheap case, new case, leather case, case 2024, phone case cover",
        "recovered my lost bitcoin, thanks to them",
    ],
)
def test_spam_is_suspected(text: str) -> None:
    assert is_spam(text)


@pytest.mark.parametrize(
    "text",
    [
        "Love love love it!!!",
        "I called the number on the box and they sent a new one. Great service.",
        "The promo code did not work, but the price was still good",
        "It is the one from https://www.amazon.com/dp/B00TEST123 and it fits",
        "I emailed them twice and never heard back",
        "Pros: price, zoom, size, weight, looks, screen, menu, battery, flash, lens, video, sound",
        "Call me crazy, but I like it",
        "Very very very very good",
        "love love love love love love love it",
        "It was so good. It was so good I ate it all.",
        "Text me when it is back in stock, lol",
        "Great product, fast shipping, A+++++",
    ],
)
def test_buyers_are_not_suspected(text: str) -> None:
    assert not is_spam(text)
