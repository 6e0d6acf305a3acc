"""Amazon, Payments: the settlement, which has amounts by kind of fee and no units sold by day."""

from workers.catalogue.importing.formats import Format

AMAZON_SETTLEMENT = Format(
    name="amazon_settlement",
    title="an Amazon settlement report",
    kind="sales",
    signature=("settlement-id", "settlement-start-date"),
    refused=(
        "It lists payments and fees, from which the units sold and their prices cannot be told. Send the All Orders "
        "report instead (Seller Central, Reports, Fulfilment, All Orders)."
    ),
)
