"""Amazon, Seller Central, Reports, Fulfilment, Sales: Amazon Fulfilled Shipments, and Customer Shipment Sales.

Tab-separated or CSV: what Amazon shipped, and nothing that the seller shipped. All Orders has both.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Skip

AMAZON_FULFILLED_SHIPMENTS = Format(
    name="amazon_fulfilled_shipments",
    title="Amazon's Amazon Fulfilled Shipments report",
    kind="sales",
    signature=("amazon-order-id", "shipment-id", "purchase-date", "sku", "quantity-shipped", "item-price"),
    columns={
        "sku": "sku",
        "date": "purchase-date",
        "units": "quantity-shipped",
        "revenue": "item-price",
        "discount": "item-promotion-discount",
        "currency": "currency",
    },
    skips=(
        Skip("quantity-shipped", ("0", ""), "is a shipment without units"),
        Skip("item-price", NO_AMOUNT, "has no price: it is a replacement or free"),
    ),
    channel="sales-channel",
    quoted=False,
    moments=True,
)
AMAZON_CUSTOMER_SHIPMENT_SALES = Format(
    name="amazon_customer_shipment_sales",
    title="Amazon's Customer Shipment Sales report",
    kind="sales",
    signature=("shipment-date", "sku", "quantity", "amazon-order-id", "item-price-per-unit"),
    columns={
        "sku": "sku",
        "date": "shipment-date",
        "units": "quantity",
        "price": "item-price-per-unit",
        "currency": "currency",
    },
    skips=(
        Skip("quantity", ("0", ""), "is a shipment without units"),
        Skip("item-price-per-unit", NO_AMOUNT, "has no price: it is a replacement or free"),
    ),
    quoted=False,
    moments=True,
)
