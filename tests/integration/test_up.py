"""`manage.py up` as its user knows it: started in a terminal, used over HTTP, hurt, stopped and started again."""

import json
import os
import pty
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from django.conf import settings

from config.local.stack import HOST
from tests.integration.processes import wait_until, zone

pytestmark = pytest.mark.timeout(600)

# What each child's command line holds, and nothing else's.
CHILDREN = {
    "api": "config.rsgi:application",
    "events": "config.asgi:application",
    "worker": "worker@%h",
    "settler": "settler@%h",
    "webhooks": "webhooks@%h",
    "control": "control@%h",
    "beat": "celery_command beat",
    "valkey": "valkey-server",
    "postgresql": "bin/postgres -D",
}


def manage(data_dir: Path, *arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments, "--data-dir", str(data_dir)]


def environment() -> dict[str, str]:
    """Of somebody who has set nothing: the suite's own servers are none of `up`'s business."""
    ours = {"AIJOBS_DATA_DIR", "DATABASE_URL", "REDIS_URL", "BROKER_URL", "DJANGO_SETTINGS_MODULE"}
    return {name: value for name, value in os.environ.items() if name not in ours} | zone()


@dataclass
class Up:
    """A running `up`, ready, and what it printed."""

    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path
    ready: dict[str, str]

    def output(self) -> str:
        return self.log.read_text()

    def children(self) -> dict[str, psutil.Process]:
        found = psutil.Process(self.process.pid).children()
        commands = {child: " ".join(child.cmdline()) for child in found if child.status() != psutil.STATUS_ZOMBIE}
        return {
            name: child for name, words in CHILDREN.items() for child, command in commands.items() if words in command
        }

    def client(self) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.ready['api_key']}", "X-Tenant-ID": self.ready["tenant_id"]}
        return httpx.Client(base_url=self.ready["base_url"], headers=headers, timeout=120)

    def complete_a_job(self) -> None:
        """Dispatch a pricing job, again while the answer is 503, as a caller does, and wait until it is completed."""
        with self.client() as client:
            job_id = _dispatch(client)
            wait_until(lambda: _status(client, job_id) not in ("queued", "running"), "the job's end", 120)
            assert _status(client, job_id) == "completed"

    def end(self, number: signal.Signals) -> int:
        """Send the signal to `up` alone, and wait until it and everything that it had started are gone."""
        everything = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        code = self.process.wait(90)

        def living() -> list[psutil.Process]:
            return [each for each in everything if _lives(each)]

        wait_until(lambda: not living(), lambda: f"the end of {[each.cmdline() for each in living()]}", 90)
        return code


def _dispatch(client: httpx.Client) -> str:
    params = {"skus": ["SKU-001", "SKU-002"], "marketplace": "amazon_us", "apply": False}
    body = {"type": "pricing_recalculate", "params": params}
    job_id: str = _data(lambda: client.post("/api/ai-jobs", json=body))["id"]
    return job_id


def _status(client: httpx.Client, job_id: str) -> str:
    status: str = _data(lambda: client.get(f"/api/ai-jobs/{job_id}"))["status"]
    return status


def _data(request: Callable[[], httpx.Response]) -> dict[str, Any]:
    """What is answered in the end: a caller sends a request again that was answered 503, "retry in a moment"."""
    answers: list[httpx.Response] = []

    def answered() -> bool:
        answers.append(request())
        return answers[-1].status_code != 503

    wait_until(answered, "an answer other than 503")
    data: dict[str, Any] = answers[-1].raise_for_status().json()["data"]
    return data


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def start(data_dir: Path, log: Path, *options: str) -> Up:
    """Start `up` on a free port and wait for its line of JSON."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            manage(data_dir, "up", "--port", "0", "--json", *options),
            cwd=settings.BASE_DIR,
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
    assert process.stdout is not None
    with process.stdout as output:
        line = output.readline()
    if not line.startswith(b"{"):
        process.kill()
        process.wait()
        raise AssertionError(f"not ready, but {line!r}:\n{log.read_text()}")
    return Up(data_dir, process, log, json.loads(line))


def begin_refused(data_dir: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        manage(data_dir, "up", "--no-demo", *options),
        cwd=settings.BASE_DIR,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refusal(process: subprocess.Popen[str]) -> str:
    """The one line with which `up` refuses to start."""
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert errors.count("\n") == 1, errors
    return errors


@dataclass(frozen=True)
class Earlier:
    """What was seen of a data folder in which `up` has run twice: stopped first, then killed."""

    data_dir: Path
    first: Up
    second: Up
    # With which the first ended, and the second.
    codes: tuple[int, int]
    secret_key: str
    reset_while_running: str
    reset_answered_no: str
    secret_key_after_no: str
    # In the second: the job of the first, and its key.
    job_status: str
    status_of_first_key: int


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    """One story, since every start costs ten seconds of computing; each test tells a part of it."""
    folder = tmp_path_factory.mktemp("up")
    data_dir, secret_key = folder / "data", folder / "data" / "secret_key"
    first = start(data_dir, folder / "first.log", "--no-demo")
    job_id = dispatch_for_a_product(first)
    reset_while_running = refusal(begin_refused(data_dir, "--port", "0", "--reset", "--yes"))
    stopped = first.end(signal.SIGTERM)
    key = secret_key.read_text()
    reset_answered_no = answered_reset(data_dir, "no")
    # A pid file of a machine that crashed: its number is another process's now, this one's.
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    second = start(data_dir, folder / "second.log", "--no-demo")
    with second.client() as client:
        job_status = _status(client, job_id)
    return Earlier(
        data_dir=data_dir,
        first=first,
        second=second,
        secret_key=key,
        reset_while_running=reset_while_running,
        reset_answered_no=reset_answered_no,
        secret_key_after_no=secret_key.read_text(),
        job_status=job_status,
        status_of_first_key=status_with_key_of(first, second),
        codes=(stopped, second.end(signal.SIGKILL)),
    )


def dispatch_for_a_product(up: Up) -> str:
    with up.client() as client:
        address, products = "/api/catalogue/products?marketplace=amazon_us", "sku,title,price\nSKU-001,Mug,9\n"
        client.post(address, content=products, headers={"content-type": "text/csv"}).raise_for_status()
        return _dispatch(client)


def status_with_key_of(other: Up, up: Up) -> int:
    with up.client() as client:
        client.headers["Authorization"] = f"Bearer {other.ready['api_key']}"
        return client.get("/api/ai-jobs").status_code


@pytest.fixture(scope="module")
def up(earlier: Earlier) -> Iterator[Up]:
    """The one that begins afresh where others were, with the demo, for all tests that leave it running."""
    running = start(earlier.data_dir, earlier.data_dir.parent / "up.log", "--reset", "--yes")
    try:
        yield running
    finally:
        assert running.end(signal.SIGINT) == 0, running.output()


def test_shows_what_a_newcomer_needs(up: Up) -> None:
    wait_until(lambda: "Ctrl-C" in up.output(), "the last line")
    output = up.output()
    addresses = [f"{up.ready['base_url']}{path}" for path in ("/", "/api/docs", "/admin/")]
    results = ("Recommended prices", "Competitors' offers", "Reviews", "Returns", "Visibility", "Listings")
    for words in (*results, *addresses, up.ready["api_key"], "createsuperuser"):
        assert words in output
    assert "did not complete" not in output
    assert "Customers are less content with SKU-008" in output
    assert "Returns of SKU-019 rose" in output
    assert sorted(addresses, key=output.index) == addresses
    for name in CHILDREN:
        [line] = [line for line in output.splitlines() if line.startswith(f"  {name} ")]
        assert line.endswith(f" {up.data_dir}/logs/{name}.log")
        # Python's word for a filter of warnings that it does not understand.
        assert "Invalid -W" not in (up.data_dir / "logs" / f"{name}.log").read_text(errors="replace")


def test_the_doctor_finds_nothing_wrong(up: Up) -> None:
    command = manage(up.data_dir, "doctor", "--json")
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment(), capture_output=True, text=True, timeout=120, check=False
    )
    found = {each["check"]: each for each in json.loads(done.stdout)["checks"]}
    assert done.returncode == 0, found
    port = up.ready["base_url"].rpartition(":")[2]
    assert found["port"]["found"] == f"The `up` of this folder (process {up.process.pid}) serves on port {port}."


def test_a_schedule_of_the_demo_waits_to_be_resumed(up: Up) -> None:
    with up.client() as client:
        [schedule] = client.get("/api/ai-jobs/schedules").raise_for_status().json()["data"]
    assert (schedule["name"], schedule["next_due_at"]) == ("scan, then reprice", None)
    assert [job["type"] for job in schedule["batch"]["jobs"]] == ["competitor_scan", "pricing_recalculate"]
    wait_until(lambda: f"/api/ai-jobs/schedules/{schedule['id']}/resume" in up.output(), "how to resume it")


def test_opens_with_documentation_and_products(up: Up) -> None:
    assert httpx.get(f"{up.ready['base_url']}/api/docs").status_code == 200
    with up.client() as client:
        products = client.get("/api/catalogue/products", params={"marketplace": "amazon_us", "limit": 200})
        assert len(products.raise_for_status().json()["data"]) == 40


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_the_curl_line_works_when_pasted(up: Up) -> None:
    wait_until(lambda: "Ctrl-C" in up.output(), "the last line")
    (line,) = [each for each in up.output().splitlines() if each.lstrip().startswith("curl ")]
    answer = subprocess.run(shlex.split(line), capture_output=True, check=True, timeout=120).stdout
    assert json.loads(answer)["data"]["status"] == "queued"


def test_tenants_and_keys_are_made_while_it_runs(up: Up) -> None:
    def run(*arguments: str) -> str:
        command = manage(up.data_dir, *arguments)
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=environment(), capture_output=True, text=True, timeout=120, check=True
        )
        return done.stdout

    run("createtenant", "second-shop", "--timezone", "Europe/Berlin")
    key = json.loads(run("createapikey", "--tenant", "second-shop", "--scopes", "ai-jobs:read", "--json"))["api_key"]
    headers = {"Authorization": f"Bearer {key}", "X-Tenant-ID": "second-shop"}
    answer = httpx.get(f"{up.ready['base_url']}/api/ai-jobs", headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, [])
    run("createsuperuser", "--noinput", "--username", "staff", "--email", "staff@example.com")


def test_a_second_one_on_the_same_folder_is_refused(up: Up) -> None:
    assert f"Another `up` (process {up.process.pid}) uses the data folder" in refusal(
        begin_refused(up.data_dir, "--port", "0")
    )


@pytest.mark.parametrize(
    "names", [("api", "worker", "settler", "webhooks", "control", "beat"), ("valkey", "postgresql")], ids="-".join
)
def test_children_that_are_killed_are_started_again(up: Up, names: tuple[str, ...]) -> None:
    """All of them at once, and nothing else: the processes while their servers go on, then the servers."""
    wait_until(lambda: CHILDREN.keys() == up.children().keys(), "all children")
    before = up.children()
    printed = len(up.output())
    for name in names:
        before[name].kill()
    for name in names:
        wait_until(lambda name=name: f"{name} is running again" in up.output()[printed:], f"the line about {name}")  # type: ignore[misc]
        assert f"{name} ended (SIGKILL)" in up.output()[printed:]
    wait_until(lambda: _is_ready(up), "the API's /readyz")
    up.complete_a_job()
    after = up.children()
    assert {each for each in CHILDREN if before[each] != after.get(each)} == set(names)


def _is_ready(up: Up) -> bool:
    try:
        return httpx.get(f"{up.ready['base_url']}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_stops_and_finds_its_data_again(earlier: Earlier) -> None:
    assert earlier.first.ready["tenant_id"] == "default"
    assert earlier.codes[0] == 0, earlier.first.output()
    assert f"Removing a stale postmaster.pid: process {os.getpid()}" in earlier.second.output()
    assert earlier.job_status
    # Every start has a key of its own.
    assert earlier.status_of_first_key == 401


def test_killed_outright_it_still_takes_its_children_with_it(earlier: Earlier) -> None:
    """Which `end` has waited for."""
    assert earlier.codes[1] == -signal.SIGKILL


def test_is_not_reset_while_it_runs(earlier: Earlier) -> None:
    assert "Another `up`" in earlier.reset_while_running


def test_is_not_reset_unless_the_answer_is_yes(earlier: Earlier) -> None:
    assert "1 tenant's data (default)" in earlier.reset_answered_no
    assert earlier.secret_key_after_no == earlier.secret_key


def test_is_reset_when_the_answer_is_yes(earlier: Earlier, up: Up) -> None:
    assert (up.data_dir / "secret_key").read_text() != earlier.secret_key
    assert status_with_key_of(up, up) == 200
    assert status_with_key_of(earlier.second, up) == 401


def answered_reset(data_dir: Path, answer: str) -> str:
    """What a terminal shows where `up --reset` is answered, and deletes nothing."""
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            manage(data_dir, "up", "--no-demo", "--port", "0", "--reset"),
            cwd=settings.BASE_DIR,
            env=environment(),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        os.write(ours, f"{answer}\n".encode())
        output, _ = process.communicate(timeout=120)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 1
    assert "Nothing was deleted." in output
    return output


def test_what_cannot_work_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "old" / "postgres").mkdir(parents=True)
    (tmp_path / "old" / "postgres" / "PG_VERSION").write_text("16\n")
    with socket.create_server((HOST, 0)) as busy:
        port = str(busy.getsockname()[1])
        # Side by side: most of the time goes into starting Python.
        on_a_busy_port = begin_refused(tmp_path / "data", "--port", port)
        without_a_folder = begin_refused(tmp_path / "file" / "data", "--port", "0")
        on_data_of_another_version = begin_refused(tmp_path / "old", "--port", "0")
        assert f"Port {port} cannot be used" in refusal(on_a_busy_port)
        assert "cannot be written" in refusal(without_a_folder)
        assert "was written by PostgreSQL 16, but this is PostgreSQL 18" in refusal(on_data_of_another_version)
