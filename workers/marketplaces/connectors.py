"""The connectors that there are: adding one is adding its package and its entry here.

Each is declared without its class, which is named by dotted path and loaded by whoever opens a connection: the web
process shows and checks connections, and has no need of what reads pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, cast

from django.utils.module_loading import import_string

from aijobs.outbound.pace import Pace
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.catalogue.settings import CatalogueSettings
from workers.marketplaces.protocols import (
    C_co,
    ConnectionModel,
    Connector,
    NoCredentials,
    OfferSource,
    PriceDesk,
    PriceSource,
    S_co,
    Scope,
)
from workers.marketplaces.shopify.settings import ShopifyCredentials, ShopifySettings
from workers.marketplaces.web.settings import WebSettings

# As the API calls them.
CAPABILITIES: dict[str, type[object]] = {
    "fetch_offers": OfferSource,
    "read_price": PriceSource,
    "write_price": PriceDesk,
}


@dataclass(frozen=True, slots=True)
class ConnectorType(Generic[S_co, C_co]):
    """A connector as the API and the admin know it."""

    # The dotted path of the class.
    connector: str
    settings_model: type[S_co]
    credentials_model: type[C_co]
    # Those of CAPABILITIES that the class implements.
    protocols: frozenset[type[object]]
    # The settings that say where the credentials are sent: whoever changes one has to know them.
    destinations: frozenset[str] = frozenset()

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
        "workers.marketplaces.amazon.connector.Amazon",
        AmazonSettings,
        AmazonCredentials,
        frozenset({OfferSource, PriceSource, PriceDesk}),
        frozenset({"endpoint", "token_endpoint"}),
    ),
    CATALOGUE: ConnectorType(
        "workers.marketplaces.catalogue.connector.Catalogue",
        CatalogueSettings,
        NoCredentials,
        frozenset({OfferSource, PriceSource}),
    ),
    "shopify": ConnectorType(
        "workers.marketplaces.shopify.connector.Shopify",
        ShopifySettings,
        ShopifyCredentials,
        frozenset({PriceSource, PriceDesk}),
        frozenset({"shop", "endpoint"}),
    ),
    WEB: ConnectorType(
        "workers.marketplaces.web.connector.Web",
        WebSettings,
        NoCredentials,
        frozenset({OfferSource}),
    ),
}
