"""Amazon, Brand Analytics, Top Search Terms. A line above the columns says which weeks or months it is of.

It ranks searches by how frequent they are, and does not say how often anybody searched: the keywords have no volume.
"""

from workers.catalogue.importing.formats import Format, Names

_TERM: Names = ("Search Term", "Search term", "Suchbegriff", "Terme de recherche", "Término de búsqueda")

AMAZON_SEARCH_TERMS = Format(
    name="amazon_search_terms",
    title="Amazon's Top Search Terms of Brand Analytics",
    kind="keywords",
    signature=(
        ("Search Frequency Rank", "Suchfrequenz-Rang"),
        _TERM,
        ("Top Clicked Brand #1", "Top Clicked Product #1: ASIN", "#1 Clicked ASIN", "Reporting Date"),
    ),
    columns={"keyword": _TERM},
)
