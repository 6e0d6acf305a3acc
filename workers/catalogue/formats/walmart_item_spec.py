"""Walmart, Seller Center, the item set-up spreadsheet (item spec), filled in: a sheet for each product type.

`(+)` marks columns of which there may be several. The attributes that are taken are the ones that most product types
have.
"""

from workers.catalogue.importing.formats import Format, Series

WALMART_ITEM_SPEC = Format(
    name="walmart_item_spec",
    title="Walmart's item set-up spreadsheet",
    kind="listings",
    signature=("SKU", "Product Name", "Site Description", ("Key Features (+)", "Key Features 1 (+)", "Key Features")),
    columns={
        "sku": "SKU",
        "title": "Product Name",
        "description": "Site Description",
        "category": ("Spec Product Type", "Product Type", "Product Category"),
    },
    series=(
        Series("bullets", r"Key Features ?(\d{0,2})(?: \(\+\))?"),
        Series("images", r"(Main Image URL|Additional Image URL(?: \d{1,2})?)(?: \(\+\))?"),
        Series(
            "attributes",
            r"(Color|Material|Size|Pattern|Shape|Finish|Capacity|Style|Age Group|Gender|Theme|Occasion|Scent"
            r"|Count Per Pack|Multipack Quantity)(?: \(\+\))?",
        ),
    ),
)
