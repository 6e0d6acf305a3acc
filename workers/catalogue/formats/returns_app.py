"""What returns apps and plug-ins of shops export: Loop, AfterShip Returns, ReturnGO, RMA plug-ins of WooCommerce.

They have the same columns in words of their own: a return's id, its order, SKU, reason and status. Those of several
products in one cell cannot be taken apart.
"""

from workers.catalogue.importing.formats import Format, Names, Skip

_ID: Names = (
    *("Return ID", "RMA ID", "RMA number", "RMA no", "RMA", "Return number", "Return name"),
    # Of plug-ins of WooCommerce, which call a return a request.
    *("Request ID", "Request number", "Return request ID", "Refund request ID", "ID"),
)
_SKU: Names = (
    "Return item SKU",
    "Returned item SKU",
    "Line item SKU",
    "Item SKU",
    "Product SKU",
    "Variant SKU",
    "SKU",
    "Custom label (SKU)",
    "Custom label",
)
_REASON: Names = ("Return reason", "Reason", "Parent return reason")
_STATUS: Names = (
    "Return status",
    "RMA status",
    "Return state",
    "Request status",
    "Approval status",
    "Status",
    "State",
)
_NOT_RETURNED = (
    *("cancelled", "canceled", "return cancelled", "return canceled", "request cancelled", "request canceled"),
    *("rejected", "request rejected", "declined", "denied", "expired"),
)

RETURNS_APP = Format(
    name="returns_app",
    title="a returns app's export",
    kind="returns",
    signature=(_ID, _SKU, _REASON, _STATUS),
    columns={
        "return_id": _ID,
        "order_id": ("Order name", "Order number", "Order ID", "Order no", "Order", "Original order"),
        "sku": _SKU,
        "date": (
            "Return created at",
            "Return created",
            "Return requested at",
            "Return requested date",
            "Return request date",
            "Requested at",
            "Request date",
            "Requested date",
            "Date requested",
            "Created at",
            "Created",
            "Date created",
            "Created date",
            "Return date",
            "Date",
        ),
        "quantity": ("Return quantity", "Returned quantity", "Quantity returned", "Item quantity", "Quantity", "Qty"),
        "reason_code": _REASON,
        "comment": (
            "Customer comment",
            "Customer comments",
            "Return comment",
            "Return comments",
            "Return reason note",
            "Return reason notes",
            "Reason note",
            "Reason details",
            "Customer note",
            "Comment",
            "Comments",
            "Message",
            "Customer message",
        ),
        "disposition": ("Disposition", "Item condition", "Condition", "Item grade"),
        "buyer_id": ("Customer email", "Email", "Customer ID", "Customer"),
    },
    advice={"sku": "Give the product a SKU in your shop, and export the returns again."},
    skips=(
        Skip(_STATUS, _NOT_RETURNED, "is a request that was cancelled, refused or has expired: nothing came back"),
        Skip(
            _SKU,
            (",", "\n"),
            "has several SKUs in one cell, whose reasons cannot be told apart: send a table with one row per product "
            "of a return",
            contains=True,
        ),
        Skip(("Return quantity", "Returned quantity", "Quantity returned"), ("0",), "has no units"),
    ),
    adds_up=("quantity",),
    unsigned=("quantity",),
    derived="return_id",
    own_zone=True,
    moments=True,
)
