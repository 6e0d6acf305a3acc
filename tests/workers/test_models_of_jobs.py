"""Which processes load the models of reviews and returns: a worker that runs other jobs does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

OF_MODELS = ["onnxruntime", "py3langid", "workers.sentiment.scoring", "workers.returns.classifying"]

PROGRAM = """
import json, sys

from config.celery import app

app.loader.import_default_modules()
from aijobs import registry

for name in sys.argv[1:]:
    registry.handler_of(registry.get(name))
print(json.dumps(sorted(sys.modules)))
"""


def loaded(*job_types: str) -> list[str]:
    """The modules of a worker's process once it has the handlers of these types."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *job_types],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    modules: list[str] = json.loads(process.stdout.splitlines()[-1])
    return modules


def test_a_worker_that_runs_other_types_loads_no_model() -> None:
    modules = loaded("pricing_recalculate", "competitor_scan")
    assert "workers.tasks" in modules
    assert "workers.jobs.pricing_recalculate.run" in modules
    assert [name for name in OF_MODELS if name in modules] == []


def test_the_encoder_is_loaded_by_the_first_text_and_not_before() -> None:
    modules = loaded("review_sentiment", "return_classify")
    assert {"workers.jobs.review_sentiment.run", "workers.jobs.return_classify.run"} <= {*modules}
    assert "onnxruntime" not in modules
