"""Imports of any kind of rows, from any kind of table: opened, recognised, read, checked, and written with COPY.

Rows are upserted, so an import may be repeated after a crash. A bad row is reported and the good ones land.
"""
