"""Etsy, Shop Manager, Settings, Options, Download Data: Order Items (EtsySoldOrderItems). Its dates are MM/DD/YY.

The price is of one unit, and the discount of all. The download of orders has several SKUs in one cell.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Skip

ETSY_ORDERS = Format(
    name="etsy_orders",
    title="Etsy's download of order items",
    kind="sales",
    signature=("Sale Date", "Item Name", "Quantity", "Price", ("Transaction ID", "Listing ID", "Order ID")),
    columns={
        "sku": "SKU",
        "date": "Sale Date",
        "units": "Quantity",
        "price": "Price",
        "discount": "Discount Amount",
        "currency": "Currency",
    },
    skips=(
        Skip("SKU", ("",), "has no SKU"),
        Skip("Price", NO_AMOUNT, "was free"),
    ),
    dates="month_first",
)
ETSY_ORDERS_WITHOUT_ITEMS = Format(
    name="etsy_orders_without_items",
    title="Etsy's download of orders",
    kind="sales",
    signature=("Sale Date", "Number of Items", ("Order Value", "Order Total")),
    refused=(
        "It has the total of each order, and the SKUs of all its items in one cell. Send the download of order items "
        "instead (Shop Manager, Settings, Options, Download Data, CSV type: Order Items)."
    ),
)
