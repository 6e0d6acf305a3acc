"""No line of the log has a row of the database."""

import logging
import logging.config
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from aijobs.models import Tenant
from tests.factories import TenantFactory


def written(record: logging.LogRecord) -> str:
    """As the settings have the processes write it."""
    configurator = logging.config.DictConfigurator({"version": 1})
    formatters: Any = settings.LOGGING["formatters"]
    # It takes out of what it is given.
    formatter = configurator.configure_formatter({**formatters["line"]})
    return str(formatter.format(record))


def refusal(name: str) -> Exception:
    """What the database says of a row that it refuses, with an error that was raised because of it."""
    tenant = TenantFactory(name=name)
    try:
        with transaction.atomic():
            Tenant.objects.filter(pk=tenant.pk).update(queue_limit=0)
    except IntegrityError as error:
        failure = RuntimeError("could not be saved")
        failure.__cause__ = error
        return failure
    raise AssertionError("the row was not refused")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["shop of Anna Miller", "shop\n\nof Anna Miller"])
def test_a_row_that_the_database_refuses_is_not_in_the_log(name: str) -> None:
    error = refusal(name)
    assert "Anna Miller" in str(error.__cause__)
    record = logging.LogRecord("aijobs", logging.ERROR, "x.py", 1, "it failed: %s", (error.__cause__,), None)
    line = written(record)
    assert "Anna Miller" not in line
    assert "violates check constraint" in line
    traceback = (type(error), error, error.__traceback__)
    record = logging.LogRecord("aijobs", logging.ERROR, "x.py", 1, "it failed", (), traceback)
    told = written(record)
    assert "Anna Miller" not in told
    # What comes behind the row is there.
    assert "RuntimeError: could not be saved" in told
    assert told.count("DETAIL:") == told.count("(left out of the log)") > 0
