"""Proposals as language models write them: honest ones pass, and of the others each has one fact that is not true.

What is `embellished` tells a little more than its source, in ordinary words: that a handle sits well in the hand.
"""

import tomllib
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from workers.listings.shapes import ListingText, Material
from workers.listings.validating import Source, source_of, validate

FOLDER = Path(__file__).parent / "rewordings"


# By its name: a source's texts, and the proposals of each kind.
READ: dict[str, dict[str, Any]] = {
    f"{path.stem} {index}": read
    for path in sorted(FOLDER.glob("*.toml"))
    for index, read in enumerate(tomllib.loads(path.read_text("utf-8"))["source"])
}


@cache
def source(name: str) -> Source:
    """Not while tests are collected: that would load its language's dictionary in every process of the suite."""
    read = READ[name]
    texts = {each: read[each] for each in ("title", "description", "category", "brand", "attributes")}
    return source_of(Material(ListingText(bullets=tuple(read["bullets"]), **texts), language=name[:2]))


def proposals(kind: str) -> list[tuple[str, str]]:
    return [(name, text) for name, read in READ.items() for text in read.get(kind, [])]


def is_refused(name: str, text: str) -> bool:
    listing = source(name).listing
    return bool(validate(replace(listing, bullets=(*listing.bullets, text)), source(name)))


@pytest.mark.parametrize(("name", "text"), proposals("invented"))
def test_what_is_invented_is_refused(name: str, text: str) -> None:
    assert is_refused(name, text)


def test_most_of_what_is_embellished_is_refused() -> None:
    """Some of it is praise, of which nobody learns what the product is."""
    embellished = proposals("embellished")
    assert sum(is_refused(*each) for each in embellished) >= 0.7 * len(embellished)


def test_most_honest_rewordings_pass() -> None:
    """More would pass if a lie might: what is said has to stand in the source, and of a part in one clause of it."""
    honest = proposals("honest")
    passed = sum(not is_refused(*each) for each in honest)
    assert passed >= 0.64 * len(honest)
