"""Amazon, Seller Central, Orders, Order Reports: New Orders, of what the seller ships.

Tab-separated. One row per order line, with the amount of all its units. Cancelled orders are not in it.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Skip

AMAZON_ORDER_REPORT = Format(
    name="amazon_order_report",
    title="Amazon's New Orders report",
    kind="sales",
    signature=("order-id", "order-item-id", "purchase-date", "sku", "quantity-purchased", "item-price"),
    columns={
        "sku": "sku",
        "date": "purchase-date",
        "units": "quantity-purchased",
        "revenue": "item-price",
        "discount": "item-promotion-discount",
        "currency": "currency",
    },
    skips=(
        Skip("quantity-purchased", ("0", ""), "is an order line without units"),
        Skip("item-price", NO_AMOUNT, "has no price: it is a replacement or free"),
    ),
    channel="sales-channel",
    quoted=False,
    moments=True,
)
