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
from tests.integration.processes import unused_port, wait_until, zone

pytestmark = pytest.mark.timeout(1200)

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
        return httpx.Client(base_url=self.ready["base_url"], headers=headers, timeout=300)

    def complete_a_job(self) -> None:
        """Dispatch a pricing job, again while the answer is 503, as a caller does, and wait until it is completed."""
        with self.client() as client:
            job_id = _dispatch(client)
            wait_until(lambda: _status(client, job_id) not in ("queued", "running"), "the job's end", 180)
            assert _status(client, job_id) == "completed"

    def end(self, number: signal.Signals) -> int:
        """Send the signal to `up` alone, and wait until it and everything that it had started are gone."""
        everything = psutil.Process(self.process.pid).children(recursive=True)
        self.process.send_signal(number)
        code = self.process.wait(180)

        def living() -> list[psutil.Process]:
            return [each for each in everything if _lives(each)]

        wait_until(lambda: not living(), lambda: f"the end of {[each.cmdline() for each in living()]}", 180)
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
    """Start `up` on an unused port and wait for its line of JSON."""
    with log.open("wb") as errors:
        process = subprocess.Popen(
            manage(data_dir, "up", "--port", str(unused_port()), "--json", *options),
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
    _, errors = process.communicate(timeout=300)
    assert process.returncode != 0
    assert errors.count("\n") == 1, errors
    return errors


@dataclass(frozen=True)
class Earlier:
    """What was seen of a data folder in which `up` ran without its demo, and of what was done to it afterwards."""

    data_dir: Path
    first: Up
    # Of the first: with which it ended, and a job of its tenant.
    code: int
    job_id: str
    reset_while_running: str
    secret_key: str
    reset_answered_no: str
    secret_key_after_no: str
    # Of a copy of the folder.
    reset: Path


@pytest.fixture(scope="module")
def earlier(tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    """One story, since every start costs ten seconds of computing; each test tells a part of it."""
    folder = tmp_path_factory.mktemp("up")
    data_dir, secret_key = folder / "data", folder / "data" / "secret_key"
    first = start(data_dir, folder / "first.log", "--no-demo")
    job_id = dispatch_for_a_product(first)
    reset_while_running = refusal(begin_refused(data_dir, "--port", "0", "--reset", "--yes"))
    code = first.end(signal.SIGINT)
    key = secret_key.read_text()
    reset_answered_no = answered_reset(data_dir, "no")
    subprocess.run(["cp", "--archive", data_dir, folder / "copy"], check=True)
    begin_after_reset(folder / "copy")
    # A pid file of a machine that crashed: its number is another process's now, this one's.
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    return Earlier(
        data_dir=data_dir,
        first=first,
        code=code,
        job_id=job_id,
        reset_while_running=reset_while_running,
        secret_key=key,
        reset_answered_no=reset_answered_no,
        secret_key_after_no=secret_key.read_text(),
        reset=folder / "copy",
    )


def begin_after_reset(data_dir: Path) -> None:
    """Reset it, and start with nothing: until there is a new database, which is all that it takes."""
    log = data_dir.parent / "reset.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            manage(data_dir, "up", "--port", "0", "--no-demo", "--reset", "--yes"),
            cwd=settings.BASE_DIR,
            env=environment(),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    up = Up(data_dir, process, log, {})
    wait_until(lambda: "Preparing the database" in up.output() or process.poll() is not None, "a database")
    assert process.poll() is None, up.output()
    up.end(signal.SIGKILL)


def dispatch_for_a_product(up: Up) -> str:
    with up.client() as client:
        address, products = "/api/catalogue/products?marketplace=amazon_us", "sku,title,price\nSKU-001,Mug,9\n"
        client.post(address, content=products, headers={"content-type": "text/csv"}).raise_for_status()
        return _dispatch(client)


@pytest.fixture(scope="module")
def up(earlier: Earlier) -> Iterator[Up]:
    """The one that begins where the first was, with the demo, for all tests that leave it running.

    Killed outright it still takes its children with it.
    """
    running = start(earlier.data_dir, earlier.data_dir.parent / "up.log")
    try:
        yield running
    finally:
        assert running.end(signal.SIGKILL) == -signal.SIGKILL, running.output()


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
        command, cwd=settings.BASE_DIR, env=environment(), capture_output=True, text=True, timeout=300, check=False
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
    answer = subprocess.run(shlex.split(line), capture_output=True, check=True, timeout=300).stdout
    assert json.loads(answer)["data"]["status"] == "queued"


def test_tenants_and_keys_are_made_while_it_runs(up: Up) -> None:
    def run(*arguments: str) -> str:
        command = manage(up.data_dir, *arguments)
        done = subprocess.run(
            command, cwd=settings.BASE_DIR, env=environment(), capture_output=True, text=True, timeout=300, check=True
        )
        return done.stdout

    run("createtenant", "second-shop", "--timezone", "Europe/Berlin")
    key = json.loads(run("createapikey", "--tenant", "second-shop", "--scopes", "ai-jobs:read", "--json"))["api_key"]
    headers = {"Authorization": f"Bearer {key}", "X-Tenant-ID": "second-shop"}
    answer = httpx.get(f"{up.ready['base_url']}/api/ai-jobs", headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize("names", [("api", "worker", "beat"), ("valkey", "postgresql")], ids="-".join)
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


def test_stops_and_finds_its_data_again(earlier: Earlier, up: Up) -> None:
    assert earlier.first.ready["tenant_id"] == "default"
    assert earlier.code == 0, earlier.first.output()
    assert f"Removing a stale postmaster.pid: process {os.getpid()}" in up.output()
    # The demo's tenant is another, whose start leaves this one's key as it is.
    headers = {"Authorization": f"Bearer {earlier.first.ready['api_key']}"}
    with httpx.Client(base_url=up.ready["base_url"], headers=headers, timeout=300) as client:
        wait_until(lambda: _status(client, earlier.job_id) == "completed", "the end of the first one's job")


def test_is_not_reset_while_it_runs(earlier: Earlier) -> None:
    assert f"Another `up` (process {earlier.first.process.pid}) uses the data folder" in earlier.reset_while_running


def test_is_not_reset_unless_the_answer_is_yes(earlier: Earlier) -> None:
    assert "1 tenant's data (default)" in earlier.reset_answered_no
    assert earlier.secret_key_after_no == earlier.secret_key


def test_is_reset_when_the_answer_is_yes(earlier: Earlier) -> None:
    assert (earlier.reset / "secret_key").read_text() != earlier.secret_key
    # When it was written last, and what it is: of another cluster.
    identities = [cluster_of(data_dir) for data_dir in (earlier.reset, earlier.data_dir)]
    assert identities[0] != identities[1]


def cluster_of(data_dir: Path) -> bytes:
    """The number that initdb gives a cluster."""
    return (data_dir / "postgres" / "global" / "pg_control").read_bytes()[:8]


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
        output, _ = process.communicate(timeout=300)
    finally:
        os.close(ours)
        os.close(theirs)
    assert process.returncode == 1
    assert "Nothing was deleted." in output
    return output


def test_what_cannot_work_is_refused_in_one_line(tmp_path: Path) -> None:
    """tests/config/test_embedded.py has more of it."""
    (tmp_path / "old" / "postgres").mkdir(parents=True)
    (tmp_path / "old" / "postgres" / "PG_VERSION").write_text("16\n")
    with socket.create_server((HOST, 0)) as busy:
        port = str(busy.getsockname()[1])
        # Side by side: most of the time goes into starting Python.
        on_a_busy_port = begin_refused(tmp_path / "data", "--port", port)
        on_data_of_another_version = begin_refused(tmp_path / "old", "--port", "0")
        assert f"Port {port} cannot be used" in refusal(on_a_busy_port)
        assert "was written by PostgreSQL 16, but this is PostgreSQL 18" in refusal(on_data_of_another_version)
