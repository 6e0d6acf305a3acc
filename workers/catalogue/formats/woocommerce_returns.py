"""WooCommerce has no export of refunds. Plug-ins that export orders row by row say how many of a line were refunded.

They are exports of sales, too: as returns they are read for who sends them as such. They have neither a reason nor
the day of the refund: it is that of the order. Plug-ins for returns have both, see `returns_app`.
"""

from workers.catalogue.importing.formats import Format, Inherits, Names, Skip

_ORDER: Names = ("Order Number", "Order ID", "Order #")
_EMAIL: Names = ("Email (Billing)", "Billing Email Address", "Billing Email", "Customer Email", "Customer User ID")
_REFUNDED: Names = ("item_refunded_qty", "Item Refunded Quantity")

WOOCOMMERCE_ORDER_REFUNDS = Format(
    name="woocommerce_order_refunds",
    title="Advanced Order Export's list of WooCommerce orders",
    kind="returns",
    also=True,
    signature=("Order Status", "Order Date", "SKU", "Quantity", "Quantity (- Refund)"),
    columns={"order_id": _ORDER, "sku": "SKU", "date": "Order Date", "quantity": "Quantity", "buyer_id": _EMAIL},
    less={"quantity": "Quantity (- Refund)"},
    skips=(Skip("SKU", ("",), "has no SKU: a fee, or a product without one"),),
    inherits=Inherits(("Order Status", "Order Date", _EMAIL), by=_ORDER),
    derived="return_id",
    own_zone=True,
    moments=True,
)
WOOCOMMERCE_ITEM_REFUNDS = Format(
    name="woocommerce_item_refunds",
    title="a list of WooCommerce orders with a row for each item",
    kind="returns",
    also=True,
    signature=(("order_id", "order_number"), ("order_date", "date"), "item_sku", _REFUNDED),
    columns={
        "order_id": ("order_number", "order_id"),
        "sku": "item_sku",
        "date": ("order_date", "date"),
        "quantity": _REFUNDED,
        "buyer_id": ("customer_email", "billing_email", "customer_id"),
    },
    skips=(
        Skip(_REFUNDED, ("0", ""), "was not refunded"),
        Skip("item_sku", ("",), "has no SKU: a fee, or a product without one"),
    ),
    unsigned=("quantity",),
    derived="return_id",
    own_zone=True,
    moments=True,
)
