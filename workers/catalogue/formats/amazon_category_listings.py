"""Amazon, Seller Central, Inventory Reports: Category Listings Report, and the flat files for products.

A row of names for people stands above the columns' own names, which are the same in every language. Since 2024 these
are written as bullet_point[marketplace_id=…][language_tag=…]#1.value. In a workbook the rows are on the sheet
Template. The attributes keep Amazon's names; those that are taken here are the ones that most categories have.
"""

from workers.catalogue.importing.formats import Format, Names, Series, Skip

_SKU: Names = ("item_sku", "contribution_sku#1.value", "vendor_sku#1.value")
_TITLE: Names = ("item_name", "item_name#1.value")

AMAZON_CATEGORY_LISTINGS = Format(
    name="amazon_category_listings",
    title="Amazon's category listings report",
    kind="listings",
    signature=(
        _SKU,
        _TITLE,
        ("bullet_point1", "bullet_point#1.value", "product_description", "product_description#1.value"),
    ),
    columns={
        "sku": _SKU,
        "title": _TITLE,
        "description": ("product_description", "product_description#1.value", "rtip_product_description#1.value"),
        "search_terms": ("generic_keywords", "generic_keyword#1.value"),
        "category": (
            "item_type",
            "item_type_keyword",
            "item_type_keyword#1.value",
            "feed_product_type",
            "product_type#1.value",
        ),
    },
    series=(
        Series("bullets", r"bullet_point[_#]?(\d{1,2})(?:\.value)?"),
        Series("search_terms", r"generic_keywords?(\d)"),
        Series(
            "images",
            r"(main_image_url|other_image_url\d{1,2}"
            r"|main_product_image_locator#1\.media_location|other_product_image_locator_\d{1,2}#1\.media_location)",
        ),
        Series(
            "attributes",
            r"(color_name|size_name|material_type\d?|style_name|pattern_name|pattern_type|scent_name|flavor_name"
            r"|special_features?\d?|target_audience_keywords?\d?|item_shape|finish_type|number_of_items|unit_count"
            r"|item_form|capacity|occasion_type\d?|fabric_type\d?|department_name|included_components?\d?)",
        ),
        Series(
            "attributes",
            r"((?:color|size|material|style|pattern|scent|flavor|special_feature|target_audience_keyword|item_shape"
            r"|finish_type|number_of_items|unit_count|item_form|capacity|occasion_type|fabric_type|department"
            r"|included_components)#\d{1,2})\.value",
        ),
    ),
    skips=(
        Skip(
            ("parent_child", "parentage_level#1.value"),
            ("parent",),
            "is the parent of variations, which are rows of their own",
        ),
        Skip("update_delete", ("delete",), "is to be deleted"),
    ),
    quoted=False,
)
