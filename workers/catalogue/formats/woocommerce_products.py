"""WooCommerce, Products, All Products, Export: in the language of the shop's administration.

A variation is a row of its own, with its attributes in its name; its parent has no price. The price is the sale price
while there is one, without or with tax as the shop enters its prices.
"""

from workers.catalogue.importing.formats import Blank, Format, Names, Period, Skip

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
