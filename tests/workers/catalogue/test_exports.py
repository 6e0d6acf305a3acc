"""Exports of products: what is recognised, stored, left out and refused."""

import pytest

from tests.clients import Caller
from tests.workers.catalogue.exports_steps import (
    EXPORTS,
    Case,
    add_known,
    check_report,
    name,
    product,
    stored_products,
    told,
)
from tests.workers.catalogue.steps import report

pytestmark = pytest.mark.django_db

PRODUCTS = [
    Case(
        "amazon-all-listings-de.txt",
        "amazon_all_listings",
        {
            "KW-05-WEISS": product(
                'Küchenwaage "Präzision" bis 5 kg', price=24.95, stock=18, external_id="B0C1DE0001"
            ),
            "0042": product('Monitorhalterung für 27" Bildschirme', price=39.9, stock=7, external_id="B0C1DE0002"),
            "TB-500": product("Thermobecher 0,5 l, Edelstahl", price=19.99, external_id="B0C1DE0003"),
            "GUE-BR": product("Größenverstellbarer Gürtel – braun", price=29.0, stock=0, external_id="B0C1DE0004"),
        },
        skipped={5: "has no price"},
        marketplace="amazon_de",
    ),
    Case(
        "amazon-all-listings-jp.txt",
        "amazon_all_listings",
        {
            "JP-KUTSU-26": product(
                "レザースニーカー 26cm ブラック",
                price=5980.0,
                stock=12,
                min_price=4980.0,
                max_price=7980.0,
                external_id="B0C1JP0001",
            ),
            "JP-YUNOMI": product("湯呑み 有田焼", price=1280.0, external_id="B0C1JP0002"),
        },
        marketplace="amazon_jp",
    ),
    Case(
        "../cases/a01-amazon-all-listings-cp1252.txt",
        "amazon_all_listings",
        {
            "AB-01": product("Jalapeño Grinder", price=20.5, stock=3, external_id="B01I53BE4O"),
        },
        marketplace="amazon_uk",
    ),
    Case(
        "amazon-fba-inventory.txt",
        "amazon_fba_inventory",
        {
            "TB-500": product("Thermobecher 0,5 l, Edelstahl", price=19.99, stock=121, external_id="B0C1DE0003"),
            "KW-05-WEISS": product(
                'Küchenwaage "Präzision" bis 5 kg', price=24.95, stock=18, external_id="B0C1DE0001"
            ),
        },
        errors={3: "price is needed for a new product"},
        marketplace="amazon_de",
    ),
    Case(
        "shopify-products.csv",
        "shopify_products",
        {
            "LIN-W-S": product(
                "Linen Shirt - White - S", brand="Nordlys", category="Shirts", price=59.0, cost=21.5, stock=12
            ),
            "LIN-W-M": product(
                "Linen Shirt - White - M", brand="Nordlys", category="Shirts", price=59.0, cost=21.5, stock=0
            ),
            "POSTER-30": product('Poster "Fjord" 30×40', brand="Nordlys", category="Prints", price=18.0),
        },
        skipped={5: "is an image", 8: "is a gift card", 9: "is an archived product", 10: "is a draft"},
        errors={6: "sku must not be empty. Give the variant a SKU in Shopify"},
    ),
    Case(
        "shopify-products-2025.csv",
        "shopify_products",
        {
            "RUN-41": product(
                "Running Shoe - 41", brand="Acme", category="Footwear", price=89.99, cost=40.0, stock=5
            ),
            "RUN-42": product("Running Shoe - 42", brand="Acme", category="Footwear", price=92.0, cost=40.0, stock=0),
        },
        skipped={4: "is an image"},
    ),
    Case(
        "../cases/b01-shopify-export.csv",
        "shopify_products",
        {
            "VT-S": product("Varsity Top - Small", brand="demo", category="Tops", price=60.0, cost=20.0, stock=1),
            "VT-M": product("Varsity Top - Medium", brand="demo", category="Tops", price=60.0, stock=0),
        },
        skipped={5: "is an image"},
    ),
    Case(
        "woocommerce-products-de.csv",
        "woocommerce_products",
        {
            "muetze": product(
                "Mütze „Nordwind“", brand="Nordwind", category="Kleidung > Zubehör", price=18.0, stock=14
            ),
            "hoodie-rot": product("Kapuzenpulli - Rot", price=45.0, stock=3),
            # Its sale is over.
            "gutschein": product("Gutschein", price=25.0),
        },
        skipped={4: "is the parent of variations", 7: "is a group of products", 8: "is a draft"},
        errors={9: "sku must not be empty. Give the product a SKU in WooCommerce"},
        marketplace="shop_de",
    ),
    Case(
        "../cases/b03-woocommerce-export.csv",
        "woocommerce_products",
        {
            "woo-beanie": product("Beanie", category="Clothing > Accessories", price=18.0),
        },
        skipped={3: "is the parent of variations"},
    ),
    Case(
        "ebay-file-exchange.csv",
        "ebay_file_exchange",
        {
            "9780000000001": product("Buch „Über Züge“", brand="Verlag", price=9.99, stock=3),
            "TS-ROT-M": product("T-Shirt 2er-Pack - Rot - M", brand="Nordlys", price=12.5, stock=8),
            "TS-BLAU-L": product("T-Shirt 2er-Pack - Blau - L", brand="Nordlys", price=13.5, stock=0),
        },
        skipped={4: "is the parent of variations", 7: "is an auction", 8: "ends a listing"},
        marketplace="ebay_de",
    ),
    Case(
        "../cases/e01-ebay-file-exchange.csv",
        "ebay_file_exchange",
        {
            "9780000000001": product("Book", price=9.99, stock=3),
        },
        marketplace="ebay",
    ),
    Case(
        "ebay-active-listings.csv",
        "ebay_active_listings",
        {
            "CAM-93": product(
                'Harley Cam Cover 1993-1998, 3"',
                category="Engines & Engine Parts",
                price=42.0,
                stock=1,
                external_id="318000000002",
            ),
            "PAINT-RED": product(
                "Paint, 15ml - Red", category="Paint", price=19.99, stock=2, external_id="318000000001"
            ),
            "PAINT-BLUE": product(
                "Paint, 15ml - Blue", category="Paint", price=21.99, stock=2, external_id="318000000001"
            ),
        },
        skipped={3: "is the parent of variations", 6: "is an auction"},
        errors={7: "sku must not be empty. Give the listing a custom label"},
    ),
    Case(
        "walmart-items.csv",
        "walmart_items",
        {
            "000123": product(
                'Garden Hose, 50 ft, 5/8"', brand="GreenRow", category="Garden", price=24.97, external_id="987654321"
            ),
            "NOZZLE": product("Nozzle", category="Garden", price=9.5, external_id="987654324"),
        },
        skipped={3: "is not published", 4: "is a retired item"},
    ),
    Case(
        "etsy-listings.csv",
        "etsy_listings",
        {
            "RPG-DICE": product("Handmade Dice, 8 Piece", price=55.0, stock=7),
        },
        skipped={5: "has several SKUs"},
        errors={6: "sku must not be empty. Give the listing a SKU in Etsy"},
        marketplace="etsy_de",
    ),
    Case(
        "bigcommerce-products.csv",
        "bigcommerce_products",
        {
            "OAK-BOARD": product(
                "Oak Board", brand="Woodline", category="Kitchen/Boards", price=40.0, cost=14.0, stock=6
            ),
            "APRON-S": product("Apron", brand="Woodline", category="Kitchen", price=19.0, stock=4),
            "APRON-L": product("Apron", brand="Woodline", category="Kitchen", price=19.0, stock=2),
        },
        skipped={3: "is the parent of variants", 6: "is a rule"},
    ),
    Case(
        "bigcommerce-products-v3.csv",
        "bigcommerce_products",
        {
            "NAP-W": product("Linen Napkin - White", price=8.0, cost=2.5, stock=40),
            "NAP-G": product("Linen Napkin - Grey", price=9.0, cost=2.5, stock=12),
            "RUNNER": product("Table Runner", price=29.0, cost=12.0),
        },
        skipped={2: "is the parent of variants", 6: "is an image"},
    ),
    Case(
        "google-merchant.tsv",
        "google_merchant",
        {
            "G-01": product('Desk Lamp 12"', brand="Lumo", category="Home > Lamps", price=49.0, cost=18.0, stock=11),
            "G-02": product("Desk Lamp XL", brand="Lumo", category="Home > Lamps", price=999.0),
            # Its sale is over.
            "G-03": product("Floor Lamp", brand="Lumo", category="Home > Lamps", price=89.0, stock=0),
        },
    ),
]

# Of products that are there already, at 5 and with 77 in stock.
UPDATES = [
    Case(
        "amazon-open-listings.txt",
        "amazon_open_listings",
        {
            "KW-05-WEISS": product(price=25.95, stock=16, external_id="B0C1DE0001"),
            "TB-500": product(price=21.99, stock=77, external_id="B0C1DE0003"),
            "0042": product(price=39.9, stock=0, external_id="B0C1DE0002"),
        },
        errors={5: "title is needed for a new product"},
        marketplace="amazon_de",
    ),
    Case(
        "amazon-open-listings-business.txt",
        "amazon_open_listings",
        {
            "KW-05-WEISS": product(price=25.95, stock=16, external_id="B0C1DE0001"),
            "TB-500": product(price=21.99, stock=3, external_id="B0C1DE0003"),
        },
        marketplace="amazon_de",
    ),
    Case(
        "amazon-fulfilled-inventory.txt",
        "amazon_fulfilled_inventory",
        {
            "TB-500": product(price=5.0, stock=119, external_id="B0C1DE0003"),
            "TB-750": product(price=5.0, stock=0, external_id="B0C1DE0005"),
        },
        skipped={3: "is stock that cannot be sold"},
        marketplace="amazon_de",
    ),
    Case(
        "shopify-inventory.csv",
        "shopify_inventory",
        {
            "LIN-W-S": product(price=5.0, stock=13),
            "LIN-W-M": product(price=5.0, stock=0),
            "POSTER-30": product(price=5.0, stock=0),
        },
        skipped={5: "is a variant that is not stocked at this location"},
    ),
    Case(
        "shopify-inventory-by-column.csv",
        "shopify_inventory",
        {
            "LIN-W-S": product(price=5.0, stock=15),
            "LIN-W-M": product(price=5.0, stock=4),
            "POSTER-30": product(price=5.0, stock=77),
        },
        skipped={4: "is a variant that is not stocked anywhere"},
    ),
]


@pytest.mark.parametrize("case", PRODUCTS, ids=name)
def test_products_of_an_export(owner: Caller, case: Case) -> None:
    check_report(case, told(owner, "products", case))
    assert stored_products(owner, case.marketplace) == case.products


@pytest.mark.parametrize("case", UPDATES, ids=name)
def test_an_export_without_titles_updates_products_that_are_there(owner: Caller, case: Case) -> None:
    add_known(owner, case.marketplace, *case.products)
    check_report(case, told(owner, "products", case))
    known = {sku: {"title": f"Title of {sku}", **row} for sku, row in case.products.items()}
    assert stored_products(owner, case.marketplace) == known


def test_stock_that_a_report_does_not_tell_stays(owner: Caller) -> None:
    """All Listings has no quantity of what Amazon ships; Manage FBA Inventory has."""
    for file in ("amazon-all-listings-de.txt", "amazon-fba-inventory.txt", "amazon-all-listings-de.txt"):
        report(owner, "products", (EXPORTS / file).read_bytes(), marketplace="amazon_de")
    assert stored_products(owner, "amazon_de")["TB-500"]["stock"] == 121


def test_a_table_of_one_s_own_is_no_open_listings_report(owner: Caller) -> None:
    found = report(owner, "products", "sku,asin,price,quantity,title\nA1,B000000001,9.99,3,Bottle\n")
    assert found["format"] == "plain"
    assert stored_products(owner, "amazon_us")["A1"]["title"] == "Bottle"


@pytest.mark.parametrize(
    "header",
    [
        "nom-produit\tid-offre\tsku-vendeur\tprix\tquantité\tASIN 1\tétat",
        "Nome dell'articolo\tNumero offerta\tSKU venditore\tPrezzo\tQuantità\tASIN 1\tstato",
        "Título del producto\tIdentificador del listing\tSKU del vendedor\tPrecio\tCantidad\tASIN 1\tEstado",
    ],
    ids=["fr", "it", "es"],
)
def test_all_listings_are_known_in_the_seller_s_language(owner: Caller, header: str) -> None:
    row = 'Théière 0,5 l "Été"\t0314X\tTH-05\t24,90\t3\tB0C1FR0001\tActive'
    body = f"{header}\r\n{row}\r\n".encode("cp1252")
    assert report(owner, "products", body, marketplace="amazon_fr")["format"] == "amazon_all_listings"
    assert stored_products(owner, "amazon_fr") == {
        "TH-05": product('Théière 0,5 l "Été"', price=24.9, stock=3, external_id="B0C1FR0001")
    }


def test_columns_that_a_seller_adds_to_an_export_are_read(owner: Caller) -> None:
    body = "item-name\tlisting-id\tseller-sku\tprice\tquantity\tasin1\tcost\tmin_price\tnotes\n"
    body += "Bottle\t1\tB-1\t9.99\t2\tB000000001\t4.20\t7.50\tblue\n"
    found = report(owner, "products", body)
    assert found["ignored_columns"] == ["listing-id", "notes"]
    bottle = product("Bottle", price=9.99, stock=2, external_id="B000000001", cost=4.2, min_price=7.5)
    assert stored_products(owner, "amazon_us") == {"B-1": bottle}


def test_amazon_s_reports_as_csv_have_quoted_cells(owner: Caller) -> None:
    body = 'sku,asin,product-name,your-price,afn-fulfillable-quantity\nB-1,B000000001,"Bottle 24"", steel",9.99,12\n'
    report(owner, "products", body)
    bottle = product('Bottle 24", steel', price=9.99, stock=12, external_id="B000000001")
    assert stored_products(owner, "amazon_us") == {"B-1": bottle}


def test_what_is_between_two_options_belongs_to_one_value(owner: Caller) -> None:
    body = "Handle,Title,Option1 Value,Variant SKU,Variant Price\ncar,Car,1:18; red,CAR-18,9.99\n"
    report(owner, "products", body)
    assert stored_products(owner, "amazon_us") == {"CAR-18": product("Car - 1:18; red", price=9.99)}
