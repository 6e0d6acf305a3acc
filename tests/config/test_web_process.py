"""What a process of the API loads: not what only workers compute and read pages with, nor what `up` draws with."""

import json
import os
import subprocess
import sys
from pathlib import Path

# Some hundred milliseconds and fifty megabytes of every process; the last of them is for `up` alone.
FOR_OTHERS = ["numpy", "scipy", "lxml", "protego", "onnxruntime", "py3langid", "openai", "httpx2", "rich"]

PROGRAM = """
import json, sys

import config.rsgi
from django.test import Client

client = Client(headers={"host": "localhost"})
paths = ["/", "/api/", "/api/schema", "/api/docs", "/api/docs/guide", "/api/ai-jobs", "/api/ai-jobs/types",
         "/api/marketplaces", "/api/assistants", "/api/catalogue/products", "/admin/login/", "/healthz"]
answers = {path: client.get(path).status_code for path in paths}
print(json.dumps([answers, sorted(sys.modules)]))
"""


STREAMS = """
import json, sys

import config.asgi

print(json.dumps(sorted(sys.modules)))
"""


def test_the_events_process_loads_nothing_that_only_others_need() -> None:
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    command = [sys.executable, "-c", STREAMS]
    process = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    loaded = json.loads(process.stdout.splitlines()[-1])
    assert "aijobs.streams.application" in loaded
    assert [name for name in FOR_OTHERS if name in loaded] == []


def test_the_web_process_loads_nothing_that_only_others_need() -> None:
    """Asked without a key, it needs no database; every view is imported with the addresses all the same."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    answers, loaded = json.loads(process.stdout.splitlines()[-1])
    assert answers == {
        "/": 200,
        "/api/": 200,
        "/api/docs/guide": 200,
        "/api/schema": 200,
        "/api/docs": 200,
        "/api/ai-jobs": 401,
        "/api/ai-jobs/types": 401,
        "/api/marketplaces": 401,
        "/api/assistants": 401,
        "/api/catalogue/products": 401,
        "/admin/login/": 200,
        "/healthz": 200,
    }
    assert "workers.marketplaces.api.connections" in loaded
    assert "workers.assistants.api.connections" in loaded
    assert [name for name in FOR_OTHERS if name in loaded] == []
