"""Shopify admin, Products, Inventory, Export: the stock of the variants that are there, at each location.

Since 2023 it has one row per location, before that one column per location. "not stocked" is no 0.
"""

from workers.catalogue.importing.formats import Format, Names, Skip

# What can be sold; what is on hand includes what is sold and not shipped yet.
_AVAILABLE: Names = ("Available (not editable)", "Available", "On hand (current)", "On hand")

SHOPIFY_INVENTORY = Format(
    name="shopify_inventory",
    title="Shopify's inventory export",
    kind="products",
    signature=("Handle", "SKU", "Location", _AVAILABLE),
    columns={"sku": "SKU", "stock": _AVAILABLE},
    advice={"sku": "Give the variant a SKU in Shopify (Products, the variant, Inventory), and export it again."},
    skips=(Skip(_AVAILABLE, ("", "not stocked"), "is a variant that is not stocked at this location"),),
    adds_up=("stock",),
)
SHOPIFY_INVENTORY_BY_COLUMN = Format(
    name=SHOPIFY_INVENTORY.name,
    title=SHOPIFY_INVENTORY.title,
    kind="products",
    signature=("Handle", "SKU", "COO"),
    columns={"sku": "SKU"},
    advice=SHOPIFY_INVENTORY.advice,
    locations_behind=("HS Code", "COO"),
)
