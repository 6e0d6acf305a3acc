"""Amazon, Seller Central, Inventory, Inventory Reports: Inventory Report, also called Open Listings.

Tab-separated. It has prices and quantities and no titles, so that it updates products that are there. With prices for
businesses, it has more columns, which are not taken.
"""

from workers.catalogue.importing.formats import Format, Names

_PRICE: Names = ("price", "Preis", "prix", "prezzo", "precio", "価格")
_STOCK: Names = ("quantity", "Menge", "Anzahl", "quantité", "quantità", "cantidad", "数量")
_COLUMNS: dict[str, Names] = {"sku": "sku", "external_id": "asin", "price": _PRICE, "stock": _STOCK}

AMAZON_OPEN_LISTINGS = Format(
    name="amazon_open_listings",
    title="Amazon's Open Listings report",
    kind="products",
    signature=("sku", "asin", _PRICE, _STOCK),
    exact=True,
    columns=_COLUMNS,
    quoted=False,
)
AMAZON_OPEN_LISTINGS_WITH_BUSINESS_PRICES = Format(
    name=AMAZON_OPEN_LISTINGS.name,
    title=AMAZON_OPEN_LISTINGS.title,
    kind="products",
    signature=("sku", "asin", _PRICE, _STOCK, "Business Price", "Quantity Price Type"),
    columns=_COLUMNS,
    quoted=False,
)
