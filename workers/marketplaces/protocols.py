"""What a marketplace can do for a seller: fetch offers, read the seller's own price, write it.

Each of these is a protocol of its own, and a connector implements those that its marketplace allows: whether it can
do something is an isinstance.
"""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, Protocol, Self, runtime_checkable

from aijobs.outbound.failures import OutboundError, Transient
from aijobs.outbound.pace import Pace
from workers.catalogue.models import AVAILABILITIES, CONDITIONS
from workers.connections.shapes import C_co, S_co

LARGEST_AMOUNT = Decimal(10) ** 9
# Of a listing, in the order in which a shopper meets them. The bullets are a list, the others are texts.
TEXTS = ("title", "bullets", "description", "search_terms")
# Some of these, by name.
Texts = Mapping[str, str | list[str]]


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
    # One of AVAILABILITIES; empty where unknown.
    availability: str = ""
    # None: unknown.
    tax_included: bool | None = None
    # In what form a page had it: json-ld, microdata, rdfa or opengraph; empty where it is not of a page.
    source: str = ""
    url: str = ""
    # None: now.
    fetched_at: datetime | None = None
    # What the points are worth that the buyer gets.
    points: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        if not self.seller.strip():
            raise ValueError("The seller is missing.")
        if not (self.price.is_finite() and 0 < self.price < LARGEST_AMOUNT):
            raise ValueError("The price is not above 0, or too large.")
        if not (self.shipping.is_finite() and 0 <= self.shipping < LARGEST_AMOUNT):
            raise ValueError("The shipping is negative, or too large.")
        if not (self.points.is_finite() and 0 <= self.points < self.price + self.shipping):
            raise ValueError("The points are negative, or worth as much as the offer.")
        if not (len(self.currency) == 3 and self.currency.isascii() and self.currency.isupper()):
            raise ValueError("The currency is not a code such as USD.")
        if self.condition not in CONDITIONS:
            raise ValueError(f"The condition is not one of {', '.join(CONDITIONS)}.")
        if self.availability not in ("", *AVAILABILITIES):
            raise ValueError(f"The availability is not one of {', '.join(AVAILABILITIES)}.")

    @property
    def landed_price(self) -> Decimal:
        """What the offer costs the buyer, less what its points are worth."""
        return self.price + self.shipping - self.points


@dataclass(frozen=True, slots=True)
class RefusedOffer:
    """An offer that makes no sense, and why: the others of its SKU count all the same."""

    seller: str
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What the marketplace says of a SKU beside its offers: `code` and `message` are shown to the tenant."""

    code: str
    message: str


class NotReady(Transient):
    """The marketplace works, and does not know this one product's offers yet."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of one SKU: all its offers in the conditions asked for, none but the competitors'; or a problem."""

    sku: str
    offers: tuple[Offer, ...] = ()
    refused: tuple[RefusedOffer, ...] = ()
    notes: tuple[Note, ...] = ()
    # The seller's own price and shipping as the marketplace shows them, where it does.
    own: Offer | None = None
    # At or below which the own offer can expect to be the featured one, where the marketplace says so.
    featured_offer_expected_price: Decimal | None = None
    problem: OutboundError | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Names a connection among all tenants'."""

    tenant_id: int
    marketplace: str


class Connector(ABC, Generic[S_co, C_co]):
    """One open connection. A context manager: what it holds open is closed at the end."""

    def __init__(self, settings: S_co, credentials: C_co, pace: Pace, scope: Scope) -> None:
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


@runtime_checkable
class OfferSource(Protocol):
    """Knows what others ask for a product."""

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        """One Fetched per listing, as they come: those before a failure are not lost.

        A problem of one SKU is its Fetched's. Raises CredentialsRefused, and Transient where the whole marketplace
        is away.
        """
        ...


@runtime_checkable
class PriceSource(Protocol):
    """Knows the seller's own prices."""

    def read_price(self, listing: Listing) -> Decimal:
        """The seller's own price as the marketplace has it now. Raises OutboundError."""
        ...


@runtime_checkable
class PriceDesk(PriceSource, Protocol):
    """Takes new prices, and tells them."""

    def write_price(self, listing: Listing, price: Decimal) -> Sequence[str]:
        """Set the seller's own price, in the listing's currency. Setting it twice does no harm.

        Returns what the marketplace warns of, having taken the price: a few texts, fit to be shown.
        Raises Permanent where the marketplace rejects it, Uncertain where it may have arrived, and Transient where
        it did not.
        """
        ...


@runtime_checkable
class ListingDesk(Protocol):
    """Tells what the seller's own listings say, and takes other texts for them: those of its connector's `texts`."""

    def read_listing(self, listing: Listing, names: Collection[str]) -> Texts:
        """The texts of these names as the marketplace has them now. Raises OutboundError."""
        ...

    def write_listing(self, listing: Listing, texts: Texts) -> Sequence[str]:
        """Replace these texts, and leave everything else as it is. Doing it twice does no harm.

        Returns and raises as `write_price`.
        """
        ...
