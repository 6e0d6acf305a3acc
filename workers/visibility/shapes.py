"""What is looked for in answers, and what is found in them."""

from dataclasses import dataclass
from typing import Literal

Sentiment = Literal["positive", "neutral", "negative"]


@dataclass(frozen=True, slots=True)
class Brand:
    name: str
    # Product lines and other spellings: any of them stands for the brand.
    aliases: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)


@dataclass(frozen=True, slots=True)
class Mention:
    """A brand in an answer."""

    brand: str
    # The rank that a reader takes away; None for what is advised against, or named only for comparison.
    position: int | None
    # The answer's own words around its first place, unchanged.
    quote: str
    sentiment: Sentiment


@dataclass(frozen=True, slots=True)
class Found:
    """What one answer says: each brand once, in the order in which they are first named."""

    mentions: tuple[Mention, ...]
    # The domains that the answer refers to, without www., each once.
    domains: tuple[str, ...]
