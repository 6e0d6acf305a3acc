"""The system checks: for settings that another settings module has replaced."""

from typing import Any

import pytest
from django.core.checks import run_checks

PASSWORD = "hunter2"


def test_the_settings_pass() -> None:
    assert run_checks() == []


@pytest.mark.parametrize("name", ["BROKER_URL", "REDIS_URL"])
def test_another_broker_than_redis_or_valkey_is_an_error(settings: Any, name: str) -> None:
    setattr(settings, name, f"amqp://guest:{PASSWORD}@broker:5672//")
    [error] = run_checks()
    assert (error.id, error.is_serious()) == ("aijobs.E001", True)
    assert str(error.msg).startswith(f"{name} begins with amqp://, but only Redis and Valkey are supported")
    assert PASSWORD not in str(error)


@pytest.mark.parametrize("url", ["redis+socket:///run/other.sock", f"amqp://guest:{PASSWORD}@broker:5672//"])
def test_celery_on_another_broker_than_the_engine_is_an_error(settings: Any, url: str) -> None:
    settings.CELERY_BROKER_URL = url
    [error] = run_checks()
    assert error.id == "aijobs.E002"
    assert PASSWORD not in str(error)
