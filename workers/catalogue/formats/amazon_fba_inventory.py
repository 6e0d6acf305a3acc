"""Amazon, Seller Central, Reports, Fulfilment, Inventory: Manage FBA Inventory, and Amazon Fulfilled Inventory.

Tab-separated or CSV. The first has a price, and the second only what Amazon has, a row for what can be sold and one
for what cannot.
"""

from workers.catalogue.importing.formats import Format, Skip

AMAZON_FBA_INVENTORY = Format(
    name="amazon_fba_inventory",
    title="Amazon's Manage FBA Inventory report",
    kind="products",
    signature=("sku", "afn-fulfillable-quantity"),
    columns={
        "sku": "sku",
        "title": "product-name",
        "price": "your-price",
        # Of a SKU that the seller ships, the report has the seller's own quantity.
        "stock": ("afn-fulfillable-quantity", "mfn-fulfillable-quantity"),
        "external_id": "asin",
    },
    quoted=False,
)
AMAZON_FULFILLED_INVENTORY = Format(
    name="amazon_fulfilled_inventory",
    title="Amazon's Amazon Fulfilled Inventory report",
    kind="products",
    signature=("seller-sku", "Warehouse-Condition-code", "Quantity Available"),
    columns={"sku": "seller-sku", "external_id": "asin", "stock": "Quantity Available"},
    skips=(Skip("Warehouse-Condition-code", ("unsellable",), "is stock that cannot be sold"),),
    adds_up=("stock",),
    quoted=False,
)
