"""Shopify admin, Orders, Export, as CSV for Excel and other programs: one row per line of an order.

An order's own columns are only in its first row. The price is that of the line, less the line's discount; a discount
of the whole order is not shared out. A refunded order was sold, and counts.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Inherits, Names, Skip

_CANCELLED_AT: Names = ("Cancelled at", "Canceled at")

SHOPIFY_ORDERS = Format(
    name="shopify_orders",
    title="Shopify's order export",
    kind="sales",
    signature=("Name", "Created at", "Lineitem quantity", "Lineitem price", "Lineitem sku"),
    columns={
        "sku": "Lineitem sku",
        "date": "Created at",
        "units": "Lineitem quantity",
        "price": "Lineitem price",
        "discount": "Lineitem discount",
        "currency": "Currency",
    },
    skips=(
        Skip(_CANCELLED_AT, ("",), "is of a cancelled order", unless=True),
        Skip("Financial Status", ("voided", "expired"), "is of an order that was never paid"),
        Skip("Lineitem sku", ("",), "has no SKU: a gift card, a tip or a custom item"),
        Skip("Lineitem quantity", ("0", ""), "was taken off the order"),
        Skip("Lineitem price", NO_AMOUNT, "was free"),
    ),
    inherits=Inherits(("Financial Status", "Created at", _CANCELLED_AT, "Currency"), by="Name"),
    own_zone=True,
    moments=True,
)
