"""The connectors that there are: adding one is adding its package and its entry here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from django.utils.module_loading import import_string

from aijobs.outbound.pace import Pace
from workers.connections import connectors
from workers.connections.shapes import C_co, ConnectionModel, NoCredentials, S_co
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.catalogue.settings import CatalogueSettings
from workers.marketplaces.protocols import TEXTS, Connector, ListingDesk, OfferSource, PriceDesk, PriceSource, Scope
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings
from workers.marketplaces.web.settings import WebSettings

# As the API calls them.
CAPABILITIES: dict[str, type[object]] = {
    "fetch_offers": OfferSource,
    "read_price": PriceSource,
    "write_price": PriceDesk,
    "write_listing": ListingDesk,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorType(connectors.ConnectorType[S_co, C_co]):
    # Those of CAPABILITIES that the class implements.
    protocols: frozenset[type[object]]
    # Those of TEXTS that its marketplace has, where it is a ListingDesk.
    texts: frozenset[str] = frozenset()

    @property
    def capabilities(self) -> list[str]:
        return [name for name, protocol in CAPABILITIES.items() if protocol in self.protocols]

    def load(self) -> type[Connector[S_co, C_co]]:
        """The class, with all that it imports."""
        return cast("type[Connector[S_co, C_co]]", import_string(self.connector))

    def open(
        self, settings: Mapping[str, object], credentials: Mapping[str, object], pace: Pace, scope: Scope
    ) -> Connector[S_co, C_co]:
        """Ready to be called. Raises ValidationError where the settings or credentials are not of its models."""
        checked = self.settings_model.model_validate(settings)
        return self.load()(checked, self.credentials_model.model_validate(credentials), pace, scope)


CATALOGUE, WEB = "catalogue", "web"
# By the name that a connection's `connector` has.
CONNECTORS: dict[str, ConnectorType[ConnectionModel, ConnectionModel]] = {
    "amazon": ConnectorType(
        connector="workers.marketplaces.amazon.connector.Amazon",
        settings_model=AmazonSettings,
        credentials_model=AmazonCredentials,
        protocols=frozenset({OfferSource, PriceSource, PriceDesk, ListingDesk}),
        texts=frozenset(TEXTS),
        destinations=frozenset({"endpoint", "token_endpoint"}),
    ),
    CATALOGUE: ConnectorType(
        connector="workers.marketplaces.catalogue.connector.Catalogue",
        settings_model=CatalogueSettings,
        credentials_model=NoCredentials,
        protocols=frozenset({OfferSource, PriceSource}),
    ),
    "shopify": ConnectorType(
        connector="workers.marketplaces.shopify.connector.Shopify",
        settings_model=ShopifySettings,
        credentials_model=ShopifyCredentials,
        protocols=frozenset({PriceSource, PriceDesk, ListingDesk}),
        # A shop has neither bullets nor search terms of their own.
        texts=frozenset({"title", "description"}),
        destinations=frozenset({"shop", "endpoint"}),
    ),
    WEB: ConnectorType(
        connector="workers.marketplaces.web.connector.Web",
        settings_model=WebSettings,
        credentials_model=NoCredentials,
        protocols=frozenset({OfferSource}),
    ),
}
