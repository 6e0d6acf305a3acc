"""Who may import whom, and what lies at the top of the repository. The README says why."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.groups import TIMED_CASES, WORKER_CASES

ROOT = Path(__file__).resolve().parent.parent

# From the bottom up. A module imports its own layer and those below it. It belongs to the longest name here that
# its own begins with: workers.catalogue.api to the API, not to the catalogue.
LAYERS: list[set[str]] = [
    # The words, and what knows nothing of jobs.
    {
        "aijobs.calendars",
        "aijobs.client",
        "aijobs.states",
        "aijobs.errors",
        "aijobs.graphs",
        "aijobs.identifiers",
        "aijobs.presenting",
        "aijobs.redis_urls",
        "aijobs.refusals",
        "aijobs.scopes",
        "aijobs.shapes",
        "aijobs.sql",
        "aijobs.postgresql",
        "aijobs.watching",
        "aijobs.zones",
    },
    {"aijobs.outbound"},
    # The rows.
    {"aijobs.models"},
    {"aijobs.registry", "aijobs.auth", "aijobs.idempotency", "aijobs.limiting", "aijobs.tickets"},
    # The only writer of a job's status, and what carries its id to a worker.
    {"aijobs.engine"},
    {
        "aijobs.batches",
        "aijobs.checks",
        "aijobs.dispatching",
        "aijobs.due_rows",
        "aijobs.events",
        "aijobs.explaining",
        "aijobs.filtering",
        "aijobs.health",
        "aijobs.metrics",
        "aijobs.retention",
        "aijobs.schedule_bodies",
        "aijobs.schedule_runs",
        "aijobs.schedules",
        "aijobs.ticking",
        "aijobs.usage",
    },
    {"aijobs.webhooks"},
    # What repeats and ends jobs for whoever asks, one or all that match.
    {"aijobs.retrying"},
    {"aijobs.bulk", "aijobs.exporting"},
    {"aijobs.api", "aijobs.admin", "aijobs.apps"},
    {"aijobs.streams"},
    {"aijobs.management"},
    # The domain, from the mathematics to its jobs. Models are the base of all that reads and writes rows.
    {"workers.listings", "workers.pricing", "workers.sentiment", "workers.visibility"},
    {"workers.returns"},
    {"workers.connections"},
    {"workers.catalogue.currencies", "workers.catalogue.models"},
    {"workers.changes.models", "workers.marketplaces.models", "workers.assistants.models"},
    {"workers.catalogue"},
    {"workers.marketplaces", "workers.assistants"},
    {"workers.changes"},
    {"workers.context", "workers.heartbeat", "workers.jobs"},
    {"workers.running"},
    {
        "workers.connections.api",
        "workers.connections.admin",
        *(
            f"workers.{app}.{room}"
            for app in ("catalogue", "marketplaces", "assistants", "changes")
            for room in ("api", "admin")
        ),
        "workers.jobs.listing_optimize.api",
        "workers.jobs.pricing_recalculate.api",
        "workers.catalogue.management",
        "workers.catalogue.sample",
        "workers.management",
        "workers.apps",
        "workers.presence",
        "workers.pruning",
        "workers.tasks",
    },
    {"workers.periodic"},
    {"config"},
]
RANKS = {module: rank for rank, layer in enumerate(LAYERS) for module in layer}

# What layers do not say: rooms beside each other, and what only the faces to the outside may know. Who, and what not.
FACES = (".api", ".admin", ".management")
APART = [
    ("aijobs.api", ("aijobs.admin",)),
    ("aijobs.admin", ("aijobs.api",)),
    ("workers", ("aijobs.api", "aijobs.admin", "aijobs.management", "rest_framework", "drf_spectacular")),
    ("aijobs.engine", ("rest_framework", "drf_spectacular")),
    ("aijobs.dispatching", ("rest_framework", "drf_spectacular")),
    ("aijobs.schedules", ("rest_framework", "drf_spectacular")),
    ("aijobs.schedule_runs", ("rest_framework", "drf_spectacular")),
    ("aijobs.ticking", ("rest_framework", "drf_spectacular")),
]

TOP_LEVEL = {"manage.py", "pyproject.toml", "README.md", "config", "aijobs", "workers", "tests", "docker"}


def sources(*folders: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def imports(source: str) -> list[str]:
    """Every module that a file imports, wherever in the file: `from aijobs import sql` is aijobs.sql."""
    return _imports_and_texts(source)[0]


@cache
def _imports_and_texts(source: str) -> tuple[list[str], set[str]]:
    """And every text in it: going through a file takes long."""
    path = ROOT / source
    found: list[str] = []
    texts: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(), source)):
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found += (f"{_absolute(path, node)}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            texts.add(node.value)
    return found, texts


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *filter(None, [node.module])])


def imported_packages(source: str) -> set[str]:
    return {module.partition(".")[0] for module in imports(source)}


def name_of(source: str) -> str:
    """aijobs/api/jobs.py is aijobs.api.jobs, aijobs/models/__init__.py is aijobs.models."""
    return source.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def layer_of(module: str) -> int | None:
    """Its rank in LAYERS. None for the packages themselves, which hold nothing."""
    parts = module.split(".")
    prefixes = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((RANKS[prefix] for prefix in prefixes if prefix in RANKS), None)


CODE = [source for source in sources("aijobs", "workers", "config") if "/migrations/" not in source]
MODULES = {name_of(source): source for source in CODE}


def imported_modules(source: str) -> set[str]:
    """The modules of ours that a file imports: `from aijobs.models import Job` is aijobs.models."""
    found = {name if name in MODULES else name.rpartition(".")[0] for name in imports(source)}
    return {name for name in found if name in MODULES and name != name_of(source)}


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The modules that import each other, directly or by way of others: strongly connected, by Tarjan's algorithm."""
    found: list[list[str]] = []
    index: dict[str, int] = {}
    lowest: dict[str, int] = {}
    path: list[str] = []

    def visit(module: str) -> None:
        index[module] = lowest[module] = len(index)
        path.append(module)
        for other in sorted(edges[module]):
            if other not in index:
                visit(other)
            if other in path:
                lowest[module] = min(lowest[module], lowest[other])
        if lowest[module] == index[module]:
            members = path[path.index(module) :]
            del path[path.index(module) :]
            if len(members) > 1:
                found.append(sorted(members))

    for module in sorted(edges):
        if module not in index:
            visit(module)
    return found


def test_the_control_plane_does_not_know_the_workers() -> None:
    assert [source for source in sources("aijobs") if "workers" in imported_packages(source)] == []


def test_nothing_imports_the_configuration() -> None:
    assert [source for source in sources("aijobs", "workers") if "config" in imported_packages(source)] == []


def test_nothing_outside_the_tests_imports_them() -> None:
    assert [each for each in sources("aijobs", "workers", "config") if "tests" in imported_packages(each)] == []


def test_every_module_has_a_layer() -> None:
    nameless = {module for module, source in MODULES.items() if layer_of(module) is None}
    # Packages whose __init__.py holds no code.
    assert {each for each in nameless if (ROOT / MODULES[each]).read_text().strip()} == set(), "say where in LAYERS"


def test_a_layer_does_not_import_a_higher_one() -> None:
    climbing: dict[str, set[str]] = {}
    for module, source in MODULES.items():
        rank = layer_of(module)
        imported = {each: layer_of(each) for each in imported_modules(source)}
        higher = {each for each, other in imported.items() if None not in (rank, other) and other > rank}  # type: ignore[operator]
        climbing |= {module: higher} if higher else {}
    assert climbing == {}


def is_within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def test_rooms_that_are_apart_do_not_import_each_other() -> None:
    found: set[tuple[str, str]] = set()
    for module, source in MODULES.items():
        is_face = module.startswith("workers.") and any(f"{face}." in f"{module}." for face in FACES)
        for room, others in APART:
            if is_within(module, room) and not is_face:
                found |= {(module, name) for name in imports(source) if is_within(name, *others)}
    assert found == set()


def test_a_job_type_does_not_know_the_others() -> None:
    folders = {path.name for path in (ROOT / "workers" / "jobs").iterdir() if path.is_dir() and path.name[0] != "_"}
    for name in folders:
        others = [f"workers.jobs.{other}" for other in folders - {name}]
        for source in sources(f"workers/jobs/{name}"):
            assert [each for each in imports(source) if is_within(each, *others)] == [], source


def named_modules(source: str) -> set[str]:
    """The modules of ours that a file names by dotted path, to be loaded when they are needed."""
    _, texts = _imports_and_texts(source)
    named = {name for text in texts for name in (text, text.rpartition(".")[0]) if name in MODULES}
    # Tasks are named in messages, which another process takes.
    return named - {"workers.tasks", "workers.periodic"}


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Imports inside functions and dotted paths included: they hide a circle, they do not take it away."""
    edges = {module: imported_modules(source) | named_modules(source) for module, source in MODULES.items()}
    # The configuration names what Django is to load, and is imported by nobody.
    inner = {module: others for module, others in edges.items() if not is_within(module, "config")}
    assert circles({module: others & inner.keys() for module, others in inner.items()}) == []


def test_circles_are_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b", "d"}, "d": set[str](), "e": {"a"}}
    assert circles(edges) == [["b", "c"]]


def test_the_way_outside_knows_nothing_but_the_errors() -> None:
    inner = {name for source in sources("aijobs/outbound") for name in imported_modules(source)}
    assert {name for name in inner if not name.startswith(("aijobs.outbound", "aijobs.errors"))} == set()


# Django's, on every model.
DJANGOS = {"_meta", "_default_manager", "_state"}


def private_names_of_others(source: str) -> list[str]:
    text = (ROOT / source).read_text()
    ours = ("aijobs", "workers", "config", "tests")
    taken = [name for name in imports(source) if is_within(name, *ours) and name.rpartition(".")[2].startswith("_")]
    # Most files have neither, and going through a tree takes long.
    tree = ast.parse(text if "._" in text or "setattr" in text else "", source)
    imported = _imported_names(tree, ours)
    for node in ast.walk(tree):
        # Written as text only where it may be one: there are half a million others.
        if isinstance(node, ast.Attribute):
            private = node.attr.startswith("_") and node.attr not in DJANGOS
            taken += [ast.unparse(node)] if private and ast.unparse(node.value) in imported else []
        elif isinstance(node, ast.Call) and _last_name(node.func).endswith("setattr"):
            taken += [text for text in _constants(node) if text.rpartition(".")[2].startswith("_")]
    # A name of two underscores is Python's, and for everybody.
    return [name for name in taken if not name.rpartition(".")[2].startswith("__")]


def _last_name(called: ast.expr) -> str:
    """What is called, without what it belongs to."""
    return called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""


def _imported_names(tree: ast.Module, packages: tuple[str, ...]) -> set[str]:
    """What a file calls the modules, classes and objects that it imports from these packages."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and is_within(node.module or "", *packages):
            found |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Import):
            found |= {alias.asname or alias.name for alias in node.names if is_within(alias.name, *packages)}
    return found


def _constants(call: ast.Call) -> list[str]:
    """The first two arguments that are texts: what a monkeypatch replaces."""
    return [each.value for each in call.args[:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def test_private_names_stay_at_home() -> None:
    """Neither the code nor its tests reach for another module's private names."""
    taken = {source: private_names_of_others(source) for source in sources("aijobs", "workers", "config", "tests")}
    assert {source: names for source, names in taken.items() if names} == {}


CONNECTORS = ["amazon", "shopify", "web"]
# What opens connections by itself. httpx's exceptions and types may be anywhere.
CALLS = ("delete", "get", "head", "options", "patch", "post", "put", "request", "stream")
OPENERS = {f"httpx.{name}" for name in (*CALLS, "Client", "AsyncClient", "HTTPTransport")}
OTHER_CLIENTS = (
    "requests",
    "urllib3",
    "aiohttp",
    "urllib.request",
    "http.client",
    "httpcore",
    "httptools",
    "websockets",
)


def test_only_the_guarded_clients_reach_the_outside() -> None:
    def opens(source: str) -> bool:
        text = (ROOT / source).read_text()
        nodes = ast.walk(ast.parse(text if "httpx" in text else "", source))
        functions = [node.func for node in nodes if isinstance(node, ast.Call)]
        called = {ast.unparse(each) for each in functions if f"httpx.{_last_name(each)}" in OPENERS}
        return bool(OPENERS & (called | set(imports(source)))) or any(
            is_within(name, *OTHER_CLIENTS) for name in imports(source)
        )

    service = [source for source in sources("aijobs", "workers") if not source.startswith("aijobs/client/")]
    assert [source for source in service if opens(source)] == [
        "aijobs/outbound/http.py",
        "aijobs/outbound/posting.py",
    ]


def test_the_client_and_the_service_know_each_other_by_http_alone() -> None:
    for source in sources("aijobs", "workers", "config"):
        known = {name for name in imports(source) if is_within(name, "aijobs", "workers", "config")}
        of_client = {name for name in known if is_within(name, "aijobs.client")}
        assert of_client == (known if source.startswith("aijobs/client/") else set()), source


@pytest.mark.parametrize("connector", CONNECTORS)
def test_a_connector_knows_neither_the_others_nor_who_calls_it(connector: str) -> None:
    own = f"workers.marketplaces.{connector}"
    catalogue = ("workers.catalogue.models", "workers.catalogue.currencies")
    shared = ("workers.marketplaces.protocols", "workers.connections.addresses", "workers.connections.shapes")
    allowed = (own, *shared, *catalogue, "aijobs.outbound", "aijobs.shapes")
    for source in sources(f"workers/marketplaces/{connector}"):
        inner = {name for name in imports(source) if name.startswith(("workers.", "aijobs."))}
        assert {name for name in inner if not is_within(name, *allowed)} == set(), source


MATHEMATICS = {
    "visibility": ("workers.visibility",),
    "listings": ("workers.listings",),
    "pricing": ("workers.pricing",),
    "sentiment": ("workers.sentiment",),
    # How texts are cleaned, their languages and the encoder.
    "returns": ("workers.returns", "workers.sentiment"),
}


@pytest.mark.parametrize("room", MATHEMATICS)
def test_the_mathematics_know_nothing_else_of_the_project(room: str) -> None:
    known = {name for source in sources(f"workers/{room}") for name in imports(source)}
    ours = {name for name in known if name.startswith(("aijobs", "config", "django", "workers"))}
    assert {name for name in ours if not is_within(name, *MATHEMATICS[room])} == set()


@pytest.mark.parametrize("room", ["sentiment", "returns"])
def test_what_trains_a_model_is_not_imported_by_what_uses_it(room: str) -> None:
    training = f"workers.{room}.training"
    users = {module for module in MODULES if not is_within(module, training)}
    assert {each for each in users if any(is_within(name, training) for name in imports(MODULES[each]))} == set()


def test_groups_of_the_suite_name_cases_that_exist() -> None:
    """A file that is moved would else run beside the timed ones, without a word."""
    for case in (*TIMED_CASES, *WORKER_CASES):
        name, _, function = case.partition("::")
        assert (ROOT / name).exists(), case
        assert not function or f"def {function}(" in (ROOT / name).read_text(), case


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
