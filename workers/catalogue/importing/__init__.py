"""Imports of any kind of rows: read line by line, checked row by row, written in chunks with COPY.

Rows are upserted, so an import may be repeated after a crash. A bad row is reported and the good ones land.
"""

from workers.catalogue.importing.importer import Progress, Report, RowError, run_import
from workers.catalogue.importing.kind import Expected, Kind
from workers.catalogue.importing.reading import READERS, HeaderError

__all__ = ["READERS", "Expected", "HeaderError", "Kind", "Progress", "Report", "RowError", "run_import"]
