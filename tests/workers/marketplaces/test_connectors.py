"""What is declared of the connectors, against the connectors themselves."""

from inspect import signature

import pytest

from workers.marketplaces.connectors import CAPABILITIES, CONNECTORS
from workers.marketplaces.protocols import TEXTS, Connector, ListingDesk

ALL = pytest.mark.parametrize("name", CONNECTORS)


@ALL
def test_a_connector_implements_what_is_declared_and_nothing_else(name: str) -> None:
    kind = CONNECTORS[name]
    loaded = kind.load()
    assert issubclass(loaded, Connector)
    assert {each for each in CAPABILITIES.values() if issubclass(loaded, each)} == kind.protocols


@ALL
def test_a_connector_takes_the_settings_and_credentials_that_are_declared(name: str) -> None:
    kind = CONNECTORS[name]
    taken = signature(kind.load()).parameters
    assert taken["settings"].annotation is kind.settings_model
    assert taken["credentials"].annotation is kind.credentials_model


@ALL
def test_where_credentials_are_sent_is_a_setting(name: str) -> None:
    kind = CONNECTORS[name]
    assert kind.destinations <= set(kind.settings_model.model_fields)


def test_capabilities_are_shown_by_the_names_of_their_methods() -> None:
    assert {name: kind.capabilities for name, kind in CONNECTORS.items()} == {
        "amazon": ["fetch_offers", "read_price", "write_price", "write_listing"],
        "catalogue": ["fetch_offers", "read_price"],
        "shopify": ["read_price", "write_price", "write_listing"],
        "web": ["fetch_offers"],
    }
    assert all(hasattr(protocol, name) for name, protocol in CAPABILITIES.items())


@ALL
def test_a_desk_for_listings_says_which_texts_it_takes(name: str) -> None:
    kind = CONNECTORS[name]
    assert kind.texts <= set(TEXTS)
    assert bool(kind.texts) == (ListingDesk in kind.protocols)
