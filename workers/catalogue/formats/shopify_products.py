"""Shopify admin, Products, Export: one row per variant and per further image.

The columns have other names since 2025. A product's own columns are only in its first row. Prices of further markets
("Price / International") and compare-at prices are not taken. The stock is that of stores with one location;
`shopify_inventory` has it of all.
"""

from workers.catalogue.importing.formats import Blank, Counted, Format, Inherits, Names, Series, Skip

_HANDLE: Names = ("Handle", "URL handle")
_SKU: Names = ("Variant SKU", "SKU")
_PRICE: Names = ("Variant Price", "Price")
_STOCK: Names = ("Variant Inventory Qty", "Inventory quantity")
_CATEGORY: Names = ("Type", "Custom Product Type", "Product Category", "Standard Product Type")

SHOPIFY_PRODUCTS = Format(
    name="shopify_products",
    title="Shopify's product export",
    kind="products",
    signature=(_HANDLE, _SKU, _PRICE),
    columns={
        "sku": _SKU,
        "title": "Title",
        "brand": "Vendor",
        "category": _CATEGORY,
        "price": _PRICE,
        "cost": "Cost per item",
        "stock": _STOCK,
    },
    advice={"sku": "Give the variant a SKU in Shopify (Products, the variant, Inventory), and export it again."},
    skips=(
        # Only images have neither a SKU nor a price.
        Skip(_PRICE, ("",), "is an image and not a variant"),
        Skip("Status", ("archived",), "is an archived product"),
        Skip("Status", ("draft",), "is a draft"),
        Skip("Gift Card", ("true",), "is a gift card"),
    ),
    # Of what Shopify does not count, it writes 0.
    blanks=(Blank(_STOCK, ("Variant Inventory Tracker", "Inventory tracker"), ("",), only=("0",)),),
    inherits=Inherits(("Title", "Vendor", "Type", "Product Category", "Status", "Gift Card"), by=_HANDLE),
    options=("Option1 Value", "Option2 Value", "Option3 Value"),
)
_DESCRIPTION: Names = ("Body (HTML)", "Description")
# All variants of a product have its texts. Its metafields are attributes, of the first variant.
SHOPIFY_LISTINGS = Format(
    name="shopify_listings",
    title="Shopify's product export",
    kind="listings",
    also=True,
    signature=(*SHOPIFY_PRODUCTS.signature, "Title", _DESCRIPTION),
    columns={
        "sku": _SKU,
        "title": "Title",
        "description": _DESCRIPTION,
        "search_terms": "Tags",
        "category": ("Product Category", "Product category", *_CATEGORY),
    },
    series=(Series("attributes", r"(.+?) \((?:product|variant)\.metafields\..+\)"),),
    counted=Counted("images", ("Image Src", "Product image URL"), by=_HANDLE),
    advice=SHOPIFY_PRODUCTS.advice,
    skips=SHOPIFY_PRODUCTS.skips,
    inherits=Inherits(
        ("Title", _DESCRIPTION, "Tags", "Type", "Product Category", "Status", "Gift Card"),
        by=_HANDLE,
    ),
)
