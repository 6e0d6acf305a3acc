"""What a process of Celery's is given before it computes."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from celery.concurrency.solo import TaskPool

from config.celery import app

PROGRAM = """
import os

import config.celery
import numpy

matrix = numpy.ones((400, 400))
print((matrix @ matrix)[0, 0], len(os.listdir("/proc/self/task")))
"""


def test_numpy_computes_in_one_thread() -> None:
    """The pool's processes are what runs side by side; with more threads than cores they wait for each other."""
    given = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**given, "DJANGO_SETTINGS_MODULE": "config.settings"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.stdout.split() == ["400.0", "1"], process.stderr


def test_what_a_solo_worker_runs_is_not_cancelled_when_it_stops() -> None:
    """The control worker's: Celery would raise into the middle of it, and a due time be written as failed."""
    TaskPool(initargs=(app, "control@here")).terminate_job(os.getpid(), signal.SIGTERM)


def test_beat_ends_when_it_is_told_to_while_it_waits_for_the_database() -> None:
    """It reads its schedule there, and what fails then is not to take the place of the end."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(60)
        address = f"postgres://nobody:nothing@127.0.0.1:{silent.getsockname()[1]}/nothing"
        beat = subprocess.Popen(
            [sys.executable, "-m", "config.celery_command", "beat", "--pidfile", ""],
            env={**os.environ, "DATABASE_URL": address},
            cwd=Path(__file__).parents[2],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            connection, _ = silent.accept()
            with connection:
                beat.send_signal(signal.SIGTERM)
                assert beat.wait(60) == 0
        finally:
            beat.kill()
            beat.wait()
