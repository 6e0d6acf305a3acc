"""Amazon, Seller Central, Inventory, Inventory Reports: All Listings, Active, Inactive and Cancelled Listings.

Tab-separated, in the language of the seller's account: Windows-1252 in Europe, Shift JIS in Japan. Where Amazon ships
(FBA), the quantity is empty: `amazon_fba_inventory` has it. Prices for businesses are not taken.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Blank, Format, Skip

_SKU = (
    "seller-sku",
    "Händler-SKU",
    "sku-vendeur",
    "SKU venditore",
    "SKU del vendedor",
    "sku-vendedor",
    "sku-verkoper",
    "sku-sprzedawcy",
    "sku-do-vendedor",
    "出品者SKU",
)
_TITLE = (
    "item-name",
    "Artikelbezeichnung",
    "nom-produit",
    "Nome dell'articolo",
    "nome-prodotto",
    "Título del producto",
    "nombre-del-producto",
    "nazwa-produktu",
    "nome-do-item",
    "商品名",
)
_PRICE = ("price", "Preis", "prix", "Prezzo", "Precio", "cena", "preço", "価格")
_OTHER_IDENTIFIERS = ("2", "3", "4", "isbn", "upc", "ean")

AMAZON_ALL_LISTINGS = Format(
    name="amazon_all_listings",
    title="Amazon's All Listings report",
    kind="products",
    signature=(
        _SKU,
        _PRICE,
        (
            "listing-id",
            "Angebotsnummer",
            "id-offre",
            "Numero offerta",
            "Identificador del listing",
            "identyfikator-oferty",
            "出品ID",
            "asin1",
            "ASIN 1",
        ),
        _TITLE,
    ),
    columns={
        "sku": _SKU,
        "title": _TITLE,
        "price": _PRICE,
        # In Japan 在庫数 is what is on the way, and 数量 what is there.
        "stock": ("quantity", "Menge", "quantité", "Quantità", "Cantidad", "ilość", "quantidade", "数量"),
        "external_id": (
            "asin1",
            "ASIN 1",
            "product-id",
            "Produkt-ID",
            "id-produit",
            "Identificativo del prodotto",
            "Identificador del producto",
            "商品ID",
        ),
        "min_price": ("minimum-seller-allowed-price", "出品価格の下限"),
        "max_price": ("maximum-seller-allowed-price", "出品価格の上限"),
    },
    skips=(Skip(_PRICE, NO_AMOUNT, "has no price: its listing is a parent, or not complete"),),
    blanks=(
        Blank("product-id", "product-id-type", _OTHER_IDENTIFIERS),
        Blank("Produkt-ID", "Produkt-ID-Typ", _OTHER_IDENTIFIERS),
        Blank("id-produit", "type-id-produit", _OTHER_IDENTIFIERS),
        Blank("Identificativo del prodotto", "Tipo di identificativo del prodotto", _OTHER_IDENTIFIERS),
        Blank("Identificador del producto", "Tipo de identificador de producto", _OTHER_IDENTIFIERS),
        Blank("商品ID", "商品IDタイプ", _OTHER_IDENTIFIERS),
    ),
    quoted=False,
)
# Of these names, only those in English and German are from reports.
_DESCRIPTION = (
    "item-description",
    "Artikelbeschreibung",
    "description-produit",
    "Descrizione dell'articolo",
    "descrizione-prodotto",
    "Descripción del producto",
    "descripción-del-producto",
    "opis-produktu",
    "descrição-do-item",
    "商品の説明",
)
AMAZON_ALL_LISTINGS_TEXTS = Format(
    name="amazon_all_listings_texts",
    title="Amazon's All Listings report",
    kind="listings",
    also=True,
    signature=(*AMAZON_ALL_LISTINGS.signature, _DESCRIPTION),
    columns={"sku": _SKU, "title": _TITLE, "description": _DESCRIPTION},
    skips=AMAZON_ALL_LISTINGS.skips,
    quoted=False,
)
