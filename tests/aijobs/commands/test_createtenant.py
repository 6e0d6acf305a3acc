from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from aijobs.models import Tenant


@pytest.mark.django_db
def test_creates_a_tenant() -> None:
    output = StringIO()
    call_command("createtenant", "my-shop-1", timezone="Europe/Berlin", stdout=output)
    assert Tenant.objects.get(name="my-shop-1").timezone == "Europe/Berlin"
    assert output.getvalue() == "Created the tenant my-shop-1 (Europe/Berlin).\n"


@pytest.mark.django_db
def test_dates_are_utc_unless_said_otherwise() -> None:
    call_command("createtenant", "shop", stdout=StringIO())
    assert Tenant.objects.get(name="shop").timezone == "UTC"


@pytest.mark.parametrize("name", ["My-Shop", "shop_1", "-shop", "shop-", "shop 1", "", "größe", "s" * 64, "shop\n"])
def test_refuses_what_is_no_slug(name: str) -> None:
    with pytest.raises(CommandError, match=r"^name: "):
        call_command("createtenant", "--", name)


def test_refuses_an_unknown_time_zone() -> None:
    with pytest.raises(CommandError, match=r"timezone: 'Mars/Olympus' is not a time zone"):
        call_command("createtenant", "shop", timezone="Mars/Olympus")


@pytest.mark.django_db
def test_refuses_a_second_one_of_the_same_name() -> None:
    call_command("createtenant", "shop", timezone="Europe/Berlin", stdout=StringIO())
    with pytest.raises(CommandError, match=r"The tenant 'shop' exists already"):
        call_command("createtenant", "shop")
    assert Tenant.objects.get(name="shop").timezone == "Europe/Berlin"


@pytest.mark.django_db
def test_says_in_one_line_that_the_server_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = {"host": str(tmp_path), "dbname": "aijobs"}
    monkeypatch.setattr("django.db.connection.get_connection_params", lambda: nowhere)
    with pytest.raises(CommandError, match=r"Check that `up` is running") as caught:
        call_command("createtenant", "shop")
    assert "\n" not in str(caught.value)
