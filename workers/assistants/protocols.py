"""What a job asks a language model, and what it gets back."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, Self, runtime_checkable

from aijobs.outbound.failures import OutboundError
from workers.connections.shapes import C_co, S_co


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
    # With a schema: the JSON, which follows it.
    text: str
    citations: tuple[Citation, ...] = ()
    usage: Usage = Usage()
    # As the provider names what has answered: it may be more exact than what was asked for.
    model: str = ""
    # Whether it was read from the cache.
    cached: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """What a provider has sent for a prompt, and is paid for, whether it can be used or not."""

    text: str
    citations: tuple[Citation, ...] = ()
    # None where the provider does not say.
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str = ""
    # Why it is not an answer: a refusal, say.
    problem: OutboundError | None = None


@runtime_checkable
class Priced(Protocol):
    """Settings with the prices of a provider."""

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What a call with these tokens costs, in US dollars."""


class Assistant(Protocol):
    """Answers prompts by itself: the service's own retrieval over the catalogue."""

    @property
    def name(self) -> str:
        """As results show it, for example local-retrieval."""

    @property
    def model(self) -> str:
        """What answers."""

    def ask(self, prompt: Prompt) -> Answer:
        """Raises OutboundError: Permanent for what was asked, Transient for what may work later."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Names a connection among all tenants'."""

    tenant_id: int
    name: str


class Connector(ABC, Generic[S_co, C_co]):
    """One open connection to a provider. A context manager: what it holds open is closed at the end.

    Several threads ask it at once.
    """

    def __init__(self, settings: S_co, credentials: C_co, scope: Scope) -> None:
        self.settings = settings
        self.credentials = credentials
        self.scope = scope

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what is held open."""

    @property
    def name(self) -> str:
        """The connection's, which jobs know the assistant by."""
        return self.scope.name

    @property
    @abstractmethod
    def model(self) -> str:
        """As it is asked for."""

    @property
    @abstractmethod
    def host(self) -> str:
        """Who answers, for people: the host of its address."""

    @property
    @abstractmethod
    def identity(self) -> Mapping[str, object]:
        """What its answers depend on besides the prompt: with another one, none that is stored is an answer."""

    @abstractmethod
    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What a call with these tokens costs, in US dollars."""

    @abstractmethod
    def check(self, seconds: float) -> Reply:
        """Ask the cheapest question, once: whatever comes shows that it works. Raises OutboundError."""

    @abstractmethod
    def ask(self, prompt: Prompt) -> Reply:
        """Raises OutboundError where nothing came that is paid for.

        CredentialsRefused: nothing of this connection works until the tenant mends it. Throttled or OutOfTime: it is
        to be asked again after `retry_after` seconds, which are too many to be waited for here. Unavailable: it has
        failed several times, and the next question may fare better.
        """
