"""Shopify's returns. Its order export has none: it says only what was refunded of a whole order.

Shopify admin, Analytics, Reports: an exploration of returns with Returned quantity by Day, Product variant SKU,
Return reason and Order, exported as CSV. And the export of orders by Matrixify, a row for each line of an order,
where the refunded ones are lines of their own with a negative quantity; its note is the seller's.
"""

from workers.catalogue.importing.formats import Format, Inherits, Names, Skip

_SKU: Names = ("Product variant SKU", "Product variant SKU at time of sale", "Variant SKU", "SKU")
_QUANTITY: Names = ("Returned quantity", "Quantity returned", "Returned item quantity")
_REASON: Names = ("Return line item reason", "Return reason")
_DATE: Names = ("Day", "Date")

SHOPIFY_RETURNS = Format(
    name="shopify_returns",
    title="Shopify's report of returns",
    kind="returns",
    signature=(_SKU, _QUANTITY, (*_REASON, *_DATE)),
    # Reports of sales have what came back, too.
    without=(
        "Net items sold",
        "Net quantity",
        "Ordered item quantity",
        "Quantity ordered",
        "Net sales",
        "Total sales",
    ),
    columns={
        "return_id": ("Return ID", "Return name", "Refund ID"),
        "order_id": ("Order name", "Order ID", "Order"),
        "sku": _SKU,
        "date": _DATE,
        "quantity": _QUANTITY,
        "reason_code": _REASON,
        "comment": ("Return line item reason note", "Return reason note", "Customer note"),
        "buyer_id": ("Customer email", "Customer ID"),
    },
    advice={"sku": "Give the variant a SKU in Shopify, and export the report again."},
    skips=(
        Skip("Return status", ("cancelled", "canceled", "declined"), "is a request that was cancelled or refused"),
        Skip(_QUANTITY, ("0", ""), "has no units that came back"),
    ),
    adds_up=("quantity",),
    unsigned=("quantity",),
    derived="return_id",
    own_zone=True,
)
MATRIXIFY_REFUNDS = Format(
    name="matrixify_refunds",
    title="Matrixify's export of Shopify orders",
    kind="returns",
    signature=("Name", "Line: Type", "Line: Quantity", ("Line: SKU", "Line: Variant SKU"), "Refund: Created At"),
    columns={
        "return_id": "Refund: ID",
        "order_id": "Name",
        "sku": ("Line: SKU", "Line: Variant SKU"),
        "date": "Refund: Created At",
        "quantity": "Line: Quantity",
        "comment": "Refund: Note",
        "disposition": "Refund: Restock Type",
        "buyer_id": ("Customer: Email", "Email", "Customer: ID"),
    },
    advice={"sku": "Give the variant a SKU in Shopify, and export the orders again."},
    skips=(
        Skip("Line: Type", ("refund line", "refund line item"), "is not a refund of items", unless=True),
        Skip("Refund: Restock Type", ("cancel",), "was taken off the order before it was shipped"),
        Skip("Line: Quantity", ("0", ""), "has no units that came back"),
    ),
    inherits=Inherits(
        ("Refund: Created At", "Refund: Note", "Refund: Restock Type", "Customer: Email", "Email"), by="Refund: ID"
    ),
    adds_up=("quantity",),
    unsigned=("quantity",),
    derived="return_id",
    own_zone=True,
    moments=True,
)
