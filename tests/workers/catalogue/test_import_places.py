"""Imports at the same time: two of the API's process, and what the others are told."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import imported, send
from workers.catalogue.api import kinds
from workers.catalogue.kinds import KINDS, PRODUCTS
from workers.catalogue.models import Product

pytestmark = pytest.mark.django_db

FILE = "sku,title,price\nA,a,5\n"


@pytest.fixture
def busy() -> Iterator[None]:
    """As many imports as may run are running."""
    with ExitStack() as places:
        for _ in range(kinds.MOST_IMPORTS):
            places.enter_context(kinds.place())
        yield


def test_a_third_import_is_told_to_come_back(owner: Caller, busy: None) -> None:
    for kind in KINDS:
        answer = send(owner, kind.path, FILE)
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "IMPORT_BUSY"), kind.name
        assert int(answer["Retry-After"]) >= 1
    assert not Product.objects.exists()


def test_nothing_of_its_body_is_read(owner: Caller, busy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(request: object, pause: object) -> None:
        raise AssertionError("the body is read")

    monkeypatch.setattr(kinds, "uploaded", refuse)
    assert send(owner, "products", FILE).status_code == 429


def test_who_has_no_key_is_told_that_first(owner: Caller, busy: None) -> None:
    stranger = Caller(owner.tenant, "aij_nobody")
    assert send(stranger, "products", FILE).status_code == 401
    assert send(owner, "products", FILE, dry_run="perhaps").status_code == 422


def test_lists_are_read_all_the_same(owner: Caller, busy: None) -> None:
    assert owner.get("/api/catalogue/products").status_code == 200


def test_a_place_is_given_back_however_the_import_ends(owner: Caller) -> None:
    for body in (FILE, "nonsense\n", FILE.encode() + b"\xff"):
        for _ in range(kinds.MOST_IMPORTS + 1):
            assert send(owner, "products", body).status_code in (200, 400), body


def test_the_command_takes_no_place(owner: Caller, busy: None) -> None:
    report = imported(PRODUCTS, owner.tenant, FILE.encode())
    assert report.imported == 1


def test_the_documentation_names_it(owner: Caller) -> None:
    paths = owner.get("/api/schema", format="json").json()["paths"]
    for kind in KINDS:
        assert "IMPORT_BUSY" in paths[f"/api/catalogue/{kind.path}"]["post"]["responses"]["429"]["description"]
