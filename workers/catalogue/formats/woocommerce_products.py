"""WooCommerce, Products, All Products, Export: in the language of the shop's administration.

A variation is a row of its own, with its attributes in its name; its parent has no price. The price is the sale price
while there is one, without or with tax as the shop enters its prices.
"""

from workers.catalogue.importing.formats import Blank, Format, Names, Period, Series, Skip

_SKU: Names = ("SKU", "Artikelnummer", "UGS", "COD")
_TYPE: Names = ("Type", "Typ", "Tipo")
_REGULAR: Names = (
    "Regular price",
    "Regulärer Preis",
    "Tarif régulier",
    "Precio normal",
    "Prezzo di listino",
    "Preço normal",
    "Reguliere prijs",
)
_SALE: Names = (
    "Sale price",
    "Angebotspreis",
    "Tarif promo",
    "Precio rebajado",
    "Prezzo in offerta",
    "Preço promocional",
    "Actieprijs",
)

WOOCOMMERCE_PRODUCTS = Format(
    name="woocommerce_products",
    title="WooCommerce's product export",
    kind="products",
    signature=(
        _SKU,
        _TYPE,
        _REGULAR,
        ("Published", "Veröffentlicht", "Publié", "Publicado", "Pubblicato", "Gepubliceerd"),
    ),
    columns={
        "sku": _SKU,
        "title": ("Name", "Nom", "Nombre", "Nome", "Naam"),
        "brand": ("Brands", "Marken", "Marques", "Marcas", "Marchi", "Brand", "Marke"),
        "category": ("Categories", "Kategorien", "Catégories", "Categorías", "Categorie", "Categorias"),
        "price": (*_SALE, *_REGULAR),
        "cost": ("Cost of goods", "Cost of Goods Sold", "Warenkosten"),
        "stock": ("Stock", "Lager", "Lagerbestand", "Inventario", "Magazzino", "Estoque", "Voorraad"),
    },
    advice={"sku": "Give the product a SKU in WooCommerce (the product, Inventory), and export it again."},
    skips=(
        Skip(_TYPE, ("variable",), "is the parent of variations, which are rows of their own", contains=True),
        Skip(_TYPE, ("grouped",), "is a group of products", contains=True),
        Skip(_TYPE, ("external",), "is sold by another shop", contains=True),
        Skip(("Published", "Veröffentlicht", "Publié", "Publicado", "Pubblicato"), ("-1",), "is a draft"),
    ),
    # The word "parent" there says that the stock is counted for the parent.
    blanks=(Blank("Stock", "Stock", ("parent",)), Blank("Lager", "Lager", ("parent",))),
    period=Period(
        _SALE,
        start=(
            "Date sale price starts",
            "Datum, an dem Angebotspreis beginnt",
            "Date de début de promo",
            "Día en que empieza el precio rebajado",
            "Data di inizio dell'offerta",
        ),
        end=(
            "Date sale price ends",
            "Datum, an dem Angebotspreis endet",
            "Date de fin de promo",
            "Día en que termina el precio rebajado",
            "Data di fine dell'offerta",
        ),
    ),
)
_NAME: Names = ("Name", "Nom", "Nombre", "Nome", "Naam")
_DESCRIPTION: Names = ("Description", "Beschreibung", "Descripción", "Descrizione", "Descrição", "Beschrijving")
# The names in other languages than English and German are from memory.
WOOCOMMERCE_LISTINGS = Format(
    name="woocommerce_listings",
    title="WooCommerce's product export",
    kind="listings",
    also=True,
    signature=(*WOOCOMMERCE_PRODUCTS.signature, _NAME, _DESCRIPTION),
    columns={
        "sku": _SKU,
        "title": _NAME,
        "description": (
            *_DESCRIPTION,
            "Short description",
            "Kurzbeschreibung",
            "Description courte",
            "Descripción corta",
            "Breve descrizione",
        ),
        "search_terms": ("Tags", "Schlagwörter", "Étiquettes", "Etiquetas", "Tag"),
        "category": WOOCOMMERCE_PRODUCTS.columns["category"],
        "images": ("Images", "Bilder", "Imágenes", "Immagini", "Imagens", "Afbeeldingen"),
    },
    series=(
        Series("attributes", r"Attribute (\d{1,2}) value\(s\)", label_in="Attribute {} name"),
        Series("attributes", r"Attribut (\d{1,2}) Wert(?:\(e\)|e)?", label_in="Attribut {} Name"),
        Series("attributes", r"Valeur\(s\) de l.attribut (\d{1,2})", label_in="Nom de l’attribut {}"),
        Series("attributes", r"Valor\(es\) del atributo (\d{1,2})", label_in="Nombre del atributo {}"),
        Series("attributes", r"Valor[ei]\S* dell.attributo (\d{1,2})", label_in="Nome dell’attributo {}"),
    ),
    advice=WOOCOMMERCE_PRODUCTS.advice,
    skips=WOOCOMMERCE_PRODUCTS.skips,
)
