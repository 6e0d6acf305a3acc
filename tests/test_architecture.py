"""Who may import whom, and what lies at the top of the repository. The README says why."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# The control plane from the bottom up. A module imports its own layer and the layers below it.
LAYERS = [
    {"states", "errors", "identifiers", "models", "registry", "sql", "statements", "migrations", "apps"},
    {"auth", "broker", "idempotency", "queueing", "selfcheck", "statistics"},
    {"lifecycle", "reconciliation"},
    {"batches", "schedules"},
    {"api", "admin"},
    {"management"},
]
RANKS = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

# `up` starts the servers and the processes that config describes: it is a part of the entry point, like manage.py,
# and sits in an app only because Django looks for commands there.
MAY_IMPORT_CONFIG = {"aijobs/management/commands/up.py"}

TOP_LEVEL = {"manage.py", "pyproject.toml", "README.md", "config", "aijobs", "workers", "tests", "docker"}


def sources(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def imports(source: str) -> Iterator[str]:
    """Every module that a file imports, wherever in the file: `from aijobs import sql` is aijobs.sql."""
    path = ROOT / source
    for node in ast.walk(ast.parse(path.read_text(), source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{_absolute(path, node)}.{alias.name}" for alias in node.names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def imported_packages(source: str) -> set[str]:
    return {module.partition(".")[0] for module in imports(source)}


def module_of(source: str) -> str:
    """aijobs/api/views.py is of "api", aijobs/sql.py is "sql"."""
    return Path(source).parts[1].removesuffix(".py")


def test_the_control_plane_does_not_know_the_workers() -> None:
    assert [source for source in sources("aijobs") if "workers" in imported_packages(source)] == []


def test_nothing_imports_the_configuration() -> None:
    importers = {source for source in sources("aijobs", "workers") if "config" in imported_packages(source)}
    assert importers <= MAY_IMPORT_CONFIG


def test_nothing_outside_the_tests_imports_them() -> None:
    assert [each for each in sources("aijobs", "workers", "config") if "tests" in imported_packages(each)] == []


@pytest.mark.parametrize("source", [source for source in sources("aijobs") if source != "aijobs/__init__.py"])
def test_a_layer_does_not_import_a_higher_one(source: str) -> None:
    module = module_of(source)
    assert module in RANKS, f"say in LAYERS where aijobs.{module} belongs"
    imported = {name.split(".")[1] for name in imports(source) if name.startswith("aijobs.")}
    assert {each for each in imported if RANKS.get(each, 0) > RANKS[module]} == set()


CONNECTORS = ["amazon", "shopify", "web"]
# What opens connections by itself. httpx's exceptions and types may be anywhere.
OPENERS = {"httpx.Client", "httpx.AsyncClient", "httpx.get", "httpx.post", "httpx.request", "httpx.stream"}
OTHER_CLIENTS = {"requests", "urllib3", "aiohttp", "urllib.request.urlopen", "http.client"}


def test_only_the_guarded_client_reaches_the_outside() -> None:
    def opens(source: str) -> bool:
        tree = ast.walk(ast.parse((ROOT / source).read_text(), source))
        called = {ast.unparse(node.func) for node in tree if isinstance(node, ast.Call)}
        return bool(OPENERS & called or OTHER_CLIENTS & {*imports(source), *imported_packages(source)})

    assert [source for source in sources("workers") if opens(source)] == ["workers/marketplaces/http.py"]


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_connector_knows_neither_the_others_nor_who_calls_it(connector: str) -> None:
    own = f"workers.marketplaces.{connector}."
    shared = ("protocol", "http", "throttle")
    allowed = (own, *(f"workers.marketplaces.{name}." for name in shared), "workers.catalogue.")
    for source in sources(f"workers/marketplaces/{connector}"):
        inner = {name for name in imports(source) if name.startswith(("workers.", "aijobs."))}
        assert {name for name in inner if not name.startswith(allowed)} == set(), source


def test_the_pricing_mathematics_know_nothing_else_of_the_project() -> None:
    inner = {name for source in sources("workers/pricing") for name in imports(source)}
    assert [name for name in inner if name.startswith(("aijobs", "django", "workers"))] == [
        name for name in inner if name.startswith("workers.pricing")
    ]


def test_the_top_level_is_fixed() -> None:
    present = {name for name in _top_level_names() if not name.startswith(".")}
    assert present <= TOP_LEVEL


def _top_level_names() -> set[str]:
    """What git has or would add; outside a checkout, what is there but for the lock file that uv leaves."""
    if not (ROOT / ".git").exists():
        return {path.name for path in ROOT.iterdir()} - {"uv.lock"}
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    output = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {Path(line).parts[0] for line in output.splitlines()}
