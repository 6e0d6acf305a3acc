"""Amazon's marketplaces: the id by which the API knows each, its currency, and the endpoint of its region."""

from dataclasses import dataclass

NORTH_AMERICA = "https://sellingpartnerapi-na.amazon.com"
EUROPE = "https://sellingpartnerapi-eu.amazon.com"
FAR_EAST = "https://sellingpartnerapi-fe.amazon.com"


@dataclass(frozen=True, slots=True)
class Marketplace:
    id: str
    currency: str
    endpoint: str


# By country, as Amazon abbreviates it: the United Kingdom is UK.
MARKETPLACES = {
    "US": Marketplace("ATVPDKIKX0DER", "USD", NORTH_AMERICA),
    "CA": Marketplace("A2EUQ1WTGCTBG2", "CAD", NORTH_AMERICA),
    "MX": Marketplace("A1AM78C64UM0Y8", "MXN", NORTH_AMERICA),
    "BR": Marketplace("A2Q3Y263D00KWC", "BRL", NORTH_AMERICA),
    "UK": Marketplace("A1F83G8C2ARO7P", "GBP", EUROPE),
    "IE": Marketplace("A28R8C7NBKEWEA", "EUR", EUROPE),
    "FR": Marketplace("A13V1IB3VIYZZH", "EUR", EUROPE),
    "DE": Marketplace("A1PA6795UKMFR9", "EUR", EUROPE),
    "IT": Marketplace("APJ6JRA9NG5V4", "EUR", EUROPE),
    "ES": Marketplace("A1RKKUPIHCS9HS", "EUR", EUROPE),
    "NL": Marketplace("A1805IZSGTT6HS", "EUR", EUROPE),
    "SE": Marketplace("A2NODRKZP88ZB9", "SEK", EUROPE),
    "PL": Marketplace("A1C3SOZRARQ6R3", "PLN", EUROPE),
    "BE": Marketplace("AMEN7PMS3EDWL", "EUR", EUROPE),
    "TR": Marketplace("A33AVAJ2PDY3EV", "TRY", EUROPE),
    "SA": Marketplace("A17E79C6D8DWNP", "SAR", EUROPE),
    "AE": Marketplace("A2VIGQ35RCS4UG", "AED", EUROPE),
    "EG": Marketplace("ARBP9OOSHTCHU", "EGP", EUROPE),
    "IN": Marketplace("A21TJRUUN4KGV", "INR", EUROPE),
    "ZA": Marketplace("AE08WJ6YKNBMC", "ZAR", EUROPE),
    "JP": Marketplace("A1VC38T7YXB528", "JPY", FAR_EAST),
    "AU": Marketplace("A39IBJ37TRP1C6", "AUD", FAR_EAST),
    "SG": Marketplace("A19VAU5U5O7RUS", "SGD", FAR_EAST),
}
