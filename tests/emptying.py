"""Emptying the database after a test that commits: only the tables that have rows, of which there are few.

Django truncates all of them, and each of the eighty gets new files for itself and its indexes: 90 ms of CPU.
"""

from django.core.management.color import Style
from django.db.backends.base.base import BaseDatabaseWrapper

# Rows that are deleted are still read by the next tests' scans, some of which count the pages.
LARGE_BYTES = 128 * 1024
# What `migrate` has written, and processes that outlive a test remember by its ids.
OF_MIGRATE = {"django_content_type", "auth_permission", "auth_group", "auth_group_permissions"}


def statements(style: Style, connection: BaseDatabaseWrapper, **options: bool) -> list[str]:
    """What `flush` is to run. Foreign keys are checked when all of it is done. Nothing else writes meanwhile."""
    tables = emptied(connection)
    told = (f"SELECT '{name}', EXISTS (SELECT FROM \"{name}\"), pg_relation_size('\"{name}\"')" for name in tables)  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(told))
        found = cursor.fetchall()
    if max(size for _, _, size in found) > LARGE_BYTES:
        return truncation(style, connection, **options)
    return [f'DELETE FROM "{name}"' for name, is_filled, _ in found if is_filled]  # noqa: S608


def truncation(style: Style, connection: BaseDatabaseWrapper, **options: bool) -> list[str]:
    """All tables at once, also beside processes that still write."""
    return connection.ops.sql_flush(style, emptied(connection), **options)


def emptied(connection: BaseDatabaseWrapper) -> list[str]:
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    return sorted({*tables} - OF_MIGRATE)
