"""What a kind of change says of itself. Everything else about a change is the same for all kinds."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from django.db.models import Model, QuerySet

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
    # What the tenant has switched off, in a sentence, where the guardrails say that it has.
    switched_off: ClassVar[str]

    @abstractmethod
    def load(self, stored: object) -> V:
        """The value of what `dump` has made of it."""

    @abstractmethod
    def dump(self, value: V) -> object:
        """Its form in JSON, in which nothing of it is lost."""

    def show(self, value: V) -> str:
        """In a sentence."""
        return str(value)

    def texts(self, value: V) -> Mapping[str, str]:
        """All of it, by the names of its parts, for who compares two values."""
        return {self.name: self.show(value)}

    def currency(self, product: Product) -> str:
        """That of a value which is an amount; empty for any other."""
        return ""

    def row(self, product: Product) -> Model:
        """Our own row that has the value. Only asked for where `current` found one."""
        return product

    def rows(self, product_ids: Collection[int]) -> QuerySet[Any]:
        """The same rows of several products."""
        return Product.objects.filter(pk__in=product_ids)

    def hold(self, products: Sequence[Product]) -> None:
        """Read the rows and lock them until the transaction ends, where they are other ones than the products, which
        are locked already."""
        return

    @abstractmethod
    def current(self, product: Product, like: V) -> V:
        """The value in our own row, as far as `like` says anything of it."""

    @abstractmethod
    def fields(self, value: V) -> Mapping[str, object]:
        """The row's columns with this value."""

    @abstractmethod
    def is_elsewhere(self, connection: Connection) -> bool:
        """Whether it is written over the network; else the catalogue's value is the value."""

    @abstractmethod
    def read(self, desk: Desk, listing: Listing, like: V) -> V:
        """The value as the marketplace has it now, as far as `like` says anything of it. Raises OutboundError."""

    @abstractmethod
    def write(self, desk: Desk, listing: Listing, value: V) -> Sequence[str]:
        """Set it at the marketplace. Twice does no harm. Returns what the marketplace warns of, having taken it.

        Raises Permanent where the marketplace rejects it, Uncertain where it may have arrived, and Transient where
        it did not.
        """

    @abstractmethod
    def guardrails(self, tenant_id: int) -> Guardrails[V]:
        """Those of now: a kill switch takes effect at once."""
