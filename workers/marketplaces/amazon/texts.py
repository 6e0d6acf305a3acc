"""The attributes of a listing that hold its texts. Each may have values in several languages and marketplaces."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from workers.marketplaces.amazon.attributes import NotUnderstood, Part, deletion, parts, replacement
from workers.marketplaces.protocols import Texts

TITLE = "item_name"
BULLETS = "bullets"
# By the name of the text.
ATTRIBUTES = {
    "title": TITLE,
    BULLETS: "bullet_point",
    "description": "product_description",
    "search_terms": "generic_keyword",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text is shown, and in which language: a value that names neither is meant for all."""

    marketplace_id: str
    language_tag: str

    @property
    def selector(self) -> Part:
        return {"marketplace_id": self.marketplace_id, "language_tag": self.language_tag}

    def has(self, value: Part) -> bool:
        return all(value.get(name) in (None, expected) for name, expected in self.selector.items())


def language_of(attributes: Part, marketplace_id: str) -> str | None:
    """The one that the listing's title has in the marketplace; None where there is none, or are several."""
    titles = [each for each in parts(attributes, TITLE, TITLE) if each.get("marketplace_id") == marketplace_id]
    tags = {each.get("language_tag") for each in titles}
    only = tags.pop() if len(tags) == 1 else None
    return only if isinstance(only, str) else None


def texts_of(attributes: Part, names: Collection[str], place: Place) -> Texts:
    """The texts of these names. Raises NotUnderstood."""
    return {name: _text(name, _values(attributes, ATTRIBUTES[name], place)) for name in names}


def _values(attributes: Part, attribute: str, place: Place) -> list[str]:
    values = [each.get("value") for each in parts(attributes, attribute, attribute) if place.has(each)]
    texts = [each for each in values if isinstance(each, str)]
    if len(texts) < len(values):
        raise NotUnderstood("a value is not a text", attribute)
    return texts


def _text(name: str, values: list[str]) -> str | list[str]:
    """Search terms may be several values. They count together; of the other texts there is one."""
    return values if name == BULLETS else " ".join(values)


def patches(attributes: Part, texts: Texts, place: Place) -> list[orjson.Fragment]:
    """What sets these texts, and leaves those of other languages and marketplaces. Raises NotUnderstood."""
    return [_patch(attributes, ATTRIBUTES[name], text, place) for name, text in texts.items()]


def _patch(attributes: Part, attribute: str, text: str | Sequence[str], place: Place) -> orjson.Fragment:
    others = [each for each in parts(attributes, attribute, attribute) if not place.has(each)]
    values = [text] if isinstance(text, str) else text
    ours = [{"value": value, **place.selector} for value in values if value]
    return replacement(attribute, [*others, *ours]) if others or ours else deletion(attribute, place.selector)
