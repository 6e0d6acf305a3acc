"""eBay, Seller Hub, Reports, Downloads: All active listings, in the language of the site.

A listing with variations is a row of its own, and each variation one below it. An ended listing is not in it.
"""

from workers.catalogue.importing.formats import Format, Inherits, Names, Skip

_ITEM: Names = (
    "Item number",
    "Item ID",
    "Artikelnummer",
    "Numéro de l'objet",
    "Numero oggetto",
    "Número de artículo",
)
_SKU: Names = ("Custom label (SKU)", "Custom label", "Bestandseinheit", "Bestandseinheit (SKU)")
_STOCK: Names = ("Available quantity", "Quantity available", "Verfügbare Stückzahl", "Verfügbare Menge")
_TITLE: Names = ("Title", "Item title", "Titel", "Angebotstitel", "Titre", "Titolo", "Título")
_VARIATION: Names = ("Variation details", "Variantendetails", "Variationsdetails")
_CURRENCY: Names = ("Currency", "Währung", "Devise", "Valuta", "Divisa")
_CATEGORY: Names = ("eBay category 1 name", "Name der eBay-Kategorie 1")

EBAY_ACTIVE_LISTINGS = Format(
    name="ebay_active_listings",
    title="eBay's report of active listings",
    kind="products",
    signature=(_ITEM, _TITLE, _SKU, _STOCK),
    # File Exchange has the same columns, and says with each row what to do.
    without="Action",
    columns={
        "sku": _SKU,
        "title": _TITLE,
        "category": _CATEGORY,
        "price": ("Current price", "Aktueller Preis", "Start price", "Startpreis", "Price"),
        "currency": _CURRENCY,
        "stock": _STOCK,
        "external_id": _ITEM,
    },
    advice={"sku": "Give the listing a custom label (SKU) in eBay's Seller Hub, and download the report again."},
    skips=(
        Skip("Format", ("auction", "chinese", "auktion"), "is an auction"),
        Skip(_VARIATION, (";",), "is the parent of variations, which are rows of their own", contains=True),
    ),
    inherits=Inherits((_TITLE, _CURRENCY, _CATEGORY, "Format"), by=_ITEM),
    options=(_VARIATION,),
)
