"""Amazon, Order Reports: All Orders, tab-separated. One row per order line, with the amount of all its units."""

from workers.catalogue.importing.formats import Format, Skip

AMAZON_ALL_ORDERS = Format(
    name="amazon_all_orders",
    title="Amazon's All Orders report",
    kind="sales",
    signature=("amazon-order-id", "purchase-date", "sku", "quantity", "item-price"),
    columns={
        "sku": "sku",
        "date": "purchase-date",
        "units": "quantity",
        "revenue": "item-price",
        "discount": "item-promotion-discount",
        "currency": "currency",
    },
    skips=(
        Skip(("order-status", "item-status"), ("cancelled", "canceled"), "is a cancelled order"),
        Skip("item-status", ("cancelled", "canceled"), "is a cancelled order line"),
        Skip("quantity", ("0", ""), "is an order line without units"),
        Skip("item-price", ("", "0", "0.0", "0.00"), "has no price: it is pending, a replacement or free"),
    ),
    channel="sales-channel",
    quoted=False,
    moments=True,
)
