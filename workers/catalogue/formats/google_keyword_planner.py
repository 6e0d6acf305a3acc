"""Google Ads, Keyword Planner, Download: tab-separated in UTF-16, below a title and the time that it is of.

Who does not advertise gets ranges such as 1K – 10K in it, or their middle. The names in other languages than English
are from memory.
"""

from workers.catalogue.importing.formats import Format, Names

_KEYWORD: Names = ("Keyword", "Mot clé", "Palabra clave", "Parola chiave")
_VOLUME: Names = (
    "Avg. monthly searches",
    "Avg. Monthly Searches (exact match only)",
    "Durchschnittl. Suchanfragen pro Monat",
    "Durchschn. Suchanfragen pro Monat",
    "Nbre moy. de recherches par mois",
    "Nombre moyen de recherches mensuelles",
    "Prom. de búsquedas mensuales",
    "Promedio de búsquedas mensuales",
    "Media delle ricerche mensili",
    "Media ricerche mensili",
)

GOOGLE_KEYWORD_PLANNER = Format(
    name="google_keyword_planner",
    title="Google's Keyword Planner",
    kind="keywords",
    signature=(_KEYWORD, _VOLUME),
    columns={"keyword": _KEYWORD, "volume": _VOLUME},
)
