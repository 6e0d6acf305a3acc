"""BigCommerce, Products, Export: Bulk Edit of the old catalogue, and the default template of the new one (V3).

In both, variants are rows below their product, without what they share with it; rules and images are rows too.
Stores of the old one may change a variant's price by rules, which are not applied.
"""

from workers.catalogue.importing.formats import Blank, Format, Inherits, Skip

_ADVICE = {"sku": "Give the product a SKU in BigCommerce, and export it again."}

BIGCOMMERCE_PRODUCTS = Format(
    name="bigcommerce_products",
    title="BigCommerce's product export",
    kind="products",
    signature=("Item Type", ("Product Name", "Name"), ("Product Code/SKU", "Code"), "Price"),
    columns={
        "sku": ("Product Code/SKU", "Code"),
        "title": ("Product Name", "Name"),
        "brand": ("Brand Name", "Brand"),
        "category": ("Category", "Category String"),
        "price": ("Sale Price", "Price"),
        "cost": "Cost Price",
        "stock": ("Current Stock Level", "Stock Level"),
    },
    advice=_ADVICE,
    skips=(
        Skip("Item Type", ("rule",), "is a rule of a product"),
        Skip("Track Inventory", ("by option",), "is the parent of variants, which are rows of their own"),
        Skip(("Product Code/SKU", "Code"), ("",), "has no SKU: it is the parent of variants, or lacks one"),
    ),
    blanks=(
        Blank("Sale Price", "Sale Price", ("0", "0.00", "0.0000")),
        Blank("Cost Price", "Cost Price", ("0", "0.00", "0.0000")),
        Blank("Current Stock Level", "Track Inventory", ("none",)),
        Blank("Stock Level", "Track Inventory", ("none",)),
        # [S]Size=Small is no name.
        Blank(("Product Name", "Name"), "Item Type", ("sku",)),
    ),
    inherits=Inherits(
        ("Product Name", "Name", "Brand Name", "Brand", "Category", "Category String", "Price", "Sale Price"),
        marked=("Item Type", "sku"),
    ),
)
BIGCOMMERCE_PRODUCTS_V3 = Format(
    name=BIGCOMMERCE_PRODUCTS.name,
    title=BIGCOMMERCE_PRODUCTS.title,
    kind="products",
    signature=("Item", "Name", "SKU", "Price", "Inventory Tracking"),
    columns={
        "sku": "SKU",
        "title": "Name",
        # Categories are numbers there.
        "category": "Categories Names",
        "price": ("Sale Price", "Price"),
        "cost": "Cost Price",
        "stock": "Current Stock",
    },
    advice=_ADVICE,
    skips=(
        Skip("Item", ("product", "variant"), "is an image, a file or an option of a product", unless=True),
        Skip("Inventory Tracking", ("variant",), "is the parent of variants, which are rows of their own"),
        Skip("SKU", ("",), "has no SKU: it is the parent of variants, or lacks one"),
    ),
    blanks=(
        Blank("Sale Price", "Sale Price", ("0", "0.00", "0.0000")),
        Blank("Cost Price", "Cost Price", ("0", "0.00", "0.0000")),
        Blank("Current Stock", "Inventory Tracking", ("none",)),
    ),
    inherits=Inherits(("Name", "Categories Names", "Price", "Sale Price", "Cost Price"), marked=("Item", "variant")),
    options=("Options",),
)
