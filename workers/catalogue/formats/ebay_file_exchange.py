"""eBay, Seller Hub, Reports, Uploads: templates of listings (File Exchange), with a row of #INFO or none above.

`*` marks columns that eBay requires, and the first column names the site and its currency. A listing with variations
is a row of its own, without a price, and each variation one below it.
"""

from workers.catalogue.importing.formats import Format, Inherits, Names, Series, Skip

_RELATIONSHIP_DETAILS: Names = ("RelationshipDetails", "Relationship details")
_PRICE: Names = ("StartPrice", "Start price", "Price", "BuyItNowPrice", "Buy It Now price")
_TITLE: Names = ("Title", "Item title")

EBAY_FILE_EXCHANGE = Format(
    name="ebay_file_exchange",
    title="eBay's File Exchange",
    kind="products",
    signature=(
        "Action",
        ("CustomLabel", "Custom label (SKU)", "Custom label"),
        ("StartPrice", "Start price", "Price", "Quantity", "Available quantity"),
    ),
    columns={
        "sku": ("CustomLabel", "Custom label (SKU)", "Custom label"),
        "title": _TITLE,
        "brand": ("C:Brand", "Brand"),
        "category": "Category name",
        "price": _PRICE,
        "stock": ("Quantity", "Available quantity"),
        "external_id": ("ItemID", "Item number", "Item ID"),
        "currency": "Currency",
    },
    advice={"sku": "Give the listing a custom label (SKU) in eBay's Seller Hub, and export it again."},
    skips=(
        Skip("Action", ("end", "enditem", "delete"), "ends a listing"),
        Skip("Format", ("auction", "chinese"), "is an auction"),
        Skip("Relationship", ("compatibility",), "says what an item fits"),
        # Color=Red;Blue lists what there is, and Color=Red is one of them.
        Skip(
            _RELATIONSHIP_DETAILS, (";",), "is the parent of variations, which are rows of their own", contains=True
        ),
    ),
    inherits=Inherits(
        (_TITLE, "C:Brand", "Category name", ("ItemID", "Item number")), marked=("Relationship", "variation")
    ),
    options=(_RELATIONSHIP_DETAILS,),
)
_DESCRIPTION: Names = ("Description", "Item description")
_PICTURES: Names = ("PicURL", "Item photo URL", "Picture URL")
# Item specifics are columns such as C:Material.
EBAY_LISTINGS = Format(
    name="ebay_listings",
    title="eBay's File Exchange",
    kind="listings",
    also=True,
    signature=(*EBAY_FILE_EXCHANGE.signature, _TITLE, (*_DESCRIPTION, *_PICTURES)),
    columns={
        "sku": EBAY_FILE_EXCHANGE.columns["sku"],
        "title": _TITLE,
        "description": _DESCRIPTION,
        "category": "Category name",
        "images": _PICTURES,
    },
    series=(Series("attributes", r"\*?C:(.+)"),),
    advice=EBAY_FILE_EXCHANGE.advice,
    skips=EBAY_FILE_EXCHANGE.skips,
    inherits=Inherits((_TITLE, _DESCRIPTION, "Category name", _PICTURES), marked=("Relationship", "variation")),
)
