"""Etsy, Shop Manager, Settings, Options, Download Data: currently for sale listings.

It has one price and one quantity for a listing, whatever its variations cost.
"""

from workers.catalogue.importing.formats import Format, Skip

ETSY_LISTINGS = Format(
    name="etsy_listings",
    title="Etsy's listing download",
    kind="products",
    signature=("TITLE", "PRICE", "CURRENCY_CODE", "QUANTITY", ("TAGS", "MATERIALS", "IMAGE1")),
    columns={"sku": "SKU", "title": "TITLE", "price": "PRICE", "currency": "CURRENCY_CODE", "stock": "QUANTITY"},
    advice={"sku": "Give the listing a SKU in Etsy (Listings, the listing, Inventory), and download the file again."},
    skips=(
        Skip(
            "SKU",
            (",",),
            "has several SKUs, whose prices and stock Etsy's file does not tell apart: send these as a table "
            "with the columns sku, title, price and stock",
            contains=True,
        ),
    ),
)
