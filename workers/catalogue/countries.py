"""What a marketplace's name says of it: amazon_de sells in euros, on Berlin's days, at amazon.de."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Country:
    currency: str
    timezone: str
    """Of the days of Amazon's reports. In North America they are those of Seattle."""
    domain: str
    """How the names of marketplaces end that orders were placed on: Amazon.co.uk."""


_PACIFIC = "America/Los_Angeles"
COUNTRIES = {
    "us": Country("USD", _PACIFIC, ".com"),
    "ca": Country("CAD", _PACIFIC, ".ca"),
    "mx": Country("MXN", "America/Mexico_City", ".com.mx"),
    "br": Country("BRL", "America/Sao_Paulo", ".com.br"),
    "uk": Country("GBP", "Europe/London", ".co.uk"),
    "gb": Country("GBP", "Europe/London", ".co.uk"),
    "ie": Country("EUR", "Europe/Dublin", ".ie"),
    "de": Country("EUR", "Europe/Berlin", ".de"),
    "at": Country("EUR", "Europe/Vienna", ".at"),
    "ch": Country("CHF", "Europe/Zurich", ".ch"),
    "fr": Country("EUR", "Europe/Paris", ".fr"),
    "it": Country("EUR", "Europe/Rome", ".it"),
    "es": Country("EUR", "Europe/Madrid", ".es"),
    "pt": Country("EUR", "Europe/Lisbon", ".pt"),
    "nl": Country("EUR", "Europe/Amsterdam", ".nl"),
    "be": Country("EUR", "Europe/Brussels", ".com.be"),
    "se": Country("SEK", "Europe/Stockholm", ".se"),
    "dk": Country("DKK", "Europe/Copenhagen", ".dk"),
    "no": Country("NOK", "Europe/Oslo", ".no"),
    "fi": Country("EUR", "Europe/Helsinki", ".fi"),
    "pl": Country("PLN", "Europe/Warsaw", ".pl"),
    "cz": Country("CZK", "Europe/Prague", ".cz"),
    "hu": Country("HUF", "Europe/Budapest", ".hu"),
    "ro": Country("RON", "Europe/Bucharest", ".ro"),
    "tr": Country("TRY", "Europe/Istanbul", ".com.tr"),
    "sa": Country("SAR", "Asia/Riyadh", ".sa"),
    "ae": Country("AED", "Asia/Dubai", ".ae"),
    "eg": Country("EGP", "Africa/Cairo", ".eg"),
    "in": Country("INR", "Asia/Kolkata", ".in"),
    "za": Country("ZAR", "Africa/Johannesburg", ".co.za"),
    "jp": Country("JPY", "Asia/Tokyo", ".co.jp"),
    "au": Country("AUD", "Australia/Sydney", ".com.au"),
    "sg": Country("SGD", "Asia/Singapore", ".sg"),
}


# Words at the end of a name that are countries only behind a marketplace's: amazon_in, but plug_in.
_WORDS = {"at", "be", "ca", "in", "it", "no", "us"}
_MARKETPLACES = (
    "amazon",
    "ebay",
    "walmart",
    "etsy",
    "shopify",
    "woocommerce",
    "google",
    "allegro",
    "kaufland",
    "rakuten",
)


def country_of(marketplace: str, connected: str | None = None) -> Country | None:
    """By the country that its connection names, or else by the end of its name. None for my_shop."""
    code = country_code_of(marketplace, connected)
    return COUNTRIES[code] if code else None


def country_code_of(marketplace: str, connected: str | None = None) -> str | None:
    """As `country_of`: a name of COUNTRIES."""
    code = connected.lower() if connected else marketplace.rpartition("_")[2]
    if not connected and code in _WORDS and not marketplace.startswith(_MARKETPLACES):
        return None
    return code if code in COUNTRIES else None
