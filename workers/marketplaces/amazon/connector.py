"""The connector: offers in one of Amazon's marketplaces, and a seller's own prices and listings, read and written."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from urllib.parse import quote

from django.utils.timezone import now

from aijobs.outbound.failures import Permanent, Uncertain
from aijobs.outbound.pace import Pace
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.amazon import client, purchasable
from workers.marketplaces.amazon.answers import InvalidAnswer, fields, items, money, words
from workers.marketplaces.amazon.attributes import Part, encoded, replacement
from workers.marketplaces.amazon.client import Client
from workers.marketplaces.amazon.pricing import Pricing, unfit
from workers.marketplaces.amazon.purchasable import EVERYBODY, OurPrice, repriced
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.amazon.texts import Place, language_of, patches, texts_of
from workers.marketplaces.protocols import Connector, Fetched, Listing, Scope, Texts

# Of one answer: nobody reads more, and they are stored.
MOST_WARNINGS = 10
UNTOLD = "Amazon does not say what is wrong."


class Amazon(Connector[AmazonSettings, AmazonCredentials]):
    def __init__(self, settings: AmazonSettings, credentials: AmazonCredentials, pace: Pace, scope: Scope) -> None:
        super().__init__(settings, credentials, pace, scope)
        self._client = Client(settings, credentials, pace)
        self._listings = f"/listings/2021-08-01/items/{settings.seller_id}"

    def close(self) -> None:
        self._client.close()

    def check(self) -> str:
        answer = fields(self._client.call(client.SEARCH_LISTINGS, self._listings, params=self._params(pageSize="1")))
        count = answer.get("numberOfResults")
        if isinstance(count, bool) or not isinstance(count, int):
            raise InvalidAnswer("it does not say how many listings there are")
        # Amazon counts no further than 1000.
        return f"Amazon {self.settings.country} has {count} listings of the seller {self.settings.seller_id}."

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        """Amazon tells the twenty cheapest offers of each condition, and the featured one."""
        wanted = [condition for condition in CONDITIONS if condition in conditions]
        return Pricing(self._client, self.settings, wanted).fetch(listings)

    def read_price(self, listing: Listing) -> Decimal:
        """What consumers pay without shipping: during a sale of Amazon's scheduling, its price."""
        answer = self._read(listing, "offers")
        offers = [fields(each, "an offer") for each in items(answer.get("offers", []), "offers")]
        for offer in offers:
            if offer.get("marketplaceId") == self.settings.marketplace.id and _is_for_everybody(offer):
                return _price(offer, listing.currency)
        raise Permanent("NO_PRICE", "Amazon shows no consumer offer for this listing.")

    def write_price(self, listing: Listing, price: Decimal) -> Sequence[str]:
        """As the protocol says. Sales, limits and business prices stay: what is set is the price beside them."""
        ours = OurPrice(self.settings.marketplace.id, listing.currency, price)
        # Before what is uncertain: until here nothing was written.
        offers = repriced(_attributes(self._read(listing, "attributes")), ours, now())
        return self._submit(listing, encoded(self.settings.product_type, [replacement(purchasable.NAME, offers)]))

    def read_listing(self, listing: Listing, names: Collection[str]) -> Texts:
        """In the language of this marketplace; where the listing has another one only, in that."""
        attributes = _attributes(self._read(listing, "attributes"))
        return texts_of(attributes, names, self._place(attributes))

    def write_listing(self, listing: Listing, texts: Texts) -> Sequence[str]:
        """As the protocol says. Texts of other languages and marketplaces stay."""
        answer = self._read(listing, "attributes,productTypes")
        attributes = _attributes(answer)
        body = encoded(self._product_type(answer), patches(attributes, texts, self._place(attributes)))
        return self._submit(listing, body)

    def _place(self, attributes: Part) -> Place:
        marketplace = self.settings.marketplace
        return Place(marketplace.id, language_of(attributes, marketplace.id) or marketplace.language)

    def _product_type(self, answer: Mapping[str, object]) -> str:
        """The listing's own: unlike prices, texts are rarely accepted for any other."""
        for each in items(answer.get("productTypes", []), "productTypes"):
            stated = fields(each, "a product type")
            if stated.get("marketplaceId") == self.settings.marketplace.id and (
                name := words(stated.get("productType"))
            ):
                return name
        return self.settings.product_type

    def _read(self, listing: Listing, included: str) -> Mapping[str, object]:
        params = self._params(includedData=included)
        return fields(self._client.call(client.READ_LISTING, self._path(listing), params=params))

    def _submit(self, listing: Listing, body: bytes) -> Sequence[str]:
        """Send a patch; returns Amazon's warnings. Raises as the protocols say."""
        try:
            # Read as what it is: an answer that says neither yes nor no leaves the write uncertain.
            path = self._path(listing)
            answer = fields(self._client.call(client.PATCH_LISTING, path, params=self._params(), body=body))
            issues = [fields(each, "an issue") for each in items(answer.get("issues", []), "issues")]
        except InvalidAnswer as error:
            raise Uncertain(error.code, error.message) from None
        errors = _messages(issues, "ERROR")
        if errors or answer.get("status") == "INVALID":
            raise Permanent("WRITE_REJECTED", "; ".join(errors) or "Amazon rejects the change.")
        if answer.get("status") != "ACCEPTED":
            raise Uncertain("INVALID_ANSWER", "Amazon's answer does not say whether it accepts the change.")
        return _messages(issues, "WARNING")[:MOST_WARNINGS]

    def _path(self, listing: Listing) -> str:
        if problem := unfit(listing, self.settings.marketplace):
            raise problem
        return f"{self._listings}/{quote(listing.sku, safe='')}"

    def _params(self, **others: str) -> Mapping[str, str]:
        return {"marketplaceIds": self.settings.marketplace.id, **others}


def _attributes(answer: Mapping[str, object]) -> Part:
    return fields(answer.get("attributes") or {}, "attributes")


def _messages(issues: Sequence[Mapping[str, object]], severity: str) -> list[str]:
    """Each once, in Amazon's words; its code where there are none."""
    found = [issue for issue in issues if issue.get("severity") == severity]
    told = [words(issue.get("message")) or words(issue.get("code")) or UNTOLD for issue in found]
    return list(dict.fromkeys(told))


def _is_for_everybody(offer: Mapping[str, object]) -> bool:
    audience = offer.get("audience")
    return offer.get("offerType") == "B2C" and (not isinstance(audience, dict) or audience.get("value") == EVERYBODY)


def _price(offer: Mapping[str, object], currency: str) -> Decimal:
    try:
        price = money(offer.get("price"), currency)
    except ValueError as error:
        raise InvalidAnswer(f"the price {error}") from None
    if price <= 0:
        raise InvalidAnswer("the price is not above 0")
    return price
