"""Amazon, Seller Central, Orders, Manage Returns, or Reports: returns of what the seller ships, by return date.

Tab-separated. A row is an order line of a request, also of one that was refused; its dates are days such as
14-Jul-2026. What the customer wrote is not in it.
"""

from workers.catalogue.importing.formats import Format, Skip

AMAZON_SELLER_RETURNS = Format(
    name="amazon_seller_returns",
    title="Amazon's report of seller-fulfilled returns",
    kind="returns",
    signature=("Order ID", "Return request date", "Amazon RMA ID", "Merchant SKU", "Return quantity"),
    columns={
        "return_id": ("Amazon RMA ID", "Merchant RMA ID"),
        "order_id": "Order ID",
        "sku": "Merchant SKU",
        "date": "Return request date",
        "quantity": "Return quantity",
        "reason_code": ("Return reason", "Return reason code"),
        "comment": ("Customer comments", "Customer comment"),
    },
    skips=(
        Skip(
            "Return request status",
            ("cancelled", "canceled", "denied", "declined", "rejected"),
            "is a request that was cancelled or refused: nothing came back",
        ),
        Skip("Return quantity", ("0",), "has no units"),
    ),
    adds_up=("quantity",),
    derived="return_id",
    quoted=False,
)
