"""Whether an offer is to be had: in schema.org's words, and in those that shops use instead."""

import re

from workers.catalogue.models import TO_BE_HAD
from workers.marketplaces.web.timing import is_ahead, is_over
from workers.marketplaces.web.values import Node, dicts, flag, flat, number, printable, segment, text

_EXACT = {
    "instock": "InStock",
    "limitedavailability": "LimitedAvailability",
    "onlineonly": "OnlineOnly",
    "madetoorder": "MadeToOrder",
    "instoreonly": "InStoreOnly",
    "outofstock": "OutOfStock",
    "soldout": "SoldOut",
    "discontinued": "Discontinued",
    "preorder": "PreOrder",
    "presale": "PreSale",
    "backorder": "BackOrder",
    "reserved": "Reserved",
    # Of the catalogues of Google and Facebook.
    "availablefororder": "InStock",
    "oos": "OutOfStock",
    "pending": "OutOfStock",
    "eol": "Discontinued",
}
# Of a text the first that fits: what keeps it from being had before what does not.
_WORDS = [
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        ("PreOrder", r"\bpre-? ?orders?\b|vorbestell|pr[ée]-?commande|preventa|preordin|reserva anticipada"),
        ("PreSale", r"\bpre-? ?sale\b"),
        ("BackOrder", r"\b(?:on ?)?back-? ?order|nachbestell"),
        ("Discontinued", r"discontinu|\beol\b|end of life|eingestellt|auslaufartikel|fin de s[ée]rie|descatalogad"),
        (
            "SoldOut",
            r"\bsold\b|ausverkauft|vergriffen|verkauft|[ée]puis[ée]|agotado|esaurit|esgotado|uitverkocht"
            r"|sluts[åa]ld"
            r"|udsolgt|utsolgt|wyprzedan|vyprod[áa]n|\bvendu|\bvendido|\bvenduto|品切|売り切|完売|售罄|품절",
        ),
        (
            "InStoreOnly",
            r"\b(?:only|nur|solo|uniquement|seulement|alleen)\b(?!.*online).*"
            r"(?:store|filiale|laden|markt|magasin|boutique|tienda|negozio|winkel|pick-?\s?up|abhol|collect)"
            r"|(?:store|filiale|pick-?\s?up|abholung|collection|collect)\w*\s*(?:only|nur)\b",
        ),
        (
            "OutOfStock",
            r"\b(?:not|no"
            r"|never|none|nicht|kein\w*|non|pas|niet|geen|ikke|inte|ej|sin|nao|não|nessun\w*|false|unavailable"
            r"|out of|without|zero|nie|nema|není|brak|nincs|yok|non-?available|fuera de|fuori|rupture"
            r"|temporarily)\b"
            r"|\bplus (?:en stock|disponible)|(?:\b|_)(?:un|in)(?:availab|disponib)|(?<![\d.,])0(?![\d.,])"
            r"|\boos\b|在庫なし|在庫切|缺货|缺貨|нет|nedostupn|niedostępn|tükendi|epuizat|elfogyott|esgot",
        ),
        # Not now.
        (
            "OutOfStock",
            r"\b(?:call for|request|anfrage|demande|ships? from|showroom|soon|coming"
            r"|expected|erwartet|demnächst|bald|wieder|bient[ôo]t|pronto|prossimamente|pr[óo]ximamente"
            r"|wait-?\s?list|notify|restock\w*|arriving|back in"
            r"|returns?|available (?:from|on)|disponible (?:le|[àa] partir|el)"
            r"|disponibile dal|à venir|in arrivo|pending|ab (?!lager|sofort|werk))\b|\bwarteliste|\bab \d",
        ),
        ("Reserved", r"\breserved\b|reserviert|r[ée]serv[ée]|reservado|riservato"),
        ("MadeToOrder", r"made to order|custom made|auf bestellung|sur commande|su ordinazione|bajo pedido"),
        ("OnlineOnly", r"online only|only online|nur online|uniquement en ligne|solo online"),
        (
            "LimitedAvailability",
            r"\blimited|\bfew\b.*\bleft|low ?stock|last items|only \d+|nur noch \d+|plus que \d+|solo \d+|begrenzt",
        ),
        (
            "InStock",
            r"\b(?:in-? ?stock|auf lager|ab lager|lagernd|vorr[äa]tig|en stock|en existencias|in magazzino"
            r"|op voorraad|p[åa] lager|i lager|skladem|available|availability|verf[üu]gbar|lieferbar|sofort\w*"
            r"|versandfertig"
            r"|lieferzeit\b.*"
            r"|disponib\w+|dispon[ií]vel|ship(?:s|ped)?|deliver\w*|stock:? ?[1-9]\d*"
            r"|ready to ship|add to (?:cart|basket|bag)|(?:choose|select) options"
            r"|buy now|in den warenkorb|ajouter au panier|true|yes|ja|oui|s[ií])\b|在庫あり|有货|\bleverbaar"
            r"|beschikbaar|in voorraad|tilg[jæ]\w*ngelig|tillgänglig|finns i lager|varastossa|dostępn|dostupn"
            r"|na sklad|stokta|raktáron|elérhető|în stoc|in stoc"
            r"|em estoque|em stock|в наличии|^[1-9]\d*$",
        ),
    )
]
_LONGEST = 100


def availability(node: Node) -> str:
    """Of several the one that keeps it from being had; empty where the page says nothing of it.

    Raises ValueError where it says something that is not known.
    """
    found = [_known(each) for each in flat(node.get("availability"), 10) if each != ""]
    if is_ahead(text(node, "availabilityStarts")):
        found.append("PreOrder")
    if is_over(text(node, "availabilityEnds")) or _is_used_up(node) or _is_not_shipped(node):
        found.append("OutOfStock")
    return next((each for each in found if each not in TO_BE_HAD), next(iter(found), ""))


def _known(value: object) -> str:
    """A term is a text, or a node of that name."""
    if isinstance(value, dict):
        value = value.get("@id") or value.get("name")
    if isinstance(value, bool):
        return "InStock" if value else "OutOfStock"
    told = printable(str(value), _LONGEST) if value is not None else ""
    term = segment(re.sub(r"[?#].*", "", told)) if "schema.org" in told or " " not in told else told
    exact = _EXACT.get(re.sub(r"[\W_]", "", term).casefold())
    # notAvailable, coming_soon
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]", " ", term)
    found = exact or next((name for name, words in _WORDS if words.search(apart)), "")
    if told and not found:
        raise ValueError(f"The availability “{told[:60]}” is not known, so perhaps nobody can have it.")
    return found


def _is_used_up(node: Node) -> bool:
    levels = dicts(node.get("inventoryLevel"))
    level = number(levels[0], "value") if levels else number(node, "inventoryLevel")
    return level is not None and level <= 0


def _is_not_shipped(node: Node) -> bool:
    details = dicts(node.get("shippingDetails"))
    return bool(details) and all(flag(each, "doesNotShip") for each in details)
