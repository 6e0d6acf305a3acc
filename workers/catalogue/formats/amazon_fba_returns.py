"""Amazon, Seller Central, Reports, Fulfilment, Customer Concessions: FBA Customer Returns. Tab-separated or CSV."""

from workers.catalogue.importing.formats import Format

AMAZON_FBA_RETURNS = Format(
    name="amazon_fba_returns",
    title="Amazon's FBA Customer Returns report",
    kind="returns",
    signature=("return-date", "order-id", "sku", "detailed-disposition"),
    columns={
        "return_id": "license-plate-number",
        "order_id": "order-id",
        "sku": "sku",
        "date": "return-date",
        "quantity": "quantity",
        "reason_code": "reason",
        "comment": "customer-comments",
        "disposition": "detailed-disposition",
    },
    quoted=False,
    moments=True,
)
