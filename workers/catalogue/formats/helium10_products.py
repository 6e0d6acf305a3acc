"""Helium 10: Xray, which lists what a search at Amazon finds, and Black Box. One's own products may be among them."""

from workers.catalogue.importing.formats import Format

HELIUM10_BLACK_BOX = Format(
    name="helium10_black_box",
    title="Helium 10's Black Box",
    kind="competitor_listings",
    signature=("ASIN", "Title", "Brand", "Fulfillment", ("ASIN Revenue", "Parent Level Revenue", "Monthly Revenue")),
    columns={
        "external_id": "ASIN",
        "title": "Title",
        "brand": "Brand",
        "category": ("Category", "Subcategory"),
        "url": "URL",
    },
)
HELIUM10_XRAY = Format(
    name="helium10_xray",
    title="Helium 10's Xray",
    kind="competitor_listings",
    signature=("Product Details", "ASIN", "Brand", ("ASIN Sales", "Parent Level Sales", "Sales", "Display Order")),
    columns={
        "external_id": "ASIN",
        "title": "Product Details",
        "brand": "Brand",
        "category": "Category",
        "url": "URL",
    },
)
