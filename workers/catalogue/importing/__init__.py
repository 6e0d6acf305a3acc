"""Imports of products, sales and offers: read line by line, checked row by row, written in chunks with COPY.

Rows are upserted, so an import may be repeated after a crash. A bad row is reported and the good ones land.
"""

from workers.catalogue.importing.importer import Report, RowError, import_offers, import_products, import_sales
from workers.catalogue.importing.reading import READERS, HeaderError

__all__ = ["READERS", "HeaderError", "Report", "RowError", "import_offers", "import_products", "import_sales"]
