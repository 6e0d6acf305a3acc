"""Amazon, Seller Central, Orders, Order Reports: All Orders, by order date or by update.

Tab-separated, with English columns everywhere. One row per order line, with the amount of all its units; moments are
in UTC. Refunds are not in it: what was refunded was sold.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Skip

_CANCELLED = ("cancelled", "canceled")

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
        Skip("order-status", _CANCELLED, "is of a cancelled order"),
        Skip("item-status", _CANCELLED, "is a cancelled order line"),
        Skip("order-status", ("pending",), "is of a pending order: Amazon waits for its payment"),
        Skip("is-replacement-order", ("true", "yes"), "is a replacement, for which nobody paid"),
        Skip("quantity", ("0", ""), "is an order line without units"),
        Skip("item-price", NO_AMOUNT, "has no price: it is pending, a replacement or free"),
    ),
    channel="sales-channel",
    quoted=False,
    moments=True,
)
