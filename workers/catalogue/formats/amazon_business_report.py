"""Amazon, Seller Central, Reports, Business Reports: Detail Page Sales and Traffic By SKU, and those without SKUs.

CSV in the language of the seller's account. It has no date: it is that of the page from which it is downloaded, one
day best. Units and sales are of consumers and businesses together.
"""

from workers.catalogue.importing.formats import Format, Skip

_UNITS = (
    "Units Ordered",
    "Bestellte Einheiten",
    "Unités commandées",
    "Unità ordinate",
    "Unidades pedidas",
    "Unidades solicitadas",
    "注文された商品点数",
)
_SALES = (
    "Ordered Product Sales",
    "Durch bestellte Produkte erzielter Umsatz",
    "Bestellter Produktumsatz",
    "Ventes de produits commandés",
    "Vendite prodotti ordinati",
    "Vendite di prodotti ordinati",
    "Ventas de productos pedidos",
    "Ventas de productos solicitados",
    "注文商品売上",
    "注文商品の売上額",
)
_DATE = ("Date", "Datum", "Data", "Fecha", "日付")
_CHILD = (
    "(Child) ASIN",
    "(Untergeordnete) ASIN",
    "ASIN (enfant)",
    "ASIN (child)",
    "ASIN (hijo)",
    "ASIN (secundario)",
    "(Parent) ASIN",
    "(Übergeordnete) ASIN",
    "ASIN (parent)",
    "(親)ASIN",
    "(子)ASIN",
)
_INSTEAD = (
    "Send Detail Page Sales and Traffic By SKU instead, downloaded for one day, and say which with date= (Seller "
    "Central, Reports, Business Reports), or the All Orders report."
)

AMAZON_BUSINESS_REPORT = Format(
    name="amazon_business_report",
    title="Amazon's business report by SKU",
    kind="sales",
    signature=("SKU", _UNITS, _SALES),
    columns={"sku": "SKU", "date": _DATE, "units": _UNITS, "revenue": _SALES},
    skips=(Skip(_UNITS, ("0", ""), "sold nothing"),),
)
AMAZON_BUSINESS_REPORT_BY_ASIN = Format(
    name="amazon_business_report_by_asin",
    title="Amazon's business report by ASIN",
    kind="sales",
    signature=(_CHILD, _SALES),
    refused=f"It has no SKUs, and one ASIN may be sold under several. {_INSTEAD}",
)
AMAZON_BUSINESS_REPORT_BY_DATE = Format(
    name="amazon_business_report_by_date",
    title="Amazon's business report by date",
    kind="sales",
    signature=(_DATE, _SALES),
    refused=f"It has the totals of all products, from which the sales of one cannot be told. {_INSTEAD}",
)
