"""The examples of /api/docs/guide, and the tour of the README, as a reader runs them: one after the other.

What they answer has the form that the guide shows, and the status.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from tests.clients import Caller
from tests.integration.processes import Api, Processes, wait_until
from workers.catalogue.sample import create_sample_catalogue

README = Path(__file__).parents[2] / "README.md"
# On a machine whose cores are all busy, too.
PATIENCE_SECONDS = 120.0
pytestmark = pytest.mark.timeout(900)


@dataclass
class Reader:
    """Pastes commands into a shell that knows URL, KEY and TENANT, and puts IDs in the place of `job_…`."""

    url: str
    caller: Caller
    folder: Path
    jobs: list[str] = field(default_factory=list)
    batches: list[str] = field(default_factory=list)
    schedules: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)
    deliveries: list[str] = field(default_factory=list)

    def run(self, command: str) -> httpx.Response:
        """One command, as curl understands it. Only the options that the documentation uses are known."""
        words = shlex.split(self._filled_in(command.replace("\\\n", " ")), comments=True)
        assert words[:2] == ["curl", "-s"], command
        method, headers, body, address = "", {}, None, ""
        rest = iter(words[2:])
        for word in rest:
            if word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-X":
                method = next(rest)
            elif word in ("-d", "--data-binary"):
                body = self._body(next(rest))
            else:
                assert not word.startswith("-"), command
                address = word
        method = method or ("GET" if body is None else "POST")
        response = httpx.request(method, address, headers=headers, content=body, timeout=PATIENCE_SECONDS)
        self._remember(response)
        return response

    def _filled_in(self, command: str) -> str:
        values = {"URL": self.url, "KEY": self.caller.key, "TENANT": self.caller.tenant.name}
        command = re.sub(r"\$(\w+)", lambda found: values[found[1]], command)
        known_ids = {
            "job_…": self.jobs,
            "batch_…": self.batches,
            "schedule_…": self.schedules,
            "wh_…": self.webhooks,
            "whd_…": self.deliveries,
        }
        for placeholder, known in known_ids.items():
            command = command.replace(placeholder, known[-1] if known else placeholder)
        return command

    def _body(self, text: str) -> bytes:
        return (self.folder / text[1:]).read_bytes() if text.startswith("@") else text.encode()

    def _remember(self, response: httpx.Response) -> None:
        """What has been dispatched last, and not cancelled since. An assistant is made with 201 as well."""
        last = response.request.url.path.rpartition("/")[2]
        if response.request.method == "DELETE" and last in self.jobs:
            self.jobs.remove(last)
        if response.status_code == 201:
            data = response.json()["data"]
            if "batch_id" in data and "jobs" in data:
                self.batches.append(data["batch_id"])
            elif "upcoming" in data:
                self.schedules.append(data["id"])
            elif "secret" in data:
                self.webhooks.append(data["id"])
            elif "event_id" in data:
                self.deliveries.append(data["id"])
            elif "id" in data:
                self.jobs.append(data["id"])

    def has_open_jobs(self) -> bool:
        headers = {"Authorization": f"Bearer {self.caller.key}"}
        found = httpx.get(f"{self.url}/api/ai-jobs?status=queued,running", headers=headers, timeout=PATIENCE_SECONDS)
        return bool(found.raise_for_status().json()["data"])

    def run_program(self, program: str) -> Any:
        environment = {**os.environ, "URL": self.url, "KEY": self.caller.key}
        command = [sys.executable, "-c", program, self.jobs[-1]]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True
        )
        return json.loads(done.stdout)


def assert_same_form(shown: Any, real: Any, where: str = "") -> None:
    """The same fields, and values of the same kinds. Codes and statuses are the very same."""
    if isinstance(shown, dict) and isinstance(real, dict):
        assert shown.keys() == real.keys(), where
        for name, value in shown.items():
            if name in ("code", "status"):
                assert value == real[name], where
            # Params are the caller's own.
            if name != "params":
                assert_same_form(value, real[name], f"{where}.{name}")
    elif isinstance(shown, list) and isinstance(real, list):
        for each in real if shown else []:
            assert_same_form(shown[0], each, f"{where}[]")
    elif shown is not None and real is not None:
        assert _kind(shown) == _kind(real), where


def _kind(value: object) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "number" if is_number else type(value).__name__


def test_every_example_of_the_guide_works(server: Api, owner: Caller, processes: Processes, tmp_path: Path) -> None:
    create_sample_catalogue(owner.tenant)
    reader = Reader(server.base_url, owner, tmp_path)
    guide = httpx.get(f"{server.base_url}/api/docs/guide", timeout=PATIENCE_SECONDS)
    blocks = html.fromstring(guide.text).xpath("//pre")
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        text = block.text_content()
        match block.get("class"):
            case "file":
                (tmp_path / block.get("data-name")).write_text(text)
            case "shell" if text.startswith("KEY="):
                assert text == f"KEY=aij_…  URL={server.base_url}"
            case "shell":
                if block.get("data-when") == "completed":
                    if not processes.running:
                        processes.worker()
                    wait_until(lambda: not reader.has_open_jobs(), "the end of all jobs", PATIENCE_SECONDS)
                assert_answered(reader.run(text), block, following)
            case "python":
                answer = reader.run('curl -s $URL/api/ai-jobs/job_… -H "Authorization: Bearer $KEY"')
                assert reader.run_program(text) == answer.json()["data"]["result"]
            case "verification" | "event":
                # tests/aijobs/webhooks/test_verification.py looks at them.
                continue
            case other:
                assert other == "answer", text
    assert len(blocks) >= 30


def assert_answered(response: httpx.Response, command: html.HtmlElement, following: html.HtmlElement | None) -> None:
    """With the status and in the form that the guide shows behind the command, where it does."""
    text = command.text_content()
    answer = following if following is not None and following.get("class") == "answer" else None
    status = (command if answer is None else answer).get("data-status")
    assert response.status_code == int(status) if status else response.is_success, (text, response.text)
    if answer is not None:
        assert_same_form(json.loads(answer.text_content()), response.json(), text)


def test_the_tour_of_the_readme_works(server: Api, owner: Caller, processes: Processes, tmp_path: Path) -> None:
    create_sample_catalogue(owner.tenant)
    (tmp_path / "products.csv").write_text("sku,title,price\nTOUR-1,Canvas bag,19.90\n")
    tour = README.read_text().partition("## A tour")[2].partition("```bash\n")[2].partition("```")[0]
    settings, *commands = tour.replace("\\\n", " ").splitlines()
    assert settings.startswith("KEY=aij_…  URL=")
    reader = Reader(server.base_url, owner, tmp_path)
    assert len(commands) >= 6
    for command in commands:
        answer = reader.run(command)
        assert answer.is_success, (command, answer.text)
