"""eBay, Seller Hub, Orders, Download report (or Reports, Downloads: All orders), in the language of the site.

A blank row is above and below the header, and the number of orders and the seller's name are at the end. An order of
several items has a row with its total, and one per item below it. The price is of one unit; cancelled orders are not
in the report, and refunds are not told.
"""

from workers.catalogue.importing.formats import Format, Inherits, Names, Skip

_RECORD = ("Sales Record Number", "Verkaufsprotokollnummer")
_ORDER = ("Order Number", "Bestellnummer")
_ITEM: Names = ("Item Number", "Artikelnummer")
_UNITS: Names = ("Quantity", "Anzahl", "Stückzahl")
_SKU: Names = ("Custom Label", "Custom label (SKU)", "Bestandseinheit")
_SOLD_FOR: Names = ("Sold For", "Sale Price", "Verkauft für", "Verkaufspreis")
_DATE: Names = ("Sale Date", "Verkauft am", "Verkaufsdatum")
_PAID: Names = ("Paid On Date", "Bezahlt am", "Zahlungsdatum", "Bezahlt am - Datum")

EBAY_ORDERS = Format(
    name="ebay_orders",
    title="eBay's order report",
    kind="sales",
    signature=((*_RECORD, *_ORDER), _ITEM, _SKU, _UNITS, _SOLD_FOR, _DATE),
    columns={"sku": _SKU, "date": _DATE, "units": _UNITS, "price": _SOLD_FOR},
    skips=(
        Skip(_ORDER, ("record(s) downloaded",), "is the number of orders in the report"),
        Skip(_RECORD, ("seller id", "mitgliedsname"), "is the seller's name", contains=True),
        Skip(_ITEM, ("",), "is the total of an order, whose items are rows of their own"),
        Skip(_PAID, ("",), "is of an order that is not paid"),
        Skip(_SKU, ("",), "has no custom label (SKU)"),
    ),
    inherits=Inherits((_DATE, _PAID), by=_ORDER),
)
