"""Proposals as language models write them: honest ones pass, and of the others each has one fact that is not true.

What is `embellished` tells a little more than its source, in ordinary words: that a handle sits well in the hand.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from workers.listings.shapes import ListingText, Material
from workers.listings.validating import Source, source_of, validate

FOLDER = Path(__file__).parent / "rewordings"


@cache
def sources() -> dict[str, tuple[Source, dict[str, Any]]]:
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        for index, read in enumerate(tomllib.loads(path.read_text("utf-8"))["source"]):
            texts = {name: read[name] for name in ("title", "description", "category", "brand", "attributes")}
            listing = ListingText(bullets=tuple(read["bullets"]), **texts)
            source = source_of(Material(listing, language=path.stem[:2]))
            found[f"{path.stem} {index}"] = (source, read)
    return found


def proposals(kind: str) -> Iterator[tuple[str, str]]:
    return ((name, text) for name, (_, read) in sources().items() for text in read.get(kind, []))


def is_refused(name: str, text: str) -> bool:
    source = sources()[name][0]
    return bool(validate(replace(source.listing, bullets=(*source.listing.bullets, text)), source))


@pytest.mark.parametrize(("name", "text"), list(proposals("invented")))
def test_what_is_invented_is_refused(name: str, text: str) -> None:
    assert is_refused(name, text)


def test_most_of_what_is_embellished_is_refused() -> None:
    """Some of it is praise, of which nobody learns what the product is."""
    embellished = list(proposals("embellished"))
    assert sum(is_refused(*each) for each in embellished) >= 0.7 * len(embellished)


def test_most_honest_rewordings_pass() -> None:
    """More would pass if a lie might: what is said has to stand in the source, and of a part in one clause of it."""
    honest = list(proposals("honest"))
    passed = sum(not is_refused(*each) for each in honest)
    assert passed >= 0.64 * len(honest)
