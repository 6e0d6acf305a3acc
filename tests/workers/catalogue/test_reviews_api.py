"""GET, POST and DELETE /api/catalogue/reviews."""

import csv
import json
import logging
from datetime import UTC, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.clients import Caller
from tests.factories import ProductFactory, ReviewFactory
from tests.workers.catalogue.steps import (
    NDJSON,
    add_products,
    all_pages,
    counts,
    listed,
    report,
    send,
    where,
)
from workers.catalogue.files import Said, import_file
from workers.catalogue.importing.documents import ROW_TO_RECORD
from workers.catalogue.importing.errors import FileError
from workers.catalogue.kinds import REVIEWS
from workers.catalogue.kinds.reviews import LONGEST_BODY
from workers.catalogue.models import PseudonymKey, Review
from workers.catalogue.pseudonyms import pseudonym_of

pytestmark = pytest.mark.django_db

HEADER = "sku,external_id,rating,title,body,author,verified,language,created_at\n"
ROW = "A,R1,4,Keeps warm,Keeps tea warm for hours,Jane Doe,yes,en,2026-03-12\n"
ANALYSED: dict[str, Any] = {
    "label": "positive",
    "score": 0.8,
    "confidence": 0.9,
    "detected_language": "en",
    "aspects": [
        {"aspect": "quality", "polarity": "positive", "text": "warm", "source": "body", "start": 10, "end": 14}
    ],
    "flags": ["rating_text_mismatch"],
    "analysed_with": "v1",
    "analysed_at": datetime(2026, 3, 13, tzinfo=UTC),
}


@pytest.fixture
def product(owner: Caller) -> None:
    add_products(owner, "A")


def only() -> Review:
    return Review.objects.get()


def table(*rows: dict[str, str]) -> str:
    """CSV with any text in its cells."""
    out = StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- The list -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_a_review_is_imported_and_listed(owner: Caller) -> None:
    assert counts(report(owner, "reviews", HEADER + ROW)) == (1, 0, 0)
    [found] = listed(owner, "reviews")
    assert len(found.pop("author")) == 32
    assert found.pop("imported_at")
    assert found == {
        "marketplace": "amazon_us",
        "sku": "A",
        "external_id": "R1",
        "rating": 4,
        "title": "Keeps warm",
        "body": "Keeps tea warm for hours",
        "verified": True,
        "language": "en",
        "created_at": "2026-03-12T00:00:00.000Z",
        "analysis": None,
    }


@pytest.mark.usefixtures("product")
def test_sku_external_id_and_body_are_enough(owner: Caller) -> None:
    report(owner, "reviews", "sku,external_id,body\nA,R1,Fine\n")
    [found] = listed(owner, "reviews")
    unknown = {"rating": None, "title": "", "author": "", "verified": None, "language": "", "created_at": None}
    assert {name: found[name] for name in unknown} == unknown


def test_an_analysed_review_has_its_analysis(owner: Caller) -> None:
    ReviewFactory.create(product=ProductFactory.create(tenant=owner.tenant), **ANALYSED)
    [found] = listed(owner, "reviews")
    assert found["analysis"] == {
        "label": "positive",
        "score": 0.8,
        "confidence": 0.9,
        "language": "en",
        "aspects": ANALYSED["aspects"],
        "flags": ["rating_text_mismatch"],
        "model": "v1",
        "analysed_at": "2026-03-13T00:00:00.000Z",
    }


def test_a_review_without_a_label_says_so(owner: Caller) -> None:
    unknown = {"label": "", "score": None, "confidence": None, "flags": ["unsupported_language"], "aspects": []}
    ReviewFactory.create(product=ProductFactory.create(tenant=owner.tenant), **{**ANALYSED, **unknown})
    [found] = listed(owner, "reviews")
    assert (found["analysis"]["label"], found["analysis"]["score"]) == (None, None)
    assert found["analysis"]["flags"] == ["unsupported_language"]


def test_the_list_is_by_product_with_the_newest_rows_first_page_by_page(owner: Caller) -> None:
    products = ProductFactory.create_batch(3, tenant=owner.tenant)
    for product in [*products, *reversed(products), *products]:
        ReviewFactory.create(product=product)
    rows = listed(owner, "reviews")
    assert rows == all_pages(owner, "reviews", limit=2)
    assert [row["sku"] for row in rows] == [product.sku for product in products for _ in range(3)]
    stored = list(Review.objects.filter(product=products[0]).order_by("-id").values_list("external_id", flat=True))
    assert [row["external_id"] for row in rows[:3]] == stored


def test_the_list_may_be_of_a_sku_or_a_marketplace(owner: Caller) -> None:
    here, there = (
        ProductFactory.create(tenant=owner.tenant, marketplace=name) for name in ("amazon_us", "amazon_uk")
    )
    for product in (here, there):
        ReviewFactory.create(product=product)
    assert [row["sku"] for row in listed(owner, "reviews", marketplace="amazon_uk")] == [there.sku]
    assert [row["sku"] for row in listed(owner, "reviews", sku=here.sku)] == [here.sku]
    assert listed(owner, "reviews", sku=here.sku, marketplace="amazon_uk") == []


def test_reviews_are_of_their_tenant_only(owner: Caller, outsider: Caller) -> None:
    ReviewFactory.create(product=ProductFactory.create(tenant=outsider.tenant, sku="A"))
    assert listed(owner, "reviews") == []
    told = report(owner, "reviews", HEADER + ROW)
    assert where(told) == [(2, "sku")]
    assert owner.delete("/api/catalogue/reviews?marketplace=amazon_us&all=true").status_code == 200
    assert Review.objects.count() == 1


# --- Importing again ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_an_unchanged_import_changes_nothing(owner: Caller) -> None:
    report(owner, "reviews", HEADER + ROW)
    Review.objects.update(**ANALYSED)
    before = Review.objects.values().get()
    assert counts(report(owner, "reviews", HEADER + ROW)) == (0, 1, 0)
    assert Review.objects.values().get() == before


# Of the row, and whether the review keeps its analysis.
CHANGES = {
    ("4,Keeps", "2,Keeps"): False,
    ("4,Keeps", ",Keeps"): False,
    ("Keeps warm", "Cold"): False,
    ("for hours", "no more"): False,
    (",en,", ",de,"): False,
    ("Jane Doe", "Jane D."): True,
    ("yes", "no"): True,
    ("2026-03-12", "2026-03-13"): True,
}


@pytest.mark.usefixtures("product")
def test_a_changed_text_rating_or_language_makes_it_new_and_nothing_else_does(owner: Caller) -> None:
    def numbered(row: str, number: int) -> str:
        return row.replace("R1", f"R{number}")

    said = ("rating", "title", "body", "author", "verified", "language", "created_at")
    changed = range(len(CHANGES))
    report(owner, "reviews", HEADER + "".join(numbered(ROW, number) for number in changed))
    Review.objects.update(**ANALYSED)
    before = {each.external_id: each for each in Review.objects.all()}
    rows = (numbered(ROW.replace(*change), number) for number, change in enumerate(CHANGES))
    assert counts(report(owner, "reviews", HEADER + "".join(rows))) == (0, len(CHANGES), 0)
    shown = {row["external_id"]: row["analysis"] for row in listed(owner, "reviews")}
    for number, (change, is_kept) in enumerate(CHANGES.items()):
        was, review = before[f"R{number}"], Review.objects.get(external_id=f"R{number}")
        assert review.analysed_with == ("v1" if is_kept else ""), change
        assert (shown[review.external_id] is not None) is is_kept, change
        assert [getattr(was, name) for name in said] != [getattr(review, name) for name in said], change


@pytest.mark.usefixtures("product")
def test_a_column_that_is_left_out_keeps_what_is_stored(owner: Caller) -> None:
    report(owner, "reviews", HEADER + ROW)
    Review.objects.update(**ANALYSED)
    report(owner, "reviews", "sku,external_id,body\nA,R1,Keeps tea warm for hours\n")
    assert (only().rating, only().title, only().analysed_with) == (4, "Keeps warm", "v1")


@pytest.mark.usefixtures("product")
def test_of_two_rows_of_one_review_the_last_counts(owner: Caller) -> None:
    told = report(owner, "reviews", HEADER + ROW + ROW.replace("4,", "1,"))
    assert counts(told) == (1, 1, 0)
    assert only().rating == 1


def test_one_id_may_be_of_reviews_of_several_products(owner: Caller) -> None:
    add_products(owner, "A", "B")
    assert counts(report(owner, "reviews", HEADER + ROW + ROW.replace("A,R1", "B,R1"))) == (2, 0, 0)


# --- Which product ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_the_sku_may_be_said_beside_the_file(owner: Caller) -> None:
    told = report(owner, "reviews", "external_id,body\nR1,Fine\n", sku="A")
    assert counts(told) == (1, 0, 0)
    refused = send(owner, "reviews", "external_id,body\nR1,Fine\n")
    assert refused.status_code == 400
    assert "send it as sku=…" in refused.json()["error"]["message"]


def test_a_product_is_found_by_its_external_id_or_its_handle(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,external_id\nA,Title,5,B0C1DE0001\nface-cream,Title,5,\n")
    told = report(owner, "reviews", "asin,review_id,text\nB0C1DE0001,R1,Fine\n")
    assert (counts(told), told["columns"]["product_id"]) == ((1, 0, 0), "asin")
    assert counts(report(owner, "reviews", "product_handle,id,body\nface-cream,R2,Fine\n")) == (1, 0, 0)
    assert [row["sku"] for row in listed(owner, "reviews")] == ["A", "face-cream"]


def test_a_sku_counts_before_an_external_id(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,external_id\nA,Title,5,B\nB,Title,5,A\n")
    report(owner, "reviews", "sku,product_id,external_id,body\nA,A,R1,Fine\n,B,R2,Fine\n")
    assert {(row["sku"], row["external_id"]) for row in listed(owner, "reviews")} == {("A", "R1"), ("B", "R2")}


@pytest.mark.usefixtures("product")
def test_a_row_without_a_product_is_refused(owner: Caller) -> None:
    told = report(owner, "reviews", "sku,product_id,external_id,body\n,,R1,Fine\nB,,R2,Fine\n,X,R3,Fine\n")
    assert where(told) == [(2, "sku"), (3, "sku"), (4, "product_id")]
    [error] = report(owner, "reviews", "product_id,external_id,body\n,R1,Fine\n")["errors"]
    assert error["field"] == "product_id"
    assert error["message"].startswith("must not be empty. Or add a column sku")
    assert "with sku=…" in told["errors"][2]["message"]


def test_products_that_a_dry_run_would_import_are_known_to_it(owner: Caller, tmp_path: Path) -> None:
    products, reviews = tmp_path / "products.csv", tmp_path / "reviews.csv"
    products.write_text("sku,title,price,external_id\nA,Title,5,B0C1DE0001\n")
    reviews.write_text("asin,review_id,text,author\nB0C1DE0001,R1,Fine,Jane Doe\n")
    output = StringIO()
    call_command(
        "import_catalogue", reviews, products, tenant=owner.tenant.name, marketplace="amazon_us", dry_run=True,
        stdout=output,
    )  # fmt: skip
    assert "reviews.csv: 1 would be imported" in output.getvalue()
    assert "Jane" not in output.getvalue()
    assert not PseudonymKey.objects.exists()


# --- Bad rows -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_bad_rows_are_reported_and_the_others_imported(owner: Caller) -> None:
    rows = [
        "A,,4,,Fine,,,,",
        "A,R2,6,,Fine,,,,",
        "A,R3,4.5,,Fine,,,,",
        "A,R4,,,,,,,",
        "A,R5,4,,Fine,,perhaps,,",
        "A,R6,4,,Fine,,,,2999-01-01",
        "A,R7,4,,Fine,,,,someday",
        f"A,R8,4,{'x' * 1001},Fine,,,,",
        "A,R9,★★★★☆,,Fine,,,,12 March 2026",
    ]
    told = report(owner, "reviews", HEADER + "\n".join(rows) + "\n")
    names = ["external_id", "rating", "rating", "body", "verified", "created_at", "created_at", "title"]
    assert where(told) == list(enumerate(names, start=2))
    assert [row["external_id"] for row in listed(owner, "reviews")] == ["R9"]


@pytest.mark.usefixtures("product")
def test_a_review_may_be_nothing_but_stars(owner: Caller) -> None:
    assert counts(report(owner, "reviews", HEADER + "A,R1,5,,,,,,\nA,R2,,Good,,,,,\n")) == (2, 0, 0)


@pytest.mark.usefixtures("product")
def test_a_file_without_a_needed_column_is_refused(owner: Caller) -> None:
    for column in ("external_id", "body"):
        names = [name for name in ("sku", "external_id", "body", "rating") if name != column]
        response = send(owner, "reviews", ",".join(names) + "\nA,2,3\n")
        assert response.status_code == 400
        assert f"Columns are missing: {column}." in response.json()["error"]["message"]


# --- Texts --------------------------------------------------------------------------------------------------------


SENT = [
    ("One line.\r\nAnother.\rA third.", "One line.\nAnother.\nA third."),
    ("<p>Good &amp; <b>cheap</b></p><script>alert(1)</script>", None),
    ("nul \x00, bell \x07, escape \x1b[31m.", "nul  , bell  , escape  [31m."),
    ("👍🏽 été naïve ‮ שלום", None),
    ('She said: "no, never", twice', None),
    ("  \t around \n ", "around"),
    ("\\N and \\t are no escapes", None),
    ("=1+1", None),
]


@pytest.mark.usefixtures("product")
def test_a_body_is_kept_as_it_is_written(owner: Caller) -> None:
    rows = [{"sku": "A", "external_id": f"R{number}", "body": sent} for number, (sent, _) in enumerate(SENT)]
    lines = "\n".join(map(json.dumps, rows))
    assert counts(report(owner, "reviews", lines, content_type=NDJSON)) == (len(SENT), 0, 0)
    kept = [Review.objects.get(external_id=row["external_id"]).body for row in rows]
    assert kept == [sent if stored is None else stored for sent, stored in SENT]


# No transaction around these, in which the database would take the reading of such a file for idleness.
without_transaction = pytest.mark.django_db(transaction=True)


@without_transaction
@pytest.mark.usefixtures("product")
def test_a_body_of_a_million_characters_is_kept_and_a_longer_one_refused(owner: Caller) -> None:
    # Wide ones, and what makes a table's cell longer or seem to end.
    body = ("a" + '🐈"\n' * (LONGEST_BODY // 3))[: LONGEST_BODY - 1] + "z"
    file = table(
        {"sku": "A", "external_id": "R1", "body": body},
        {"sku": "A", "external_id": "R2", "body": f"{body}!"},
        {"sku": "A", "external_id": "R3", "body": "Fine"},
    )
    told = report(owner, "reviews", file)
    assert counts(told) == (2, 0, 1)
    assert [(error["field"], error["message"]) for error in told["errors"]] == [
        ("body", "is longer than 1,000,000 characters")
    ]
    assert Review.objects.get(external_id="R1").body == body


@without_transaction
@pytest.mark.usefixtures("product")
def test_a_body_of_a_million_characters_may_come_as_json(owner: Caller) -> None:
    row = {"sku": "A", "external_id": "R1", "body": "é" * LONGEST_BODY}
    escaped = json.dumps(row)
    assert counts(report(owner, "reviews", escaped, content_type=NDJSON)) == (1, 0, 0)
    assert len(only().body) == LONGEST_BODY
    # In an array so long a row takes seconds, so a shorter one shows that an array may be as long.
    assert len(escaped) < ROW_TO_RECORD * REVIEWS.longest
    array = json.dumps([{**row, "body": "é" * (LONGEST_BODY // 4)}])
    assert counts(report(owner, "reviews", array, content_type="application/json")) == (0, 1, 0)
    assert len(only().body) == LONGEST_BODY // 4


@pytest.mark.usefixtures("product")
def test_long_bodies_are_cut_in_previews(owner: Caller) -> None:
    told = report(owner, "reviews", table({"sku": "A", "external_id": "R1", "body": "x" * 5000}), dry_run="true")
    assert told["preview"][0]["body"] == "x" * 1000 + "…"


@pytest.mark.usefixtures("product")
def test_a_file_of_another_encoding_is_read(owner: Caller) -> None:
    told = report(
        owner,
        "reviews",
        "sku,external_id,body\nA,R1,Größe paßt – schön\n".encode("cp1252"),
    )
    assert (told["encoding"], counts(told)) == ("windows-1252", (1, 0, 0))
    assert only().body == "Größe paßt – schön"


@pytest.mark.usefixtures("product")
def test_columns_in_other_languages_are_known(owner: Caller) -> None:
    files = (
        "Artikelnummer;Bewertungs-ID;Sterne;Titel;Bewertungstext;Verfasser;Verifizierter Kauf;Sprache;Datum\n"
        "A;R1;4,0 von 5 Sternen;Gut;Hält warm;Jürgen;ja;de;12.03.2026\n",
        "Référence;ID avis;Note;Titre;Avis;Auteur;Achat vérifié;Langue;Date de l'avis\n"
        "A;R2;4;Bien;Garde au chaud;Zoé;oui;fr;12 mars 2026\n",
        "Referencia;ID de la reseña;Estrellas;Título;Reseña;Autor;Compra verificada;Idioma;Fecha\n"
        "A;R3;4;Bien;Mantiene el calor;Ana;sí;es;12 de marzo de 2026\n",
        "Codice articolo;ID recensione;Stelle;Titolo;Recensione;Autore;Acquisto verificato;Lingua;Data\n"
        "A;R4;4;Bene;Tiene caldo;Ugo;sì;it;12 marzo 2026\n",
    )
    for file in files:
        assert counts(report(owner, "reviews", file)) == (1, 0, 0), file
    for row in listed(owner, "reviews"):
        assert (row["rating"], row["verified"], row["created_at"]) == (4, True, "2026-03-12T00:00:00.000Z")
        assert row["title"]
        assert row["author"]


_TEXTS = st.text(max_size=200)


@given(body=_TEXTS, title=st.text(max_size=50), author=_TEXTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
def test_any_text_is_stored_or_refused_by_name(owner: Caller, body: str, title: str, author: str) -> None:
    ProductFactory.create(tenant=owner.tenant, sku="A") if not owner.tenant.products.exists() else None
    line = json.dumps({"sku": "A", "external_id": "R1", "body": body, "title": title, "author": author})
    told = report(owner, "reviews", line, content_type=NDJSON)
    assert sum(counts(told)) == 1
    assert {error["field"] for error in told["errors"]} <= {"body", "title", "author"}


# --- Authors ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_an_author_is_a_hash_of_the_tenants_own(owner: Caller) -> None:
    report(
        owner,
        "reviews",
        HEADER
        + ROW
        + ROW.replace("R1", "R2").replace("Jane Doe", " jane doe ")
        + ROW.replace("R1", "R3").replace("Jane", "Jack"),
    )
    by_id = dict(Review.objects.values_list("external_id", "author"))
    assert by_id["R1"] == by_id["R2"] == pseudonym_of(owner.tenant.pk)("jane doe")
    assert by_id["R3"] not in ("", by_id["R1"])


@pytest.mark.usefixtures("product")
def test_an_author_is_never_shown_or_logged(owner: Caller, caplog: Any) -> None:
    wrong = (ROW.replace("4,", "9,"), ROW.replace("A,", "B,"), ROW.replace("Jane Doe", "Jane Doe" * 200))
    for row in (ROW, *wrong):
        for dry_run in ("true", "false"):
            with caplog.at_level(logging.DEBUG):
                shown = send(owner, "reviews", HEADER + row, dry_run=dry_run).content.decode()
            shown += owner.get("/api/catalogue/reviews").content.decode() + caplog.text
            assert "Jane" not in shown, (row, dry_run)


def test_a_file_without_a_header_does_not_show_its_cells(owner: Caller) -> None:
    response = send(owner, "reviews", "A,R1,4,Fine,It is good,Jane Doe\n")
    assert response.status_code == 400
    assert "Jane" not in response.content.decode()


@pytest.mark.usefixtures("product")
def test_a_key_that_cannot_be_read_stops_the_import_before_anything_is_written(owner: Caller, settings: Any) -> None:
    report(owner, "reviews", HEADER + ROW)
    settings.AIJOBS_CREDENTIALS_KEYS = ["another-key-that-opens-nothing"]
    with pytest.raises(FileError, match="Ask the operator"):
        import_file(owner.tenant, BytesIO((HEADER + ROW.replace("R1", "R2")).encode()), Said("amazon_us"), REVIEWS)
    assert Review.objects.count() == 1


# --- Removing -----------------------------------------------------------------------------------------------------


def test_reviews_are_removed_by_days(owner: Caller) -> None:
    product = ProductFactory.create(tenant=owner.tenant)
    for day in (1, 12, 20):
        ReviewFactory.create(product=product, created_at=datetime(2026, 3, day, 23, 30, tzinfo=UTC))
    ReviewFactory.create(product=product, created_at=None)
    answer = owner.delete("/api/catalogue/reviews?marketplace=amazon_us&from=2026-03-12&to=2026-03-19")
    assert json.loads(answer.content)["data"] == {"deleted": 1, "dry_run": False}
    assert Review.objects.count() == 3


def test_reviews_go_with_their_product(owner: Caller) -> None:
    product = ProductFactory.create(tenant=owner.tenant)
    ReviewFactory.create_batch(2, product=product)
    answer = json.loads(owner.delete(f"/api/catalogue/products?marketplace=amazon_us&sku={product.sku}").content)
    assert (answer["data"]["deleted"], answer["data"]["reviews"]) == (1, 2)
    assert not Review.objects.exists()
