"""GET, POST and DELETE /api/catalogue/returns."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clients import Caller
from tests.drawing import draws
from tests.factories import ProductFactory, ReturnFactory
from tests.workers.catalogue.steps import (
    NDJSON,
    add_products,
    all_pages,
    counts,
    imported,
    listed,
    report,
    send,
    where,
)
from workers.catalogue.importing.fields import prose
from workers.catalogue.kinds import RETURNS
from workers.catalogue.kinds.returns import LONGEST_COMMENT
from workers.catalogue.models import PseudonymKey, Return

pytestmark = pytest.mark.django_db

HEADER = "return_id,order_id,sku,date,quantity,reason_code,comment,disposition\n"
ROW = "R-1,O-1001-77,A,2026-03-12,2,DEFECTIVE,It stopped working,CUSTOMER_DAMAGED\n"
CLASSIFIED = {"reason": "defective", "confidence": 0.9, "classified_with": "v1"}


@pytest.fixture
def product(owner: Caller) -> None:
    add_products(owner, "A")


def only() -> Return:
    return Return.objects.get()


def removed(caller: Caller, url: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(caller.delete(url).content)["data"]
    return data


@pytest.mark.usefixtures("product")
def test_a_return_is_imported_and_listed(owner: Caller) -> None:
    assert counts(report(owner, "returns", HEADER + ROW)) == (1, 0, 0)
    [found] = listed(owner, "returns")
    assert len(found.pop("order")) == 32
    assert found == {
        "marketplace": "amazon_us",
        "sku": "A",
        "return_id": "R-1",
        "buyer": "",
        "date": "2026-03-12",
        "quantity": 2,
        "reason_code": "DEFECTIVE",
        "comment": "It stopped working",
        "disposition": "CUSTOMER_DAMAGED",
        "classification": None,
    }


@pytest.mark.usefixtures("product")
def test_what_may_be_left_out_has_a_default(owner: Caller) -> None:
    report(owner, "returns", "return_id,sku,date\nR-1,A,2026-03-12\n")
    [found] = listed(owner, "returns")
    assert (found["quantity"], found["order"], found["reason_code"], found["comment"]) == (1, "", "", "")


@pytest.mark.usefixtures("product")
def test_a_file_without_a_needed_column_is_refused(owner: Caller) -> None:
    for column in ("return_id", "sku", "date"):
        names = [name for name in ("return_id", "sku", "date", "comment") if name != column]
        response = send(owner, "returns", ",".join(names) + "\n1,2,3\n")
        assert response.status_code == 400
        assert f"Columns are missing: {column}." in response.json()["error"]["message"]


@pytest.mark.usefixtures("product")
def test_bad_rows_are_reported_and_the_others_imported(owner: Caller) -> None:
    rows = [
        ",O,A,2026-03-12,1,,,",
        "R-2,O,A,,1,,,",
        "R-3,O,A,2026-03-12,0,,,",
        "R-4,O,A,2026-03-12,1.5,,,",
        "R-5,O,A,2026-03-12,-1,,,",
        "R-6,O,B,2026-03-12,1,,,",
        "R-7,O,A,2999-01-01,1,,,",
        f"R-8,O,A,2026-03-12,1,{'x' * 201},,",
        "R-9,O,A,2026-03-12,1,,,",
    ]
    told = report(owner, "returns", HEADER + "\n".join(rows) + "\n")
    names = ["return_id", "date", "quantity", "quantity", "quantity", "sku", "date", "reason_code"]
    assert where(told) == list(enumerate(names, start=2))
    assert [row["return_id"] for row in listed(owner, "returns")] == ["R-9"]


@pytest.mark.usefixtures("product")
def test_a_long_comment_is_kept_and_a_longer_one_refused(owner: Caller) -> None:
    body = '{{"return_id": "{}", "sku": "A", "date": "2026-03-12", "comment": "{}"}}\n'
    told = report(
        owner,
        "returns",
        body.format("R-1", "é" * LONGEST_COMMENT) + body.format("R-2", "e" * (LONGEST_COMMENT + 1)),
        content_type=NDJSON,
    )
    assert where(told) == [(2, "comment")]
    assert told["errors"][0]["message"] == f"is longer than {LONGEST_COMMENT:,} characters"
    assert only().comment == "é" * LONGEST_COMMENT


@pytest.mark.usefixtures("product")
def test_a_comment_may_have_several_lines_and_any_character(owner: Caller) -> None:
    told = report(
        owner, "returns", 'return_id,sku,date,comment\nR-1,A,2026-03-12,"Zu groß 👎\r\n\r\n""Müll""\x00\x07 سيئ"\n'
    )
    assert told["errors"] == []
    assert only().comment == 'Zu groß 👎\n\n"Müll"   سيئ'


@draws(30, 1000, st.text(max_size=200))
def test_a_comment_is_refused_or_can_be_stored(text: str) -> None:
    try:
        found = str(prose(LONGEST_COMMENT)(text))
    except ValueError:
        assert any("\ud800" <= each <= "\udfff" for each in text)
    else:
        found.encode()
        assert "\x00" not in found
        assert prose(LONGEST_COMMENT)(found) == found


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(comment=st.text(st.characters(codec="utf-8"), max_size=50))
def test_any_comment_comes_back_as_it_is_stored(owner: Caller, comment: str) -> None:
    product = ProductFactory(tenant=owner.tenant)
    row = {"return_id": "R", "sku": product.sku, "date": "2026-03-12", "comment": comment}
    assert imported(RETURNS, owner.tenant, json.dumps(row).encode(), json=True).rejected == 0
    assert Return.objects.get(product=product).comment == prose(LONGEST_COMMENT)(
        comment.translate(dict.fromkeys(range(0xE000, 0xE004)))
    )


@pytest.mark.usefixtures("product")
def test_other_encodings(owner: Caller) -> None:
    body = "return_id;sku;date;reason_code;comment\n{};A;12.03.2026;Größe;Viel zu groß für mich\n"
    for encoding in ("utf-8-sig", "utf-16", "cp1252"):
        assert counts(report(owner, "returns", body.format(encoding).encode(encoding))) == (1, 0, 0), encoding
        found = Return.objects.get(return_id=encoding)
        assert (found.reason_code, found.comment) == ("Größe", "Viel zu groß für mich"), encoding


HEADERS = [
    "Rücksendenummer;Bestellnummer;Artikelnummer;Rücksendedatum;Menge;Rücksendegrund;Kundenkommentar;Zustand",
    "Numéro de retour;Numéro de commande;Référence;Date de retour;Quantité;Motif du retour;Commentaire;État",
    "ID de devolución;Número de pedido;Referencia;Fecha de devolución;Cantidad;Motivo de devolución;Comentarios;"
    "Condición",
    "Numero reso;Numero ordine;Codice articolo;Data reso;Quantità;Motivo del reso;Commento cliente;Condizione",
    "RMA number;Order number;Merchant SKU;Return date;Qty;Return reason;Customer comments;Item condition",
]


@pytest.mark.usefixtures("product")
def test_columns_in_other_words(owner: Caller) -> None:
    for header in HEADERS:
        told = report(owner, "returns", f"{header}\nR-1;O-1;A;12.03.2026;2;C;Text;D\n")
        assert (told["format"], told["errors"]) == ("plain", []), header
        found = only()
        assert (found.return_id, found.date, found.quantity) == ("R-1", date(2026, 3, 12), 2), header
        assert (found.reason_code, found.comment, found.disposition, len(found.order)) == ("C", "Text", "D", 32)
        found.delete()


# ------------------------------------------------------------------ repeated imports


@pytest.mark.usefixtures("product")
def test_a_repeated_import_changes_nothing_and_keeps_the_classification(owner: Caller) -> None:
    report(owner, "returns", HEADER + ROW)
    Return.objects.update(**CLASSIFIED)
    before = Return.objects.values().get()
    assert counts(report(owner, "returns", HEADER + ROW)) == (0, 1, 0)
    assert Return.objects.values().get() == before


# Of the row, and what it is classified with then.
CHANGES = [
    (("DEFECTIVE", "UNWANTED_ITEM"), ""),
    (("It stopped working", "It never worked"), ""),
    (("It stopped working", ""), ""),
    (("CUSTOMER_DAMAGED", "SELLABLE"), "v1"),
    ((",2,", ",3,"), "v1"),
    (("2026-03-12", "2026-03-13"), "v1"),
    (("O-1001-77", "O-1001-78"), "v1"),
]


@pytest.mark.usefixtures("product")
def test_a_return_is_new_again_where_its_reason_code_or_comment_changes(owner: Caller) -> None:
    def numbered(row: str, number: int) -> str:
        return row.replace("R-1,", f"R-{number},")

    report(owner, "returns", HEADER + "".join(numbered(ROW, number) for number in range(len(CHANGES))))
    Return.objects.update(**CLASSIFIED)
    rows = (numbered(ROW.replace(*change), number) for number, (change, _) in enumerate(CHANGES))
    assert counts(report(owner, "returns", HEADER + "".join(rows))) == (0, len(CHANGES), 0)
    shown = {row["return_id"]: row["classification"] for row in listed(owner, "returns")}
    for number, (change, kept) in enumerate(CHANGES):
        assert Return.objects.get(return_id=f"R-{number}").classified_with == kept, change
        assert (shown[f"R-{number}"] is None) is (kept == ""), change


@pytest.mark.usefixtures("product")
def test_columns_that_are_left_out_keep_what_is_stored_and_the_classification(owner: Caller) -> None:
    report(owner, "returns", HEADER + ROW)
    Return.objects.update(**CLASSIFIED)
    report(owner, "returns", "return_id,sku,date\nR-1,A,2026-03-14\n")
    found = only()
    assert (found.date, found.quantity, found.comment) == (date(2026, 3, 14), 2, "It stopped working")
    assert (found.classified_with, len(found.order)) == ("v1", 32)


@pytest.mark.usefixtures("product")
def test_of_two_rows_of_one_return_the_last_one_counts(owner: Caller) -> None:
    assert counts(report(owner, "returns", HEADER + ROW + ROW.replace(",2,", ",3,"))) == (1, 1, 0)
    assert only().quantity == 3


@pytest.mark.usefixtures("product")
def test_one_return_id_of_two_orders_is_refused(owner: Caller) -> None:
    told = report(owner, "returns", HEADER + ROW + ROW.replace("O-1001-77", "O-2002-88"))
    assert where(told) == [(3, "return_id")]
    assert "O-2002" not in str(told)


def test_one_return_may_have_several_products(owner: Caller) -> None:
    add_products(owner, "A", "B")
    assert counts(report(owner, "returns", HEADER + ROW + ROW.replace(",A,", ",B,"))) == (2, 0, 0)


# ------------------------------------------------------------------ orders and buyers


# Long enough that no hash of a run has it by chance.
ORDER = "O-113627768189-77"


@pytest.mark.usefixtures("product")
def test_an_order_is_never_shown(owner: Caller, caplog: pytest.LogCaptureFixture) -> None:
    header = HEADER.replace("\n", ",buyer_id\n")
    for return_id in ("R-1", ORDER, f"#{ORDER}-R1", ORDER.replace("-", "")):
        row = f"{return_id},{ORDER},A,2026-03-12,1,,My order {ORDER} is broken,,Ada@Example.com\n"
        bad = f"{return_id},{ORDER},A,2026-03-12,none,,,,ada@example.com\n"
        tried, told = (report(owner, "returns", header + row + bad, dry_run=dry) for dry in ("true", "false"))
        assert counts(tried) == counts(told) == (1, 0, 1), return_id
        assert [row["comment"] for row in tried["preview"]] == ["My order … is broken"]
        seen = f"{tried} {told} {listed(owner, 'returns')} {list(Return.objects.values())} {caplog.text}"
        assert not [each for each in (ORDER[2:-3], "Ada@", "ada@") if each in seen], return_id
        report(owner, "returns", header + row)
        Return.objects.get().delete()


@pytest.mark.usefixtures("product")
def test_a_file_without_a_header_is_refused_without_its_cells(owner: Caller) -> None:
    response = send(owner, "returns", "R-9,302-1234567-7654321,A,2026-03-12\n")
    assert response.status_code == 400
    assert "302-1234567" not in response.content.decode()


@pytest.mark.usefixtures("product")
def test_a_dry_run_makes_no_key(owner: Caller) -> None:
    told = report(owner, "returns", HEADER + ROW, dry_run="true")
    assert (counts(told), PseudonymKey.objects.count(), Return.objects.count()) == ((1, 0, 0), 0, 0)
    report(owner, "returns", HEADER + ROW)
    assert counts(report(owner, "returns", HEADER + ROW, dry_run="true")) == (0, 1, 0)


def test_the_same_order_of_two_tenants_has_two_hashes(owner: Caller, outsider: Caller) -> None:
    for caller in (owner, outsider):
        add_products(caller, "A")
        report(caller, "returns", HEADER + ROW)
    [mine], [theirs] = listed(owner, "returns"), listed(outsider, "returns")
    assert mine["order"] != theirs["order"]


# ------------------------------------------------------------------ lists


CLASSIFICATION: dict[str, Any] = {
    "evidence": "stopped working",
    "start": 3,
    "end": 18,
    "second": "poor_quality",
    "second_confidence": 0.05,
    "code_reason": "changed_mind",
    "code_contradicted": True,
    "language": "en",
    "source": "comment",
}


def test_a_classified_return_shows_its_classification(owner: Caller) -> None:
    ReturnFactory(
        product=ProductFactory(tenant=owner.tenant),
        classification=CLASSIFICATION,
        classified_at=datetime(2026, 3, 13, tzinfo=UTC),
        **CLASSIFIED,
    )
    assert listed(owner, "returns")[0]["classification"] == {
        "reason": "defective",
        "confidence": 0.9,
        "evidence": {"text": "stopped working", "start": 3, "end": 18},
        "second": {"reason": "poor_quality", "confidence": 0.05},
        "code_reason": "changed_mind",
        "code_contradicted": True,
        "language": "en",
        "source": "comment",
        "model": "v1",
        "classified_at": "2026-03-13T00:00:00.000Z",
    }


def test_a_reason_that_nothing_tells_has_no_evidence(owner: Caller) -> None:
    nothing = {"evidence": "", "start": 0, "end": 0, "second": None, "second_confidence": None}
    ReturnFactory(
        product=ProductFactory(tenant=owner.tenant), classification={**CLASSIFICATION, **nothing}, **CLASSIFIED
    )
    found = listed(owner, "returns")[0]["classification"]
    assert (found["evidence"], found["second"]) == (None, None)


def test_pages_follow_each_other_also_where_days_are_the_same(owner: Caller) -> None:
    add_products(owner, "A", "B")
    rows = "".join(f"R-{number},{'AB'[number % 2]},2026-03-{12 + number // 4}\n" for number in range(10))
    report(owner, "returns", f"return_id,sku,date\n{rows}")
    found = all_pages(owner, "returns", limit=3)
    assert len({row["return_id"] for row in found}) == 10
    assert found == listed(owner, "returns")
    assert {row["sku"] for row in listed(owner, "returns", sku="B")} == {"B"}
    assert listed(owner, "returns", marketplace="amazon_de") == []


DAYS: list[tuple[dict[str, str], list[int]]] = [
    ({"from": "2026-03-13"}, [14, 13]),
    ({"to": "2026-03-13"}, [13, 12]),
    ({"from": "2026-03-13", "to": "2026-03-13", "sku": "A"}, [13]),
    ({"from": "2026-03-13", "to": "2026-03-13", "marketplace": "amazon_us"}, [13]),
]


@pytest.mark.usefixtures("product")
def test_a_list_of_days(owner: Caller) -> None:
    rows = "".join(f"R-{day},A,2026-03-{day}\n" for day in (12, 13, 14))
    report(owner, "returns", f"return_id,sku,date\n{rows}")
    for query, days in DAYS:
        found = all_pages(owner, "returns", limit=1, **query)
        assert [row["date"] for row in found] == [f"2026-03-{day}" for day in days], query


def test_days_that_are_none_are_refused(owner: Caller) -> None:
    queries: list[dict[str, str]] = [
        {"from": "12.03.2026"},
        {"to": "x"},
        {"from": "2026-03-13", "to": "2026-03-12"},
    ]
    for query in queries:
        assert owner.get("/api/catalogue/returns", **query).status_code == 422, query
    assert owner.get("/api/catalogue/products", **{"from": "2026-03-12"}).status_code == 422


def test_others_see_nothing(owner: Caller, outsider: Caller) -> None:
    add_products(owner, "A")
    report(owner, "returns", HEADER + ROW)
    assert listed(outsider, "returns") == []
    assert where(report(outsider, "returns", HEADER + ROW)) == [(2, "sku")]
    assert removed(outsider, "/api/catalogue/returns?marketplace=amazon_us&all=true")["deleted"] == 0
    assert Return.objects.count() == 1


def test_returns_are_removed_by_sku_and_days(owner: Caller) -> None:
    add_products(owner, "A", "B")
    rows = "R-1,A,2026-03-12\nR-2,A,2026-03-13\nR-3,B,2026-03-13\n"
    report(owner, "returns", f"return_id,sku,date\n{rows}")
    url = "/api/catalogue/returns?marketplace=amazon_us&sku=A&from=2026-03-13&to=2026-03-13"
    assert removed(owner, f"{url}&dry_run=true") == {"deleted": 1, "dry_run": True}
    assert removed(owner, url)["deleted"] == 1
    assert sorted(Return.objects.values_list("return_id", flat=True)) == ["R-1", "R-3"]


def test_a_product_goes_with_its_returns(owner: Caller) -> None:
    add_products(owner, "A")
    report(owner, "returns", HEADER + ROW)
    answer = removed(owner, "/api/catalogue/products?marketplace=amazon_us&sku=A")
    assert (answer["deleted"], answer["returns"]) == (1, 1)


def test_the_command_finds_that_a_file_holds_returns(
    owner: Caller, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add_products(owner, "A")
    path = tmp_path / "file.csv"
    path.write_text(HEADER + ROW)
    call_command("import_catalogue", path, tenant=owner.tenant.name, marketplace="amazon_us", dry_run=True)
    call_command("import_catalogue", path, tenant=owner.tenant.name, marketplace="amazon_us")
    printed = capsys.readouterr().out
    assert "read as    returns, format plain" in printed
    assert "O-1001" not in printed
    assert only().return_id == "R-1"
