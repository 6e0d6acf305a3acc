"""Amazon, Seller Central, Payments: settlements (V1 and V2), and Date Range Reports of transactions.

They have amounts by kind of fee, dates of payment instead of orders, and refunds among them.
"""

from workers.catalogue.importing.formats import Format

_INSTEAD = (
    "Send the All Orders report instead (Seller Central, Orders, Order Reports, or Reports, Fulfilment, All Orders)."
)

AMAZON_SETTLEMENT = Format(
    name="amazon_settlement",
    title="an Amazon settlement report",
    kind="sales",
    signature=("settlement-id", "settlement-start-date"),
    refused=f"It lists payments and fees, from which the units sold and their prices cannot be told. {_INSTEAD}",
)
AMAZON_TRANSACTIONS = Format(
    name="amazon_transactions",
    title="an Amazon Date Range Report of transactions",
    kind="sales",
    signature=(
        ("date/time", "Datum/Uhrzeit", "date/heure", "Data/Ora:", "Data/Ora", "fecha y hora", "日付/時間"),
        (
            "settlement id",
            "Abrechnungsnummer",
            "numéro de versement",
            "Numero pagamento",
            "identificador de pago",
            "決済番号",
        ),
    ),
    refused=f"It lists payments and fees by the day of the payment, and refunds among them. {_INSTEAD}",
)
