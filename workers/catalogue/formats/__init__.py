"""The exports of marketplaces and shop systems that are known. A new one is a file here, and its line in FORMATS."""

from workers.catalogue.formats.amazon_all_listings import AMAZON_ALL_LISTINGS, AMAZON_ALL_LISTINGS_TEXTS
from workers.catalogue.formats.amazon_all_orders import AMAZON_ALL_ORDERS
from workers.catalogue.formats.amazon_business_report import (
    AMAZON_BUSINESS_REPORT,
    AMAZON_BUSINESS_REPORT_BY_ASIN,
    AMAZON_BUSINESS_REPORT_BY_DATE,
)
from workers.catalogue.formats.amazon_category_listings import AMAZON_CATEGORY_LISTINGS
from workers.catalogue.formats.amazon_fba_inventory import AMAZON_FBA_INVENTORY, AMAZON_FULFILLED_INVENTORY
from workers.catalogue.formats.amazon_fba_returns import AMAZON_FBA_RETURNS
from workers.catalogue.formats.amazon_fba_sales import AMAZON_CUSTOMER_SHIPMENT_SALES, AMAZON_FULFILLED_SHIPMENTS
from workers.catalogue.formats.amazon_open_listings import (
    AMAZON_OPEN_LISTINGS,
    AMAZON_OPEN_LISTINGS_WITH_BUSINESS_PRICES,
)
from workers.catalogue.formats.amazon_order_report import AMAZON_ORDER_REPORT
from workers.catalogue.formats.amazon_reviews import AMAZON_REVIEWS, AMAZON_REVIEWS_APIFY, AMAZON_REVIEWS_OUTSCRAPER
from workers.catalogue.formats.amazon_search_terms import AMAZON_SEARCH_TERMS
from workers.catalogue.formats.amazon_seller_returns import AMAZON_SELLER_RETURNS
from workers.catalogue.formats.amazon_settlement import AMAZON_SETTLEMENT, AMAZON_TRANSACTIONS
from workers.catalogue.formats.apify_products import APIFY_LISTINGS, APIFY_PRODUCTS
from workers.catalogue.formats.bigcommerce_orders import BIGCOMMERCE_ORDERS
from workers.catalogue.formats.bigcommerce_products import BIGCOMMERCE_PRODUCTS, BIGCOMMERCE_PRODUCTS_V3
from workers.catalogue.formats.datadive_keywords import DATADIVE_KEYWORDS
from workers.catalogue.formats.ebay_active_listings import EBAY_ACTIVE_LISTINGS
from workers.catalogue.formats.ebay_file_exchange import EBAY_FILE_EXCHANGE, EBAY_LISTINGS
from workers.catalogue.formats.ebay_orders import EBAY_ORDERS
from workers.catalogue.formats.etsy_listings import ETSY_LISTINGS
from workers.catalogue.formats.etsy_orders import ETSY_ORDERS, ETSY_ORDERS_WITHOUT_ITEMS
from workers.catalogue.formats.google_keyword_planner import GOOGLE_KEYWORD_PLANNER
from workers.catalogue.formats.google_merchant import GOOGLE_MERCHANT
from workers.catalogue.formats.helium10_keywords import HELIUM10_KEYWORDS
from workers.catalogue.formats.helium10_products import HELIUM10_BLACK_BOX, HELIUM10_XRAY
from workers.catalogue.formats.judgeme_reviews import JUDGEME_REVIEWS
from workers.catalogue.formats.jungle_scout import JUNGLE_SCOUT_KEYWORDS, JUNGLE_SCOUT_PRODUCTS
from workers.catalogue.formats.keepa_products import KEEPA_LISTINGS, KEEPA_PRODUCTS
from workers.catalogue.formats.loox_reviews import LOOX_REVIEWS, LOOX_REVIEWS_TEMPLATE
from workers.catalogue.formats.okendo_reviews import OKENDO_REVIEWS, OKENDO_REVIEWS_TEMPLATE
from workers.catalogue.formats.returns_app import RETURNS_APP
from workers.catalogue.formats.reviews_app import REVIEWS_APP
from workers.catalogue.formats.shopify_inventory import SHOPIFY_INVENTORY, SHOPIFY_INVENTORY_BY_COLUMN
from workers.catalogue.formats.shopify_orders import SHOPIFY_ORDERS
from workers.catalogue.formats.shopify_products import SHOPIFY_LISTINGS, SHOPIFY_PRODUCTS
from workers.catalogue.formats.shopify_returns import MATRIXIFY_REFUNDS, SHOPIFY_RETURNS
from workers.catalogue.formats.shopify_reviews import SHOPIFY_PRODUCT_REVIEWS, STAMPED_REVIEWS, STAMPED_REVIEWS_EXPORT
from workers.catalogue.formats.trustpilot_reviews import TRUSTPILOT_PRODUCT_REVIEWS, TRUSTPILOT_REVIEWS
from workers.catalogue.formats.walmart_item_spec import WALMART_ITEM_SPEC
from workers.catalogue.formats.walmart_items import WALMART_ITEMS
from workers.catalogue.formats.woocommerce_orders import (
    WOOCOMMERCE_ORDERS,
    WOOCOMMERCE_ORDERS_REPORT,
    WOOCOMMERCE_PRODUCTS_REPORT,
)
from workers.catalogue.formats.woocommerce_products import WOOCOMMERCE_LISTINGS, WOOCOMMERCE_PRODUCTS
from workers.catalogue.formats.woocommerce_returns import WOOCOMMERCE_ITEM_REFUNDS, WOOCOMMERCE_ORDER_REFUNDS
from workers.catalogue.formats.woocommerce_reviews import WOOCOMMERCE_REVIEWS
from workers.catalogue.formats.yotpo_reviews import YOTPO_REVIEWS
from workers.catalogue.importing.formats import Format

FORMATS: tuple[Format, ...] = (
    AMAZON_ALL_LISTINGS,
    AMAZON_ALL_LISTINGS_TEXTS,
    AMAZON_ALL_ORDERS,
    AMAZON_BUSINESS_REPORT,
    AMAZON_BUSINESS_REPORT_BY_ASIN,
    AMAZON_BUSINESS_REPORT_BY_DATE,
    AMAZON_CATEGORY_LISTINGS,
    AMAZON_CUSTOMER_SHIPMENT_SALES,
    AMAZON_FBA_INVENTORY,
    AMAZON_FBA_RETURNS,
    AMAZON_FULFILLED_INVENTORY,
    AMAZON_FULFILLED_SHIPMENTS,
    AMAZON_OPEN_LISTINGS,
    AMAZON_OPEN_LISTINGS_WITH_BUSINESS_PRICES,
    AMAZON_ORDER_REPORT,
    AMAZON_REVIEWS,
    AMAZON_REVIEWS_APIFY,
    AMAZON_REVIEWS_OUTSCRAPER,
    AMAZON_SEARCH_TERMS,
    AMAZON_SELLER_RETURNS,
    AMAZON_SETTLEMENT,
    AMAZON_TRANSACTIONS,
    APIFY_LISTINGS,
    APIFY_PRODUCTS,
    BIGCOMMERCE_ORDERS,
    BIGCOMMERCE_PRODUCTS,
    BIGCOMMERCE_PRODUCTS_V3,
    DATADIVE_KEYWORDS,
    EBAY_ACTIVE_LISTINGS,
    EBAY_FILE_EXCHANGE,
    EBAY_LISTINGS,
    EBAY_ORDERS,
    ETSY_LISTINGS,
    ETSY_ORDERS,
    ETSY_ORDERS_WITHOUT_ITEMS,
    GOOGLE_KEYWORD_PLANNER,
    GOOGLE_MERCHANT,
    HELIUM10_BLACK_BOX,
    HELIUM10_KEYWORDS,
    HELIUM10_XRAY,
    JUDGEME_REVIEWS,
    JUNGLE_SCOUT_KEYWORDS,
    JUNGLE_SCOUT_PRODUCTS,
    KEEPA_LISTINGS,
    KEEPA_PRODUCTS,
    LOOX_REVIEWS,
    LOOX_REVIEWS_TEMPLATE,
    MATRIXIFY_REFUNDS,
    OKENDO_REVIEWS,
    OKENDO_REVIEWS_TEMPLATE,
    RETURNS_APP,
    REVIEWS_APP,
    SHOPIFY_INVENTORY,
    SHOPIFY_INVENTORY_BY_COLUMN,
    SHOPIFY_LISTINGS,
    SHOPIFY_ORDERS,
    SHOPIFY_PRODUCT_REVIEWS,
    SHOPIFY_PRODUCTS,
    SHOPIFY_RETURNS,
    STAMPED_REVIEWS,
    STAMPED_REVIEWS_EXPORT,
    TRUSTPILOT_PRODUCT_REVIEWS,
    TRUSTPILOT_REVIEWS,
    WALMART_ITEM_SPEC,
    WALMART_ITEMS,
    WOOCOMMERCE_ITEM_REFUNDS,
    WOOCOMMERCE_LISTINGS,
    WOOCOMMERCE_ORDER_REFUNDS,
    WOOCOMMERCE_ORDERS,
    WOOCOMMERCE_ORDERS_REPORT,
    WOOCOMMERCE_PRODUCTS,
    WOOCOMMERCE_PRODUCTS_REPORT,
    WOOCOMMERCE_REVIEWS,
    YOTPO_REVIEWS,
)
