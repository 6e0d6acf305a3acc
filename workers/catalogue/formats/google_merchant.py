"""Google Merchant Center: a product feed as a file, tab-separated or CSV (Data sources).

`id` is taken for the SKU. Prices have their currency ("19.99 USD").
"""

from workers.catalogue.importing.formats import Format, Period

GOOGLE_MERCHANT = Format(
    name="google_merchant",
    title="a Google Merchant feed",
    kind="products",
    signature=("id", "title", "price", "availability"),
    columns={
        "sku": "id",
        "title": "title",
        "brand": "brand",
        "category": ("product_type", "google_product_category"),
        "price": ("sale_price", "price"),
        "cost": "cost_of_goods_sold",
        "min_price": "auto_pricing_min_price",
        "stock": ("quantity", "sell_on_google_quantity"),
    },
    period=Period("sale_price", "sale_price_effective_date", "sale_price_effective_date"),
)
