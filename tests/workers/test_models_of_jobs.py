"""Which processes load the models of reviews and returns: a worker that runs other jobs does not."""

import json
import os
import subprocess
import sys
from pathlib import Path

OF_MODELS = ["onnxruntime", "py3langid", "workers.sentiment.scoring", "workers.returns.classifying"]
OTHERS, OF_TEXTS = "pricing_recalculate,competitor_scan", "review_sentiment,return_classify"

PROGRAM = """
import json, sys

from config.celery import app

app.loader.import_default_modules()
from aijobs import registry

for names in sys.argv[1:]:
    for name in names.split(","):
        registry.handler_of(registry.get(name))
    print(json.dumps(sorted(sys.modules)))
"""


def loaded(*types: str) -> list[set[str]]:
    """The modules of a worker's process once it has the handlers of these types, and then of the next ones, too."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *types],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "ERROR"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return [{*json.loads(line)} for line in process.stdout.splitlines()[-len(types) :]]


def test_a_worker_loads_models_for_its_own_types_and_the_encoder_for_the_first_text() -> None:
    others, texts = loaded(OTHERS, OF_TEXTS)
    assert {"workers.tasks", "workers.jobs.pricing_recalculate.run"} <= others
    assert others.isdisjoint(OF_MODELS)
    assert {"workers.jobs.review_sentiment.run", "workers.jobs.return_classify.run"} <= texts
    assert "onnxruntime" not in texts
