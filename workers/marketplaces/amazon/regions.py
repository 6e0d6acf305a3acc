"""Amazon's marketplaces: the id by which the API knows each, its currency and language, and its region's endpoint."""

from dataclasses import dataclass

NORTH_AMERICA = "https://sellingpartnerapi-na.amazon.com"
EUROPE = "https://sellingpartnerapi-eu.amazon.com"
FAR_EAST = "https://sellingpartnerapi-fe.amazon.com"


@dataclass(frozen=True, slots=True)
class Marketplace:
    id: str
    currency: str
    # The main one, as Amazon tags it, for a listing that has none yet or texts in several.
    language: str
    endpoint: str


# By country, as Amazon abbreviates it: the United Kingdom is UK.
MARKETPLACES = {
    "US": Marketplace("ATVPDKIKX0DER", "USD", "en_US", NORTH_AMERICA),
    "CA": Marketplace("A2EUQ1WTGCTBG2", "CAD", "en_CA", NORTH_AMERICA),
    "MX": Marketplace("A1AM78C64UM0Y8", "MXN", "es_MX", NORTH_AMERICA),
    "BR": Marketplace("A2Q3Y263D00KWC", "BRL", "pt_BR", NORTH_AMERICA),
    "UK": Marketplace("A1F83G8C2ARO7P", "GBP", "en_GB", EUROPE),
    "IE": Marketplace("A28R8C7NBKEWEA", "EUR", "en_IE", EUROPE),
    "FR": Marketplace("A13V1IB3VIYZZH", "EUR", "fr_FR", EUROPE),
    "DE": Marketplace("A1PA6795UKMFR9", "EUR", "de_DE", EUROPE),
    "IT": Marketplace("APJ6JRA9NG5V4", "EUR", "it_IT", EUROPE),
    "ES": Marketplace("A1RKKUPIHCS9HS", "EUR", "es_ES", EUROPE),
    "NL": Marketplace("A1805IZSGTT6HS", "EUR", "nl_NL", EUROPE),
    "SE": Marketplace("A2NODRKZP88ZB9", "SEK", "sv_SE", EUROPE),
    "PL": Marketplace("A1C3SOZRARQ6R3", "PLN", "pl_PL", EUROPE),
    "BE": Marketplace("AMEN7PMS3EDWL", "EUR", "fr_BE", EUROPE),
    "TR": Marketplace("A33AVAJ2PDY3EV", "TRY", "tr_TR", EUROPE),
    "SA": Marketplace("A17E79C6D8DWNP", "SAR", "ar_AE", EUROPE),
    "AE": Marketplace("A2VIGQ35RCS4UG", "AED", "en_AE", EUROPE),
    "EG": Marketplace("ARBP9OOSHTCHU", "EGP", "ar_AE", EUROPE),
    "IN": Marketplace("A21TJRUUN4KGV", "INR", "en_IN", EUROPE),
    "ZA": Marketplace("AE08WJ6YKNBMC", "ZAR", "en_ZA", EUROPE),
    "JP": Marketplace("A1VC38T7YXB528", "JPY", "ja_JP", FAR_EAST),
    "AU": Marketplace("A39IBJ37TRP1C6", "AUD", "en_AU", FAR_EAST),
    "SG": Marketplace("A19VAU5U5O7RUS", "SGD", "en_SG", FAR_EAST),
}
