"""WooCommerce has no export of order lines of its own. The plug-in Advanced Order Export For WooCommerce has one.

WooCommerce, Export Orders: Summary off, products as rows. Analytics, Products is of a period (one day best, said with
`date`). Analytics, Orders has no SKUs, and several products in one cell.
"""

from workers.catalogue.importing.formats import NO_AMOUNT, Format, Inherits, Skip

_NOT_SOLD = (
    *("cancelled", "wc-cancelled", "storniert", "annulée", "annulé", "cancelado", "annullato"),
    *("failed", "wc-failed", "fehlgeschlagen", "échouée", "échoué", "fallido", "fallito"),
    *("pending payment", "pending", "wc-pending", "zahlung ausstehend", "attente paiement", "pendiente de pago"),
    *("in attesa di pagamento", "draft", "checkout-draft", "wc-checkout-draft", "trash", "entwurf"),
)
_ORDER = ("Order Number", "Order ID", "Order #")

WOOCOMMERCE_ORDERS = Format(
    name="woocommerce_orders",
    title="Advanced Order Export's list of WooCommerce orders",
    kind="sales",
    signature=(
        "Order Status",
        "Order Date",
        "SKU",
        ("Item Cost", "Item Cost (inc. tax)", "Order Line Total", "Order Line (w/o tax)"),
    ),
    columns={
        "sku": "SKU",
        "date": ("Order Date", "Paid Date"),
        "units": ("Quantity", "Quantity (- Refund)"),
        # What a buyer paid, if the seller has chosen that column.
        "price": ("Item Cost (inc. tax)", "Item Cost"),
        "revenue": ("Order Line Total (include tax)", "Order Line Total", "Order Line (w/o tax)"),
        "currency": ("Currency", "Order Currency"),
    },
    skips=(
        Skip("Order Status", _NOT_SOLD, "is of an order that was cancelled, or is not paid"),
        Skip("SKU", ("",), "has no SKU: a fee, or a product without one"),
        Skip("Quantity", ("0",), "is an order line without units"),
        Skip("Quantity (- Refund)", ("0",), "was refunded, and its units are not in the file"),
        Skip(("Item Cost (inc. tax)", "Item Cost"), NO_AMOUNT, "was free"),
    ),
    inherits=Inherits(("Order Status", "Order Date", "Currency", "Order Currency"), by=_ORDER),
    own_zone=True,
    moments=True,
)
WOOCOMMERCE_PRODUCTS_REPORT = Format(
    name="woocommerce_products_report",
    title="WooCommerce's analytics of products",
    kind="sales",
    signature=("Product title", "SKU", "Items sold", ("Net sales", "N. Revenue", "Net Revenue")),
    columns={"sku": "SKU", "units": "Items sold", "revenue": ("Net sales", "N. Revenue", "Net Revenue")},
    skips=(
        Skip("SKU", ("",), "has no SKU"),
        Skip("Items sold", ("0", ""), "sold nothing"),
    ),
)
WOOCOMMERCE_ORDERS_REPORT = Format(
    name="woocommerce_orders_report",
    title="WooCommerce's analytics of orders",
    kind="sales",
    signature=("Date", "Order #", "Status", ("Products", "Product(s)"), "Items sold"),
    refused=(
        "It has several products in one cell, and no SKUs. Send an export with one row per product of an order "
        "instead, for example of the plug-in Advanced Order Export For WooCommerce, or Analytics, Products of one "
        "day, and say which with date=."
    ),
)
