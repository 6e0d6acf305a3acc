"""Shopify, Products, Export: one row per variant and per further image."""

from workers.catalogue.importing.formats import Format, Inherits, Skip

SHOPIFY_PRODUCTS = Format(
    name="shopify_products",
    title="Shopify's product export",
    kind="products",
    signature=("Handle", "Variant SKU", "Variant Price"),
    columns={
        "sku": "Variant SKU",
        "title": "Title",
        "brand": "Vendor",
        "category": ("Type", "Product Category"),
        "price": "Variant Price",
        "cost": "Cost per item",
        "stock": "Variant Inventory Qty",
    },
    # Only images have neither a SKU nor a price.
    skips=(Skip("Variant Price", ("",), "is an image and not a variant"),),
    inherits=Inherits(("Title", "Vendor", "Type", "Product Category"), by="Handle"),
    options=("Option1 Value", "Option2 Value", "Option3 Value"),
)
