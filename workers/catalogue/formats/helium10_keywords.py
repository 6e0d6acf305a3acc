"""Helium 10: Cerebro (what products are found for) and Magnet (what is like a word). The volume is of a month."""

from workers.catalogue.importing.formats import Format

HELIUM10_KEYWORDS = Format(
    name="helium10_keywords",
    title="Helium 10's list of keywords",
    kind="keywords",
    signature=(
        "Keyword Phrase",
        "Search Volume",
        ("Cerebro IQ Score", "Magnet IQ Score", "Smart Score", "Competing Products", "Title Density"),
    ),
    columns={"keyword": "Keyword Phrase", "volume": "Search Volume"},
)
