"""DataDive's master keyword list. Its columns of ASINs say where each product ranks."""

from workers.catalogue.importing.formats import Format

DATADIVE_KEYWORDS = Format(
    name="datadive_keywords",
    title="DataDive's master keyword list",
    kind="keywords",
    signature=(("Phrase", "Search Terms", "Keyword"), "Search Volume", ("Ranking Juice ®", "Relevancy", "SV Range")),
    columns={"keyword": ("Phrase", "Search Terms", "Keyword"), "volume": "Search Volume"},
)
