"""import_catalogue and load_sample_catalogue."""

import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories import TenantFactory
from workers.catalogue.kinds import KINDS
from workers.catalogue.models import Offer, Product, Sale

pytestmark = pytest.mark.django_db

PRODUCTS = "sku,title,price\nA,a,5\nB,b,6\n"
SALES = "sku,date,price,units\nA,2026-03-12,5,1\nB,2026-03-12,6,2\n"
OFFERS = "sku,seller,price\nA,Rival,4.99\nB,Rival,5.99\n"
REVIEWS = "external_id,sku,rating,body\nR1,A,5,Good\nR2,B,1,Bad\n"
RETURNS = "return_id,sku,date,reason_code\nR-1,A,2026-03-12,DEFECTIVE\nR-2,B,2026-03-12,OTHER\n"
LISTINGS = "sku,title,description\nA,a,Good\nB,b,Better\n"
COMPETITOR_LISTINGS = "asin,brand,title,url\nB01,Rival,a,https://shop.example/a\nB02,Rival,b,https://shop.example/b\n"
KEYWORDS = "keyword,volume\nbottle,10\nflask,20\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "products.csv").write_text(PRODUCTS)
    (tmp_path / "sales.csv").write_text(SALES)
    (tmp_path / "offers.csv").write_text(OFFERS)
    (tmp_path / "reviews.csv").write_text(REVIEWS)
    (tmp_path / "returns.csv").write_text(RETURNS)
    (tmp_path / "listings.csv").write_text(LISTINGS)
    (tmp_path / "competitor_listings.csv").write_text(COMPETITOR_LISTINGS)
    (tmp_path / "keywords.csv").write_text(KEYWORDS)
    return tmp_path


def run(*files: str | Path, tenant: str | None = None, **options: object) -> tuple[str, str]:
    """What the command says on stdout and on stderr."""
    output, errors = StringIO(), StringIO()
    name = tenant or TenantFactory().name
    options = {"tenant": name, "marketplace": "amazon_us", "stdout": output, "stderr": errors, **options}
    call_command("import_catalogue", *map(str, files), **options)
    return output.getvalue(), errors.getvalue()


def counted(output: str) -> list[str]:
    """What became of each file, where no row was rejected or skipped."""
    return re.findall(r"^(\S+: .*), 0 rejected, 0 skipped$", output, re.M)


def test_both_files_are_imported(folder: Path) -> None:
    output, errors = run(folder / "products.csv", folder / "sales.csv")
    assert counted(output) == ["products.csv: 2 imported, 0 updated", "sales.csv: 2 imported, 0 updated"]
    assert errors == ""
    assert (Product.objects.count(), Sale.objects.count()) == (2, 2)


def test_a_dry_run_of_both_files_writes_nothing(folder: Path) -> None:
    output, _ = run(folder / "products.csv", folder / "sales.csv", dry_run=True)
    assert "sales.csv: 2 would be imported, 0 would be updated, 0 would be rejected, 0 skipped" in output
    assert (Product.objects.count(), Sale.objects.count()) == (0, 0)


def test_rejected_rows_are_listed_and_fail_the_command(folder: Path) -> None:
    errors = StringIO()
    bad = folder / "products.csv"
    bad.write_text("sku,title,price\nA,a,5\nB,b,x\n")
    with pytest.raises(CommandError, match=r"1 rows were rejected\. All others were imported") as raised:
        run(bad, stderr=errors)
    assert raised.value.returncode == 1
    assert errors.getvalue() == f"{bad}:3: price must be a number, for example 19.99\n"
    assert Product.objects.get().sku == "A"


def test_sales_may_come_alone(folder: Path) -> None:
    name = TenantFactory().name
    run(folder / "products.csv", tenant=name)
    assert counted(run(folder / "sales.csv", tenant=name)[0]) == ["sales.csv: 2 imported, 0 updated"]


def test_files_come_in_any_order_and_under_any_name(folder: Path) -> None:
    for number, kind in enumerate(KINDS):
        (folder / f"{kind.name}.csv").rename(folder / f"{number}.txt")
    output, errors = run(*(folder / f"{number}.txt" for number in reversed(range(len(KINDS)))))
    assert counted(output) == [f"{number}.txt: 2 imported, 0 updated" for number in range(len(KINDS))]
    assert errors == ""
    assert (Product.objects.count(), Sale.objects.count(), Offer.objects.count()) == (2, 2, 2)


def test_offers_may_come_alone(folder: Path) -> None:
    name = TenantFactory().name
    run(folder / "products.csv", tenant=name)
    output, _ = run("-", "-", folder / "offers.csv", tenant=name)
    assert counted(output) == ["offers.csv: 2 imported, 0 updated"]
    assert sorted(Offer.objects.values_list("product__sku", "seller")) == [("A", "Rival"), ("B", "Rival")]


def test_a_dry_run_checks_offers_against_the_products_as_they_would_be(folder: Path) -> None:
    """A has another currency in the file than in the catalogue, B is only in the file, and C in neither."""
    name = TenantFactory().name
    (folder / "before.csv").write_text("sku,title,price,currency\nA,a,5,USD\n")
    run(folder / "before.csv", tenant=name)
    (folder / "products.csv").write_text("sku,title,price,currency\nA,a,5,EUR\nB,b,600,JPY\n")
    offers = folder / "offers.csv"
    offers.write_text("sku,seller,price,currency\nA,R,4.99,EUR\nA,S,4.99,USD\nB,R,599,JPY\nB,S,5.99,\nC,R,1,USD\n")
    errors = StringIO()
    with pytest.raises(CommandError, match=r"3 rows are wrong\. Nothing was written"):
        run(folder / "products.csv", "-", offers, tenant=name, dry_run=True, stderr=errors)
    assert errors.getvalue().splitlines() == [
        f"{offers}:3: currency must be EUR, the currency of the product",
        f"{offers}:5: price has more decimals than JPY allows",
        f"{offers}:6: sku is not a product of amazon_us; import the product first",
    ]
    assert Product.objects.get().currency == "USD"
    assert not Offer.objects.exists()


def test_a_product_that_is_refused_has_no_offers(folder: Path) -> None:
    (folder / "products.csv").write_text("sku,title,price\nA,a,5\nB,b,x\n")
    errors = StringIO()
    with pytest.raises(CommandError, match="2 rows were rejected"):
        run(folder / "products.csv", "-", folder / "offers.csv", stderr=errors)
    assert f"{folder / 'offers.csv'}:3: sku is not a product" in errors.getvalue()
    assert Offer.objects.get().product.sku == "A"


def test_the_help_names_the_columns_of_every_kind(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("import_catalogue", "--help")
    shown = capsys.readouterr().out
    for kind in KINDS:
        assert kind.name in shown
        assert set(kind.fields) <= set(re.findall(r"\w+", shown)), kind.name


def test_json_lines_are_known_whatever_the_case_of_their_suffix(folder: Path) -> None:
    (folder / "products.NDJSON").write_text('{"sku": "A", "title": "a", "price": 5}\n')
    assert counted(run(folder / "products.NDJSON")[0]) == ["products.NDJSON: 1 imported, 0 updated"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["products.csv", "--tenant=nobody", "--marketplace=amazon_us"], "There is no tenant 'nobody'"),
        (["missing.csv", "--tenant=shop", "--marketplace=amazon_us"], "missing.csv: No such file"),
        (["-", "--tenant=shop", "--marketplace=amazon_us"], "Name at least one file"),
        (["empty.csv", "--tenant=shop", "--marketplace=amazon_us"], "empty.csv: The file is empty"),
        (["other.csv", "--tenant=shop", "--marketplace=amazon_us"], "other.csv:1: No line at the beginning"),
        (["products.csv", "--tenant=shop", "--marketplace=m", "--currency=euros"], "must be a currency code"),
        (["products.csv", "--tenant=shop", "--marketplace=m", "--date=then"], "'then'"),
        (["products.csv", "--tenant=shop", "--marketplace=m", "--timezone=Berlin"], "'Berlin' is not a time zone"),
        (["products.csv", "--tenant=shop", "--marketplace=Amazon US"], "'Amazon US' is not a marketplace's name"),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    TenantFactory(name="shop")
    (folder / "empty.csv").touch()
    (folder / "other.csv").write_text("colour;size\nred;2\n")
    monkeypatch.chdir(folder)
    with pytest.raises(CommandError, match=message):
        call_command("import_catalogue", *arguments)


def test_a_dry_run_shows_how_a_file_was_understood(folder: Path) -> None:
    (folder / "products.csv").write_bytes("SKU;Titel;Preis;Farbe;Prise\nA;Tür;1.299,50;rot;1\n".encode("cp1252"))
    output, _ = run(folder / "products.csv", dry_run=True)
    for found in (
        "products, format plain, delimiter semicolon, encoding windows-1252",
        "decimal comma",
        "title ← Titel",
        "ignored    Farbe",
        "1299.50",
        "not UTF-8",
    ):
        assert found in output


def test_the_sample_is_loaded_once() -> None:
    tenant = TenantFactory()
    for _ in range(2):
        output = StringIO()
        call_command("load_sample_catalogue", tenant.name, stdout=output)
        assert output.getvalue() == f"{tenant.name} has 40 products.\n"
    assert (Product.objects.count(), Sale.objects.count()) == (40, 7_200)


def test_the_sample_needs_a_tenant() -> None:
    with pytest.raises(CommandError, match="There is no tenant 'nobody'"):
        call_command("load_sample_catalogue", "nobody")
