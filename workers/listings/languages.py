"""The language that listings are written in, by the country of their marketplace."""

# Of countries as the catalogue names them. Belgium's and Switzerland's listings are taken for those of most shoppers.
_LANGUAGES = {
    "us": "en", "ca": "en", "uk": "en", "gb": "en", "ie": "en", "au": "en", "sg": "en", "in": "en", "za": "en",
    "de": "de", "at": "de", "ch": "de", "fr": "fr", "be": "fr", "es": "es", "mx": "es", "it": "it", "pt": "pt",
    "br": "pt", "nl": "nl", "se": "sv", "dk": "da", "no": "nb", "fi": "fi", "pl": "pl", "cz": "cs", "hu": "hu",
    "ro": "ro", "tr": "tr", "sa": "ar", "ae": "ar", "eg": "ar", "jp": "ja",
}  # fmt: skip


def language_of(country: str | None) -> str:
    """The ISO 639-1 code for a country's code. English where the country is not known: my_shop."""
    return _LANGUAGES.get((country or "").lower(), "en")
