"""What a kind of change says of itself. Everything else about a change is the same for all kinds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Generic, Protocol, TypeVar

from aijobs.outbound.pace import Pace
from workers.catalogue.models import Product
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import Listing

V = TypeVar("V")


class Desk(Protocol):
    """An open connection. What else it has to be able to do, each kind knows of its own."""

    pace: Pace


@dataclass(frozen=True, slots=True)
class Guardrails(Generic[V]):
    """What a tenant allows all changes of one kind to do, whoever asks for them."""

    # The refusal's code while the tenant's kill switch is off.
    switched_off: str | None
    # How long a product is left alone after a change.
    cool_down: timedelta
    # Changes of one product within 24 hours.
    most_a_day: int
    # The code of the bound that the new value would be outside of. Reverts keep these too.
    bound_refusal: Callable[[Product, V], str | None]


class ChangeKind(ABC, Generic[V]):
    """One thing of a product that jobs change; `V` is its value. An instance holds what a job itself asks for."""

    # In the audit, and in sentences such as "The price is 9.50 now".
    name: ClassVar[str]
    # The refusal's code where somebody else has changed it since the decision.
    conflict: ClassVar[str]

    @abstractmethod
    def load(self, stored: object) -> V:
        """The value of what `dump` has made of it."""

    @abstractmethod
    def dump(self, value: V) -> object:
        """Its form in JSON, in which nothing of it is lost."""

    def show(self, value: V) -> str:
        """In a sentence."""
        return str(value)

    def currency(self, product: Product) -> str:
        """That of a value which is an amount; empty for any other."""
        return ""

    @abstractmethod
    def current(self, product: Product) -> V:
        """The value in our own row."""

    @abstractmethod
    def fields(self, value: V) -> Mapping[str, object]:
        """The product's columns with this value."""

    @abstractmethod
    def is_elsewhere(self, connection: Connection) -> bool:
        """Whether it is written over the network; else the catalogue's value is the value."""

    @abstractmethod
    def read(self, desk: Desk, listing: Listing) -> V:
        """The value as the marketplace has it now. Raises OutboundError."""

    @abstractmethod
    def write(self, desk: Desk, listing: Listing, value: V) -> Sequence[str]:
        """Set it at the marketplace. Twice does no harm. Returns what the marketplace warns of, having taken it.

        Raises Permanent where the marketplace rejects it, Uncertain where it may have arrived, and Transient where
        it did not.
        """

    @abstractmethod
    def guardrails(self, tenant_id: int) -> Guardrails[V]:
        """Those of now: a kill switch takes effect at once."""
