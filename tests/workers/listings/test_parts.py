"""What is true of one part, or of the product, is not true of another one; and a use is a claim."""

from dataclasses import replace
from functools import cache

import pytest

from workers.listings.shapes import ListingText, Material
from workers.listings.validating import Source, source_of, validate

MUG = ListingText(
    title="Northfield Travel Mug 0.35 l, Slider Lid",
    bullets=(
        "Fits under most coffee machines and into car cup holders",
        "Slider lid that opens and closes with one thumb",
        "Keeps coffee hot for four hours",
        "Non-slip base that stays where it is put",
        "The lid comes apart, so that its seal can be cleaned",
    ),
    description="A mug of stainless steel for the way to work. It holds a large coffee and keeps it hot.",
    attributes={"Material": "Stainless steel", "Capacity": "0.35 l"},
    category="Kitchen > Mugs",
    brand="Northfield",
)


@cache
def source() -> Source:
    """Once, and not while tests are collected: it needs a dictionary, which takes a process a second to load."""
    return source_of(Material(MUG, product_title="Travel Mug 0.35 l"))


INVENTED = [
    "The lid is made of stainless steel.",
    "The lid is non-slip.",
    "The slider lid keeps coffee hot for four hours.",
    "Use it for soup as well.",
    "You can throw it into your backpack without a worry.",
    "The lid, which is non-slip, opens with one thumb",
    "A mug with a non-slip lid",
    "Lid: stainless steel",
    "The mug's seal is made of steel",
    "The lid of the mug is made of stainless steel",
    "The lid comes apart and is non-slip",
    "The lid and the base are non-slip",
    "The base comes apart",
    "A non-slip mug",
    "Keeps soup hot for four hours",
    "It keeps your hands hot for four hours",
    "Take it to the beach",
    "Also works as a vase",
    "Drink your soup from it",
    "The lid stays where it is put",
    "It stays where it is put",
    "Cut by hand",
    "Made of bamboo",
]
TRUE = [
    "The lid opens and closes with one thumb",
    "Your coffee stays hot for four hours",
    "A base that does not slip",
    "It fits into the cup holder of your car",
    "Clean the seal: the lid comes apart",
    "A stainless steel mug for your way to work",
    "The non-slip base stays where you put it",
]


def is_refused(text: str) -> bool:
    return bool(validate(replace(MUG, bullets=(*MUG.bullets, text)), source()))


@pytest.mark.parametrize("text", INVENTED)
def test_what_is_said_of_another_part_is_refused(text: str) -> None:
    assert is_refused(text)


@pytest.mark.parametrize("text", TRUE)
def test_what_is_said_of_that_part_may_be_said_otherwise(text: str) -> None:
    assert not is_refused(text)


@pytest.mark.parametrize(
    "comment", ["<!-- dishwasher safe -->", "&lt;!-- dishwasher > safe --&gt;", "<!-- dishwasher safe"]
)
def test_a_comment_makes_no_fact(comment: str) -> None:
    listing = replace(MUG, description=f"{MUG.description} {comment}")
    source = source_of(Material(listing))
    assert validate(replace(listing, bullets=("A mug for the dishwasher",)), source)


def test_what_a_denied_verb_has_is_denied_and_nothing_before_it() -> None:
    pan = ListingText(
        title="Sartén 28 cm", bullets=("Revestimiento antiadherente sin PFOA",), category="Cocina > Sartenes"
    )
    source = source_of(Material(pan, language="es"))
    assert not validate(replace(pan, bullets=("El revestimiento antiadherente no contiene PFOA",)), source)
