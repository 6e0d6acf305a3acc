"""GET, PUT and DELETE /api/marketplaces, and POST …/test: who may, what is checked, and that secrets stay secret."""

import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.db.models import F

from aijobs.outbound.pace import Pace
from tests import engine
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import add_products
from tests.workers.changes.sessions import in_another_session, wait_until_blocked
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap
from tests.workers.marketplaces.shops import connect, sell
from workers.catalogue.models import Product
from workers.changes.models import Change
from workers.connections import credentials
from workers.marketplaces import connections
from workers.marketplaces.connectors import CONNECTORS
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

PATH = "/api/marketplaces"
SECRET = "shpat_do_not_tell_anybody"
AMAZON: dict[str, Any] = {
    "connector": "amazon",
    "settings": {"seller_id": "A1", "country": "DE"},
    "credentials": {"client_id": "app", "client_secret": "hush", "refresh_token": "Atzr|hush"},
}

AMAZON_FIELDS = ["settings.seller_id", "settings.country"]
AMAZON_FIELDS += [f"credentials.{name}" for name in ("client_id", "client_secret", "refresh_token")]


def shopify(**settings: str) -> dict[str, Any]:
    return {
        "connector": "shopify",
        "settings": {"shop": "my-shop.myshopify.com", **settings},
        "credentials": {"access_token": SECRET},
    }


def put(who: Caller, body: object, name: str = "shop", **headers: str) -> Any:
    return who.request("PUT", f"{PATH}/{name}", body, **headers)


def problems(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.content
    return [each["path"] for each in answer.json()["error"]["details"]]


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def names(who: Caller) -> list[str]:
    return [each["name"] for each in who.get(PATH).json()["data"]]


# --- Who may ----------------------------------------------------------------------------------------------------


def test_a_teammate_sees_the_connection_and_an_outsider_does_not(
    owner: Caller, teammate: Caller, outsider: Caller
) -> None:
    assert put(owner, shopify()).status_code == 201
    assert names(teammate) == ["shop"]
    assert names(outsider) == []
    assert teammate.get(f"{PATH}/shop").json()["data"]["connector"] == "shopify"
    for answer in (
        outsider.get(f"{PATH}/shop"),
        outsider.delete(f"{PATH}/shop"),
        outsider.post(f"{PATH}/shop/test"),
    ):
        assert code(answer) == (404, "MARKETPLACE_NOT_FOUND")
    assert names(owner) == ["shop"]


def test_the_same_name_is_another_connection_for_another_tenant(owner: Caller, outsider: Caller) -> None:
    put(owner, shopify())
    assert put(outsider, {"connector": "web"}).status_code == 201
    assert [row.connector for row in Connection.objects.order_by("tenant_id")] == ["shopify", "web"]


def test_each_method_needs_its_scope(owner: Caller) -> None:
    put(owner, shopify())
    lacking, reader = (caller(owner.tenant, (scope,)) for scope in ("catalogue:write", "marketplaces:read"))
    for method, path in (("GET", "/shop"), ("PUT", "/shop"), ("DELETE", "/shop"), ("POST", "/shop/test")):
        refused = [who.request(method, PATH + path, shopify()).status_code == 403 for who in (lacking, reader)]
        assert (method, refused) == (method, [True, method != "GET"])


# --- What is shown ----------------------------------------------------------------------------------------------


def test_secrets_are_in_no_answer_no_log_and_not_in_the_database(
    owner: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answers = [put(owner, shopify()), put(owner, shopify(api_version="2026-07"))]
    wrong = shopify(nonsense="x")
    answers += [put(owner, wrong), put(owner, {**shopify(), "connector": "amazon"})]
    answers += [put(owner, {**shopify(), "credentials": {"access_token": [SECRET]}})]
    answers += [owner.get(PATH), owner.get(f"{PATH}/shop"), owner.post(f"{PATH}/shop/test")]
    for answer in answers:
        assert SECRET.encode() not in answer.content
    assert SECRET not in caplog.text
    with database.cursor() as cursor:
        cursor.execute("SELECT row_to_json(each)::text FROM marketplaces_connection each")
        assert SECRET not in cursor.fetchone()[0]


def test_a_connection_is_shown_without_its_credentials(owner: Caller) -> None:
    shown = put(owner, shopify()).json()["data"]
    assert shown.pop("created_at") <= shown.pop("updated_at")
    assert shown == {
        "name": "shop",
        "connector": "shopify",
        "configured": True,
        "capabilities": ["read_price", "write_price", "write_listing"],
        "settings": {"shop": "my-shop.myshopify.com"},
        "credentials": ["access_token"],
    }


def test_a_marketplace_that_only_has_products_is_one_of_the_catalogue(owner: Caller) -> None:
    add_products(owner, "A")
    put(owner, shopify())
    shown = {each["name"]: (each["connector"], each["configured"]) for each in owner.get(PATH).json()["data"]}
    assert shown == {"amazon_us": ("catalogue", False), "shop": ("shopify", True)}
    assert owner.post(f"{PATH}/amazon_us/test").json()["data"] == {
        "ok": True,
        "code": None,
        "message": "The catalogue needs no connection. It has 1 products of this marketplace.",
    }


# --- What is checked --------------------------------------------------------------------------------------------


WRONG: list[tuple[object, list[str] | None]] = [
    ({}, ["connector"]),
    ([], None),
    ({"connector": "ebay"}, ["connector"]),
    ({"connector": 5}, ["connector"]),
    ({"connector": "web", "password": "x"}, ["password"]),
    ({"connector": "web", "settings": {"depth": 3}}, ["settings.depth"]),
    ({"connector": "web", "settings": []}, ["settings"]),
    ({"connector": "web", "credentials": {"user": "x"}}, ["credentials.user"]),
    ({"connector": "catalogue", "settings": {"own_sellers": "Us"}}, ["settings.own_sellers"]),
    (
        {"connector": "amazon"},
        AMAZON_FIELDS,
    ),
    ({**AMAZON, "settings": {"seller_id": "a b", "country": "XX"}}, ["settings.seller_id", "settings.country"]),
    ({**AMAZON, "settings": {**AMAZON["settings"], "endpoint": "ftp://x"}}, ["settings.endpoint"]),
    (shopify(shop="evil.example/x.myshopify.com"), ["settings.shop"]),
    (shopify(endpoint="https://xn--a/"), ["settings.endpoint"]),
    (shopify(endpoint="https://[::1]"), ["settings.endpoint"]),
    (shopify(endpoint="https://0x7f000001"), ["settings.endpoint"]),
    (
        {**AMAZON, "settings": {**AMAZON["settings"], "token_endpoint": "https://xn--a/"}},
        ["settings.token_endpoint"],
    ),
    *((content, None) for content in (b"", b"{", b"null", b"\xff", b'{"connector": "web"')),
]


def test_a_wrong_body_is_refused_by_field(owner: Caller) -> None:
    for body, paths in WRONG:
        answer = put(owner, body)
        assert answer.status_code in (400, 422), body
        if paths:
            assert (body, sorted(problems(answer))) == (body, sorted(paths))
    assert not Connection.objects.exists()


def test_a_name_that_jobs_could_not_use_is_refused(owner: Caller) -> None:
    for name in ("Amazon", "a-b", "x" * 33, "a b", "%00", "ä"):
        assert put(owner, {"connector": "web"}, name).status_code in (404, 422), name
        assert owner.get(f"{PATH}/{name}").status_code == 404, name


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        ({"connector": "nothing", "x": 1}, ["x", "connector"]),
        ({**AMAZON, "settings": {"country": "XX"}, "x": 1}, ["x", "settings.seller_id", "settings.country"]),
        ({**AMAZON, "settings": 7, "credentials": {"x": 1}}, ["settings", *AMAZON_FIELDS[2:], "credentials.x"]),
        ({"settings": 7, "credentials": 8, "x": 1}, ["connector", "settings", "credentials", "x"]),
    ],
)
def test_everything_that_is_wrong_is_told_at_once(owner: Caller, body: dict[str, Any], paths: list[str]) -> None:
    assert problems(put(owner, body)) == paths
    assert problems(put(owner, body, "My-Shop")) == ["name", *paths]


def test_each_connector_is_documented_with_its_own_fields(owner: Caller) -> None:
    schemas = owner.get("/api/schema").json()["components"]["schemas"]
    documented = schemas["ConnectionRequest"]
    assert documented["discriminator"]["mapping"].keys() == CONNECTORS.keys()
    for name, kind in CONNECTORS.items():
        request = schemas[documented["discriminator"]["mapping"][name].rpartition("/")[2]]
        assert request["properties"]["connector"]["const"] == name
        assert request["additionalProperties"] is False
        for model in (kind.settings_model, kind.credentials_model):
            assert schemas[model.__name__]["properties"].keys() == model.model_fields.keys()
            assert schemas[model.__name__]["additionalProperties"] is False


# --- Saving again -----------------------------------------------------------------------------------------------


def opened(name: str = "shop") -> dict[str, str]:
    return credentials.unseal(Connection.objects.get(name=name))


def test_credentials_that_are_left_out_stay(owner: Caller) -> None:
    put(owner, shopify())
    body = shopify(api_version="2026-07")
    del body["credentials"]
    answer = put(owner, body)
    assert (answer.status_code, answer.json()["data"]["settings"]["api_version"]) == (200, "2026-07")
    assert opened() == {"access_token": SECRET}


@pytest.mark.parametrize("settings", [{"endpoint": "https://evil.example"}, {"shop": "evil.myshopify.com"}])
def test_credentials_are_not_sent_elsewhere_by_somebody_who_does_not_know_them(
    owner: Caller, settings: dict[str, str]
) -> None:
    put(owner, shopify())
    body = shopify(**settings)
    del body["credentials"]
    assert problems(put(owner, body)) == ["credentials"]
    assert put(owner, shopify(**settings)).status_code == 200


def test_another_connector_needs_its_own_credentials(owner: Caller) -> None:
    put(owner, shopify())
    assert "credentials.client_id" in problems(put(owner, {**AMAZON, "credentials": None}))
    assert put(owner, AMAZON).status_code == 200
    assert opened()["client_id"] == "app"


def test_created_meanwhile_what_was_sent_last_counts(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two requests create the same name at once: the second finds the first's row when it inserts its own."""
    check = connections.check

    def created_meanwhile(stored: Connection | None, *arguments: Any) -> None:
        check(stored, *arguments)
        if stored is None:
            monkeypatch.setattr(connections, "check", check)
            put(owner, {"connector": "web"})

    monkeypatch.setattr(connections, "check", created_meanwhile)
    with transaction.atomic():
        put(owner, shopify())
    assert Connection.objects.get().connector == "shopify"
    assert opened() == {"access_token": SECRET}


@pytest.mark.django_db(transaction=True)
def test_credentials_that_come_meanwhile_do_not_get_settings_checked_without_them(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One waits for the other's credentials at an endpoint of its own."""
    monkeypatch.setattr(connections, "LOCK", connections.LOCK.replace("1s", "50s"))
    evil = {"endpoint": "https://evil.example"}
    put(owner, {**shopify(**evil), "credentials": {"access_token": "mine"}})
    with transaction.atomic():
        put(owner, shopify())
        waiting = in_another_session(lambda: put(owner, {**shopify(**evil), "credentials": None}))
        wait_until_blocked()
    assert problems(waiting.result(60)) == ["credentials"]
    assert Connection.objects.get().settings == {"shop": "my-shop.myshopify.com"}
    assert opened() == {"access_token": SECRET}


# --- Trying -----------------------------------------------------------------------------------------------------


def tried(who: Caller, name: str = "shopify") -> tuple[bool, str | None]:
    answer = who.post(f"{PATH}/{name}/test")
    assert answer.status_code == 200, answer.content
    return answer.json()["data"]["ok"], answer.json()["data"]["code"]


def test_a_connection_that_works_says_so(owner: Caller, shop: FakeShopify) -> None:
    connect(owner, shop)
    told = owner.post(f"{PATH}/shopify/test").json()["data"]
    assert told["ok"]
    assert "My Shop" in told["message"]


def test_a_connection_that_does_not_says_what_is_wrong(owner: Caller, shop: FakeShopify) -> None:
    row = connect(owner, shop)
    shop.token = "another"
    assert tried(owner) == (False, "CREDENTIALS_REFUSED")
    shop.admin.scopes = {"read_products"}
    shop.token = opened("shopify")["access_token"]
    assert tried(owner) == (False, "ACCESS_DENIED")
    Connection.objects.filter(pk=row.pk).update(sealed_credentials="garbage")
    assert tried(owner) == (False, "CREDENTIALS_UNREADABLE")
    Connection.objects.filter(pk=row.pk).update(connector="gone")
    assert tried(owner) == (False, "UNKNOWN_CONNECTOR")


def test_an_address_within_is_not_called(owner: Caller) -> None:
    for host in ("127.0.0.1", "localhost", "169.254.169.254", "10.0.0.1"):
        put(owner, shopify(endpoint=f"https://{host}"))
        assert (host, *tried(owner, "shop")) == (host, False, "ADDRESS_REFUSED")
    put(owner, shopify(endpoint="http://127.0.0.1:5432"))
    assert tried(owner, "shop") == (False, "ADDRESS_REFUSED")


def test_a_server_that_never_answers_keeps_no_second_thread(owner: Caller, shop: FakeShopify) -> None:
    connect(owner, shop)
    shop.instead["Check"] = [Mishap.HANGS]
    with ThreadPoolExecutor(1) as pool:
        row = Connection.objects.get()
        hanging = pool.submit(connections.test, row)
        assert shop.hangs.wait(60)
        answer = owner.post(f"{PATH}/shopify/test")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "TEST_RUNNING")
        assert int(answer.headers["Retry-After"]) > 0
        shop.ended.set()
        assert not hanging.result()["ok"]
    assert tried(owner) == (True, None)


# --- Removing ---------------------------------------------------------------------------------------------------


def test_a_removed_connection_is_gone(owner: Caller) -> None:
    put(owner, shopify())
    assert owner.delete(f"{PATH}/shop").status_code == 204
    assert code(owner.delete(f"{PATH}/shop")) == (404, "MARKETPLACE_NOT_FOUND")
    assert names(owner) == []


def open_change(owner: Caller, shop: FakeShopify, status: str) -> None:
    connect(owner, shop)
    sell(owner, shop, A="10.00")
    [job_id] = engine.dispatch(owner.tenant)
    Change.objects.create(
        tenant=owner.tenant,
        product=Product.objects.get(),
        marketplace=Product.objects.get().marketplace,
        sku=Product.objects.get().sku,
        job_id=job_id,
        kind="price",
        before="10",
        after="9",
        status=status,
    )


@pytest.mark.parametrize("status", ["pending", "unknown"])
def test_a_connection_stays_while_a_price_is_on_its_way(owner: Caller, shop: FakeShopify, status: str) -> None:
    open_change(owner, shop, status)
    assert code(owner.delete(f"{PATH}/shopify")) == (409, "CHANGES_IN_PROGRESS")
    assert code(put(owner, {"connector": "web"}, "shopify")) == (409, "CHANGES_IN_PROGRESS")
    assert code(put(owner, shopify(), "shopify")) == (409, "CHANGES_IN_PROGRESS")
    # New credentials are what may be needed to have them written.
    same = {"connector": "shopify", "settings": Connection.objects.get().settings}
    assert put(owner, {**same, "credentials": {"access_token": "renewed"}}, "shopify").status_code == 200
    Change.objects.update(status="applied")
    assert owner.delete(f"{PATH}/shopify").status_code == 204


@pytest.mark.parametrize("replaced", [True, False])
def test_a_price_that_nobody_will_read_back_is_closed_with_its_connection(
    owner: Caller, shop: FakeShopify, replaced: bool
) -> None:
    open_change(owner, shop, "unknown")
    Change.objects.update(created_at=F("created_at") - timedelta(hours=2))
    answer = put(owner, {"connector": "web"}, "shopify") if replaced else owner.delete(f"{PATH}/shopify")
    assert answer.status_code == (200 if replaced else 204)
    change = Change.objects.get()
    assert (change.status, "removed" in change.detail) == ("rejected", True)


# --- Sealing ----------------------------------------------------------------------------------------------------


def test_credentials_copied_to_another_connection_do_not_open(owner: Caller, outsider: Caller) -> None:
    put(owner, shopify())
    put(outsider, {**shopify(), "credentials": {"access_token": "mine"}})
    stolen = Connection.objects.get(tenant=owner.tenant).sealed_credentials
    Connection.objects.filter(tenant=outsider.tenant).update(sealed_credentials=stolen)
    assert tried(outsider, "shop") == (False, "CREDENTIALS_UNREADABLE")


def test_an_open_connector_does_not_print_its_secrets(owner: Caller) -> None:
    put(owner, shopify())
    with connections.open_connector(Connection.objects.get(), Pace(1)) as opened:
        assert SECRET not in repr(vars(opened))
        assert SECRET not in repr(opened.credentials)
