"""A seller's own words made into a lie: measures that swap places, denials and “faux” left out, what it is for."""

import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from workers.listings.shapes import Field, ListingText, Material
from workers.listings.validating import Source, source_of, validate

TWISTS = tomllib.loads((Path(__file__).parent / "twists.toml").read_text("utf-8"))
# Reading a language takes seconds. The suite reads these, and the long form all.
READ = {"en", "de", "fr", "es", "it", "nl"}
# Of languages whose denials are known by a short list: an assistant writes in none of them.
NOT_FOUND = {"Tål diskmaskin men inte ugn", "Bulaşık makinesinde yıkanır"}


def material(said: dict[str, Any]) -> Material:
    listing = ListingText(
        title="Marlow Zephyr",
        brand="Marlow",
        bullets=tuple(said["bullets"]),
        attributes=said.get("attributes", {}),
    )
    return Material(listing, language=said["language"])


@cache
def source_for(language: str, *bullets: str, **attributes: str) -> Source:
    return source_of(material({"language": language, "bullets": bullets, "attributes": attributes}))


def is_refused(source: Source, text: str) -> bool:
    return bool(validate(replace(source.listing, bullets=(*source.listing.bullets, text)), source))


def texts(kind: str, name: str, read: bool = True) -> Iterator[tuple[Source, str]]:
    for said in TWISTS[kind]:
        if (said["language"] in READ) is read:
            source = source_for(said["language"], *said["bullets"], **said.get("attributes", {}))
            yield from ((source, text) for text in said[name])


@pytest.mark.parametrize("kind", list(TWISTS))
def test_what_is_twisted_is_refused(kind: str) -> None:
    assert [text for source, text in texts(kind, "twisted") if not is_refused(source, text)] == []


@pytest.mark.long
def test_what_is_twisted_in_other_languages_is_mostly_refused() -> None:
    found = {text for source, text in texts("elsewhere", "twisted", read=False) if not is_refused(source, text)}
    assert found == NOT_FOUND


@pytest.mark.parametrize("kind", list(TWISTS))
def test_most_of_what_is_said_otherwise_passes(kind: str) -> None:
    honest = list(texts(kind, "honest"))
    refused = [text for source, text in honest if is_refused(source, text)]
    assert len(refused) <= 0.25 * len(honest), refused


def of(source: Source, field: Field, text: str) -> list[str]:
    proposed = replace(source.listing, **{field: text})  # type: ignore[arg-type]
    return [problem.kind for problem in validate(proposed, source)]


def test_a_material_that_it_only_looks_like_is_none_in_search_terms_either() -> None:
    source = source_for("en", "Faux leather cover", "Brush for steel")
    assert of(source, "search_terms", "leather cover") == ["misplaced_fact"]
    assert of(source, "search_terms", "faux leather cover steel brush") == []


def test_a_number_measures_what_an_attribute_says() -> None:
    source = source_for("en", "Made of oak", Length="20 cm", Width="10 cm")
    assert of(source, "title", "Marlow Zephyr, 10 cm wide, 20 cm long") == []
    assert of(source, "title", "Marlow Zephyr, length: 10 cm") == ["misplaced_fact"]


def test_a_refusal_in_the_sellers_language_is_no_fact() -> None:
    assert of(source_for("nl", Deksel="Nee"), "description", "Deksel") != []
    assert of(source_for("nl", Deksel="Ja"), "description", "Deksel") == []
