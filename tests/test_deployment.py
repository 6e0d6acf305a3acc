"""What is deployed: migrations, the image's constraints, settings, and the services of compose.yaml."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import call_command

from aijobs.states import CONTROL_QUEUE, QUEUES
from config.local.stack import EVENTS_SERVER, GRANIAN, SETTLER_QUEUE, WEBHOOKS_QUEUE, WORKER_QUEUES
from tests.test_architecture import imported_modules
from workers import tasks
from workers.tasks import CHANGES_QUEUE

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION_MUST_BE_GIVEN = {"SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_HOSTS", "AIJOBS_CREDENTIALS_KEYS"}
# Where the embedded servers are: the image has none.
NOT_IN_THE_IMAGE = {"AIJOBS_DATA_DIR"}
PROCESSES = ["migrate", "api", "events", "worker", "settler", "webhooks", "control", "beat"]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
    found: dict[str, Any] = document["services"]
    return found


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)


def test_constraints_are_plain_and_pin_what_the_project_asks_for() -> None:
    lines = (ROOT / "docker" / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines)
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    for requirement in wanted:
        name, version = requirement.split("==")
        assert pinned[name.partition("[")[0]] == version


def test_the_image_serves_the_api_as_up_does() -> None:
    text = (ROOT / "docker" / "Dockerfile").read_text()
    (command,) = re.findall(r'^CMD \[("granian".*?)\]', text, re.MULTILINE | re.DOTALL)
    words = re.findall(r'"([^"]*)"', command)
    _, _, *served = GRANIAN
    assert words[: len(served)] == served
    assert words[-1] == "config.rsgi:application"


def test_compose_serves_streams_as_up_does(services: dict[str, Any]) -> None:
    words = [word for each in services["events"]["command"] for word in each.split("=")]
    _, _, *served = EVENTS_SERVER
    assert words[: len(served)] == served
    assert words[-1] == "config.asgi:application"


def test_the_image_has_what_its_code_imports() -> None:
    """Of config/local, which is for development. Who can do without a file of it catches the error."""
    kept = set(re.findall(r"^!config/local/(\w+)\.py$", (ROOT / ".dockerignore").read_text(), re.MULTILINE))
    can_do_without = {"servers"}
    names = {f"config.local.{path.stem}" for path in (ROOT / "config" / "local").glob("*.py")}
    outside = [path for path in (ROOT / "config").rglob("*.py") if path.parent.name != "local" and path.stem != "up"]
    inside = [ROOT / "config" / "local" / f"{name}.py" for name in kept]
    for path in [*outside, *inside]:
        source = path.relative_to(ROOT).as_posix()
        imported = {module.rpartition(".")[2] for module in imported_modules(source) & names}
        assert imported <= kept | can_do_without, source


def test_compose_has_every_process(services: dict[str, Any]) -> None:
    assert set(services) == {"postgres", "valkey", *PROCESSES}


def test_compose_builds_one_image_once(services: dict[str, Any]) -> None:
    """Before all who run in it: they wait for what builds it."""
    assert [name for name, service in services.items() if "build" in service] == ["migrate"]
    for name in PROCESSES:
        assert services[name]["image"] == services["migrate"]["image"]
        assert name == "migrate" or "migrate" in services[name]["depends_on"]


def test_compose_orders_texts_as_up_does(services: dict[str, Any]) -> None:
    """And as the tests see it: by characters, whatever the image's own language is."""
    options = services["postgres"]["environment"]["POSTGRES_INITDB_ARGS"].split()
    embedded = (ROOT / "config" / "local" / "servers.py").read_text()
    assert set(options) == set(re.findall(r'"(--[a-z-]*(?:locale|encoding)[a-z-]*=[^"]+)"', embedded))


def test_compose_serves_the_queues_in_strict_order(services: dict[str, Any]) -> None:
    high_to_low = ",".join(QUEUES[priority] for priority in sorted(QUEUES, reverse=True))
    assert _queues(services["worker"]) == high_to_low == WORKER_QUEUES
    assert _queues(services["settler"]) == CHANGES_QUEUE == SETTLER_QUEUE
    assert _queues(services["webhooks"]) == tasks.WEBHOOKS_QUEUE == WEBHOOKS_QUEUE
    assert _queues(services["control"]) == CONTROL_QUEUE


def _queues(service: dict[str, Any]) -> str:
    command: list[str] = service["command"]
    return command[command.index("-Q") + 1]


def documented_settings() -> set[str]:
    """The variables of the first column of the README's table."""
    _, _, section = (ROOT / "README.md").read_text().partition("\n## Settings\n")
    rows = re.findall(r"^\| (`[^|]+) \|", section.partition("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)}


def test_the_readme_has_every_setting_that_is_read() -> None:
    texts = [(ROOT / "config" / name).read_text() for name in ("settings.py", "environment.py")]
    read = re.findall(r"""\b(?:env|environment)\.\w+\(\s*["']([A-Z_]+)["']""", "".join(texts))
    # manage.py sets it for itself.
    assert documented_settings() == set(read) - {"AIJOBS_LOCAL_KEYS"}


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_passes_every_setting_of_the_readme_to_every_process(services: dict[str, Any], name: str) -> None:
    passed = services[name]["environment"]
    assert documented_settings() - passed.keys() == NOT_IN_THE_IMAGE
    assert passed["AIJOBS_PRODUCTION"] == "true"


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_repeats_no_default(services: dict[str, Any], name: str) -> None:
    """It would be another than the code's one day. What compose need not know is passed as it is, or not set."""
    known = PRODUCTION_MUST_BE_GIVEN | {"AIJOBS_PRODUCTION"}
    environment = services[name]["environment"]
    assert {
        each: environment[each] for each in documented_settings() - known - NOT_IN_THE_IMAGE if environment[each]
    } == {}


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_takes_from_processes_what_they_do_not_need(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert (service["read_only"], service["tmpfs"], service["init"]) == (True, ["/tmp"], True)  # noqa: S108
    assert (service["cap_drop"], service["security_opt"]) == (["ALL"], ["no-new-privileges:true"])


def test_the_files_of_imports_lie_on_a_disk(services: dict[str, Any]) -> None:
    api = services["api"]
    assert api["volumes"] == [f"uploads:{api['environment']['TMPDIR']}"]
    assert api["environment"]["TMPDIR"] not in api["tmpfs"]


def test_the_api_is_reached_by_a_proxy_on_the_same_machine_only(services: dict[str, Any]) -> None:
    """It believes X-Forwarded-Proto."""
    assert [port.rpartition(":${")[0] for port in services["api"]["ports"]] == ["127.0.0.1"]


@pytest.mark.parametrize("name", PROCESSES)
def test_compose_gives_what_production_requires(services: dict[str, Any], name: str) -> None:
    environment = services[name]["environment"]
    assert environment.keys() >= PRODUCTION_MUST_BE_GIVEN
    # A secret comes from outside, and compose refuses to start without it.
    for secret in ("SECRET_KEY", "AIJOBS_CREDENTIALS_KEYS"):
        assert environment[secret].startswith(f"${{{secret}:?")
    assert "${POSTGRES_PASSWORD:?" in environment["DATABASE_URL"]


@pytest.mark.parametrize("name", ["worker", "settler", "webhooks", "control"])
def test_compose_stops_workers_softly(services: dict[str, Any], name: str) -> None:
    assert services[name]["environment"]["REMAP_SIGTERM"] == "SIGQUIT"
    assert services[name]["stop_grace_period"] == "30s"


def test_compose_checks_the_health_of_what_serves(services: dict[str, Any]) -> None:
    """`docker compose up --wait` refuses a service without one, except those that end."""
    for name in ("postgres", "valkey", "worker", "settler", "webhooks", "control", "beat"):
        assert services[name]["healthcheck"]["test"]
    for name in ("api", "events"):
        assert "healthcheck" not in services[name], "the image has its own"
