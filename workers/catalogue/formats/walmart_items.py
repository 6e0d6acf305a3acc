"""Walmart, Seller Center, Catalog, Download, Item Report (of the API: ITEM, versions 2 to 6)."""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Skip

WALMART_ITEMS = Format(
    name="walmart_items",
    title="Walmart's item report",
    kind="products",
    signature=("SKU", "Item ID", "Product Name", "Publish Status", "Price"),
    columns={
        "sku": "SKU",
        "title": "Product Name",
        "brand": "Brand",
        "category": ("Product Category", "Product Type"),
        "price": "Price",
        "currency": "Currency",
        "stock": ("Inventory Count", "Available Inventory"),
        "external_id": "Item ID",
    },
    skips=(
        Skip("Lifecycle Status", ("retired", "archived"), "is a retired item"),
        Skip(
            "Publish Status",
            ("unpublished", "system problem", "system_problem"),
            "is not published: Walmart does not sell it",
        ),
        Skip("Price", NO_AMOUNT, "has no price"),
    ),
)
