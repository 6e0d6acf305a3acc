"""A wrong setting ends every process at its start, with a line that says what to set and repeats no password."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.views.debug import get_default_exception_reporter_filter

from aijobs import auth
from aijobs.errors import Unauthenticated
from config.local import interrupts
from config.management.commands.up import new_key
from tests.factories import TenantFactory, key_for

ROOT = Path(__file__).parents[2]
PASSWORD = "hunter2"
PROGRAMS = {
    "check": ["manage.py", "check"],
    "up": ["manage.py", "up", "--port", "0"],
    "worker": ["-m", "config.celery_command", "worker", "--pool", "solo"],
    "beat": ["-m", "config.celery_command", "beat"],
    "api": ["-c", "import config.wsgi"],
}
WRONG = {
    "BROKER_URL": (f"amqp://guest:{PASSWORD}@broker:5672//", "BROKER_URL begins with amqp://, but only Redis and"),
    "REDIS_URL": (f"redis://:{PASSWORD}@broker:none/0", "REDIS_URL has a port that is not a number from 1 to 65535."),
}


@pytest.mark.parametrize(
    ("program", "name"), [(each, "REDIS_URL" if each == "check" else "BROKER_URL") for each in PROGRAMS]
)
def test_a_wrong_broker_is_said_in_a_line(program: str, name: str, tmp_path: Path) -> None:
    value, line = WRONG[name]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "AIJOBS_DATA_DIR": str(tmp_path)}
    called = subprocess.run(
        [sys.executable, *PROGRAMS[program]],
        env={**environment, name: value},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert called.returncode == 1
    assert called.stderr.startswith(line)
    assert called.stderr.count("\n") == 1
    assert PASSWORD not in called.stdout + called.stderr


@pytest.mark.django_db
def test_every_start_of_up_has_a_key_of_its_own() -> None:
    tenant = TenantFactory()
    lasting = key_for(tenant)[1]
    before, present = new_key(tenant), new_key(tenant)
    assert [auth.authenticate(each).tenant(None).name for each in (lasting, present)] == [tenant.name] * 2
    with pytest.raises(Unauthenticated):
        auth.authenticate(before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_up_ends_by_ctrl_c_as_by_sigterm_and_one_that_comes_twice_is_one(
    monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """`uv run`, a shell or a service manager signal us and our parent, which passes it on."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setattr(interrupts, "SAME_INTERRUPT_SECONDS", 3_600)
    try:
        interrupts.Interrupts()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        signal.raise_signal(number)
        monkeypatch.setattr(interrupts, "SAME_INTERRUPT_SECONDS", -1)
        # A later one hurries.
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_error_pages_hide_the_addresses_of_servers() -> None:
    shown = get_default_exception_reporter_filter().get_safe_settings()
    for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL", "CELERY_BROKER_URL", "SECRET_KEY"):
        assert set(shown[name]) == {"*"}
    assert shown["STATIC_URL"] == "/static/"
