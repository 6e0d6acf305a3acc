"""That nothing of a test that commits is left for the next one."""

import pytest
from django.core.management import call_command
from django.db import connection

from tests import emptying
from tests.factories import ReviewFactory, TenantFactory, key_for


@pytest.mark.django_db(transaction=True)
def test_every_table_is_empty_afterwards() -> None:
    ReviewFactory()
    key_for(TenantFactory())
    call_command("flush", interactive=False, inhibit_post_migrate=True)
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True):
            cursor.execute(f'SELECT EXISTS (SELECT FROM "{table}")')  # noqa: S608
            assert cursor.fetchone() == (table in emptying.OF_MIGRATE,), table
