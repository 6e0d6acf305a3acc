"""What a marketplace can do for a seller: fetch offers, read the seller's own price, write it."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, ConfigDict

from aijobs.outbound.failures import OutboundError
from aijobs.outbound.pace import Pace
from workers.catalogue.models import CONDITIONS

LARGEST_AMOUNT = Decimal(10) ** 9


class Capability(StrEnum):
    FETCH_OFFERS = "fetch_offers"
    READ_PRICE = "read_price"
    WRITE_PRICE = "write_price"


@dataclass(frozen=True, slots=True)
class Listing:
    """One of the seller's own products, as far as a connector needs it."""

    sku: str
    currency: str
    # The marketplace's own name of it: an ASIN, a variant's id. Empty where the seller did not say.
    external_id: str = ""
    # Competitors' pages of the same product.
    competitor_urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody asks for the product, in major units of `currency`. Raises ValueError with what is wrong."""

    seller: str
    price: Decimal
    shipping: Decimal
    currency: str
    # One of CONDITIONS.
    condition: str = "new"
    # Who ships, in the marketplace's word: amazon, merchant; empty where unknown.
    fulfilment: str = ""
    is_buy_box: bool = False
    url: str = ""
    # None: now.
    fetched_at: datetime | None = None

    def __post_init__(self) -> None:
        if not self.seller.strip():
            raise ValueError("the seller is missing")
        if not (self.price.is_finite() and 0 < self.price < LARGEST_AMOUNT):
            raise ValueError("the price must be above 0")
        if not (self.shipping.is_finite() and 0 <= self.shipping < LARGEST_AMOUNT):
            raise ValueError("the shipping must not be negative")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError("the currency is no code, as in USD")
        if self.condition not in CONDITIONS:
            raise ValueError(f"the condition is none of {', '.join(CONDITIONS)}")

    @property
    def landed_price(self) -> Decimal:
        """What the buyer pays."""
        return self.price + self.shipping


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    """An offer that makes no sense, and why: the others of its SKU count all the same."""

    seller: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one SKU: all its offers in the conditions asked for, none but the competitors'; or a problem."""

    sku: str
    offers: tuple[Offer, ...] = ()
    refused: tuple[RefusedOffer, ...] = ()
    # The seller's own price and shipping as the marketplace shows them, where it does.
    own: Offer | None = None
    # At or below which the own offer can expect to be the featured one, where the marketplace says so.
    featured_offer_expected_price: Decimal | None = None
    problem: OutboundError | None = None


class ConnectionModel(BaseModel):
    """Base of a connector's settings and credentials: strict types, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, hide_input_in_errors=True)


class NoCredentials(ConnectionModel):
    """Of a connector that needs none."""


S = TypeVar("S", bound=ConnectionModel)
C = TypeVar("C", bound=ConnectionModel)


class Connector(ABC, Generic[S, C]):
    """One open connection. A context manager: what it holds open is closed at the end.

    Subclasses say what their settings and credentials are, and override what their capabilities name.
    """

    settings_model: ClassVar[type[ConnectionModel]]
    credentials_model: ClassVar[type[ConnectionModel]] = NoCredentials
    capabilities: ClassVar[frozenset[Capability]]
    # The settings that say where the credentials are sent: whoever changes one has to know them.
    destinations: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, settings: S, credentials: C, pace: Pace, scope: str) -> None:
        """`scope` names the connection among all tenants': the key of what its workers share, such as rate limits."""
        self.settings = settings
        self.credentials = credentials
        self.pace = pace
        self.scope = scope

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release what is held open."""

    @abstractmethod
    def check(self) -> str:
        """Try the connection with its cheapest call; returns what was found. Raises OutboundError."""

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        """One Fetched per listing, as they come: those before a failure are not lost.

        A problem of one SKU is its Fetched's. Raises CredentialsRefused, and Transient where the whole marketplace
        is away.
        """
        raise NotImplementedError

    def read_price(self, listing: Listing) -> Decimal:
        """The seller's own price as the marketplace has it now. Raises OutboundError."""
        raise NotImplementedError

    def write_price(self, listing: Listing, price: Decimal) -> None:
        """Set the seller's own price, in the listing's currency. Setting it twice does no harm.

        Raises Permanent where the marketplace rejects it, Uncertain where it may have arrived, and Transient where
        it did not.
        """
        raise NotImplementedError
