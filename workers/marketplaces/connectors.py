"""The connectors that there are: adding one is adding its module and its line here."""

from typing import Any

from workers.marketplaces.amazon import Amazon
from workers.marketplaces.catalogue import Catalogue
from workers.marketplaces.protocols import Connector
from workers.marketplaces.shopify import Shopify
from workers.marketplaces.web import Web

CATALOGUE = "catalogue"
# By the name that a connection's `connector` has.
CONNECTORS: dict[str, type[Connector[Any, Any]]] = {
    "amazon": Amazon,
    CATALOGUE: Catalogue,
    "shopify": Shopify,
    "web": Web,
}
