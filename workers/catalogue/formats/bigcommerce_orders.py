"""BigCommerce, Orders, Export: all products of an order are in one cell."""

from workers.catalogue.importing.formats import Format

BIGCOMMERCE_ORDERS = Format(
    name="bigcommerce_orders",
    title="BigCommerce's order export",
    kind="sales",
    signature=("Order ID", "Order Status", "Product Details"),
    refused=(
        "It has all products of an order in one cell, which the service does not take apart. Send a table with one "
        "row per product of an order, with the columns sku, date, price and units."
    ),
)
