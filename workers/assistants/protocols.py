"""What a job asks a language model, and what it gets back."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question, without a memory of others."""

    # What the user says. Texts of others (reviews, listings) in it are delimited by who writes it.
    text: str
    # What the model is and may do; empty: nothing is said.
    instructions: str = ""
    # The JSON schema that the answer's text has to follow, as an object; None: prose.
    schema: Mapping[str, object] | None = None
    # The longest answer, in tokens.
    max_output_tokens: int = 1024
    # Tells equal questions apart: the n-th sample of one is a call, and a row of the cache, of its own.
    sample: int = 1


@dataclass(frozen=True, slots=True)
class Citation:
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one answer took: nothing if it came from the cache or from the service's own assistant."""

    input_tokens: int = 0
    output_tokens: int = 0
    # US dollars, by the prices in the connection's settings.
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Answer:
    text: str
    citations: tuple[Citation, ...] = ()
    usage: Usage = Usage()
    # As the provider names what has answered: it may be more exact than what was asked for.
    model: str = ""
    # Whether it was read from the cache.
    cached: bool = False


class Assistant(Protocol):
    """Answers prompts: a provider's model, or the service's own retrieval over the catalogue."""

    @property
    def name(self) -> str:
        """The connection's name; local-retrieval for the service's own."""

    @property
    def model(self) -> str:
        """As it is asked for."""

    def ask(self, prompt: Prompt) -> Answer:
        """Raises OutboundError: Permanent for what was asked, Transient for what may work later."""
