"""GET and PATCH /api/catalogue/repricing-policy."""

from typing import Any

import pytest

from tests.clients import Caller, caller
from workers.changes.models import RepricingPolicy

pytestmark = pytest.mark.django_db

PATH = "/api/catalogue/repricing-policy"
DEFAULTS = {
    "repricing_enabled": True,
    "max_changes_per_day": 10,
    "cool_down_minutes": 15,
    "min_margin_pct": 0.0,
    "outlier_factor": 3.0,
}


def change(who: Caller, body: object) -> Any:
    return who.request("PATCH", PATH, body)


def test_a_tenant_without_one_has_the_defaults(owner: Caller) -> None:
    assert owner.get(PATH).json()["data"] == DEFAULTS
    assert not RepricingPolicy.objects.exists()


def test_what_is_named_changes_and_the_rest_stays(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    assert change(owner, {"repricing_enabled": False}).json()["data"] == {**DEFAULTS, "repricing_enabled": False}
    wanted = {**DEFAULTS, "repricing_enabled": False, "min_margin_pct": 12.5}
    assert change(teammate, {"min_margin_pct": 12.5}).json()["data"] == wanted
    assert owner.get(PATH).json()["data"] == wanted
    assert outsider.get(PATH).json()["data"] == DEFAULTS


def test_nothing_named_changes_nothing(owner: Caller) -> None:
    assert change(owner, {}).json()["data"] == DEFAULTS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("repricing_enabled", "no"),
        ("repricing_enabled", None),
        ("max_changes_per_day", 0),
        ("max_changes_per_day", 1.5),
        ("max_changes_per_day", 2**40),
        ("cool_down_minutes", -1),
        ("cool_down_minutes", 2**40),
        ("min_margin_pct", -1),
        ("min_margin_pct", 100),
        ("min_margin_pct", "5"),
        ("outlier_factor", 1),
        ("outlier_factor", 1000),
        ("colour", "red"),
    ],
)
def test_a_wrong_value_is_refused_by_name(owner: Caller, name: str, value: object) -> None:
    answer = change(owner, {name: value})
    assert answer.status_code == 422, answer.content
    assert [each["path"] for each in answer.json()["error"]["details"]] == [name]
    assert owner.get(PATH).json()["data"] == DEFAULTS


def test_changing_needs_the_write_scope(owner: Caller) -> None:
    reader = caller(owner.tenant, ("catalogue:read",))
    assert change(reader, {"repricing_enabled": False}).status_code == 403
    assert reader.get(PATH).status_code == 200
