"""Amazon, Seller Central, Reports, Fulfilment, Customer Concessions: FBA Customer Returns.

Tab-separated or CSV, with English columns everywhere; moments have their zone. A row is of one unit, which its
licence plate number names; of what came back without one, several rows may be alike.
"""

from workers.catalogue.importing.formats import Format, Skip

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
    skips=(Skip("quantity", ("0",), "has no units"),),
    derived="return_id",
    quoted=False,
    moments=True,
)
