"""GET and PATCH /api/catalogue/listing-policy."""

from typing import Any

import pytest

from tests.clients import Caller, caller
from workers.changes.models import ListingPolicy

pytestmark = pytest.mark.django_db

PATH = "/api/catalogue/listing-policy"
DEFAULTS = {"editing_enabled": True, "max_changes_per_day": 3}


def change(who: Caller, body: object) -> Any:
    return who.request("PATCH", PATH, body)


def test_a_tenant_without_one_has_the_defaults(owner: Caller) -> None:
    assert owner.get(PATH).json()["data"] == DEFAULTS
    assert not ListingPolicy.objects.exists()


def test_what_is_named_changes_and_the_rest_stays(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    assert change(owner, {"editing_enabled": False}).json()["data"] == {**DEFAULTS, "editing_enabled": False}
    wanted = {"editing_enabled": False, "max_changes_per_day": 1}
    assert change(teammate, {"max_changes_per_day": 1}).json()["data"] == wanted
    assert owner.get(PATH).json()["data"] == wanted
    assert outsider.get(PATH).json()["data"] == DEFAULTS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("editing_enabled", "no"),
        ("editing_enabled", None),
        ("max_changes_per_day", 0),
        ("max_changes_per_day", 1.5),
        ("max_changes_per_day", 1001),
        ("repricing_enabled", True),
    ],
)
def test_a_wrong_value_is_refused_by_name(owner: Caller, name: str, value: object) -> None:
    answer = change(owner, {name: value})
    assert answer.status_code == 422, answer.content
    assert [each["path"] for each in answer.json()["error"]["details"]] == [name]
    assert owner.get(PATH).json()["data"] == DEFAULTS


def test_changing_needs_the_write_scope(owner: Caller) -> None:
    reader = caller(owner.tenant, ("catalogue:read",))
    assert change(reader, {"editing_enabled": False}).status_code == 403
    assert reader.get(PATH).status_code == 200
