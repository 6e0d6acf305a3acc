"""import_catalogue and load_sample_catalogue."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from tests.factories import TenantFactory
from workers.catalogue.models import Product, Sale

pytestmark = pytest.mark.django_db

PRODUCTS = "sku,title,price\nA,a,5\nB,b,6\n"
SALES = "sku,date,price,units\nA,2026-03-12,5,1\nB,2026-03-12,6,2\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "products.csv").write_text(PRODUCTS)
    (tmp_path / "sales.csv").write_text(SALES)
    return tmp_path


def run(*files: str | Path, tenant: str | None = None, **options: object) -> tuple[str, str]:
    """What the command says on stdout and on stderr."""
    output, errors = StringIO(), StringIO()
    name = tenant or TenantFactory().name
    options = {"tenant": name, "marketplace": "amazon_us", "stdout": output, "stderr": errors, **options}
    call_command("import_catalogue", *map(str, files), **options)
    return output.getvalue(), errors.getvalue()


def test_both_files_are_imported(folder: Path) -> None:
    output, errors = run(folder / "products.csv", folder / "sales.csv")
    assert output == (
        "products.csv: 2 imported, 0 updated, 0 rejected\nsales.csv: 2 imported, 0 updated, 0 rejected\n"
    )
    assert errors == ""
    assert (Product.objects.count(), Sale.objects.count()) == (2, 2)


def test_a_dry_run_of_both_files_writes_nothing(folder: Path) -> None:
    output, _ = run(folder / "products.csv", folder / "sales.csv", dry_run=True)
    assert "sales.csv: 2 would be imported, 0 would be updated, 0 would be rejected" in output
    assert (Product.objects.count(), Sale.objects.count()) == (0, 0)


def test_rejected_rows_are_listed_and_fail_the_command(folder: Path) -> None:
    errors = StringIO()
    bad = folder / "products.csv"
    bad.write_text("sku,title,price\nA,a,5\nB,b,x\n")
    with pytest.raises(CommandError, match="1 rows were rejected; the others have landed") as raised:
        run(bad, stderr=errors)
    assert raised.value.returncode == 1
    assert errors.getvalue() == f"{bad}:3: price must be a number, with a point for decimals\n"
    assert Product.objects.get().sku == "A"


def test_sales_may_come_alone(folder: Path) -> None:
    name = TenantFactory().name
    run(folder / "products.csv", tenant=name)
    output, _ = run("-", folder / "sales.csv", tenant=name)
    assert output == "sales.csv: 2 imported, 0 updated, 0 rejected\n"


def test_json_lines_are_known_by_their_suffix(folder: Path) -> None:
    (folder / "products.ndjson").write_text('{"sku": "A", "title": "a", "price": 5}\n')
    assert run(folder / "products.ndjson")[0] == "products.ndjson: 1 imported, 0 updated, 0 rejected\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["products.csv", "--tenant=nobody", "--marketplace=amazon_us"], "There is no tenant 'nobody'"),
        (["missing.csv", "--tenant=shop", "--marketplace=amazon_us"], "missing.csv: No such file"),
        (["sales.csv", "--tenant=shop", "--marketplace=amazon_us"], "sales.csv:1: Unknown columns"),
        (["products.csv", "--tenant=shop", "--marketplace=Amazon US"], "'Amazon US' is no marketplace"),
    ],
)
def test_a_mistake_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    TenantFactory(name="shop")
    monkeypatch.chdir(folder)
    with pytest.raises(CommandError, match=message):
        call_command("import_catalogue", *arguments)


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
