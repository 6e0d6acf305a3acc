"""`python -m config.celery_command worker …` is `celery --app config worker …`, which is ready sooner.

With each of its commands Celery loads a shell, and the library with which that draws on terminals, for `celery amqp`
alone: 0.22 of the 1.55 s that a process computes until it knows its tasks. As much went into looking for garbage
among what is only just being loaded. And it has Django check the project, which loads every view, and looks at
nothing that is found; `manage.py` tells it. That was another quarter.
"""

import gc
import os
import sys
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

from celery import signals

from config.local import processes

if TYPE_CHECKING:
    # Loaded by workers, and by no other command.
    from celery.worker.consumer import Consumer


@signals.worker_init.connect
@signals.beat_init.connect
def keep_what_is_loaded(**_: object) -> None:
    """It stays: the pool's processes share its memory for as long as nobody looks through it."""
    gc.freeze()
    gc.enable()


@signals.worker_ready.connect
def end_with_up(sender: "Consumer", **_: object) -> None:
    """A worker that `up` started ends when that does, however it ends.

    The kernel tells it to, and once in some hundred times Celery then waits for ever: for the rest of a message of a
    process of its pool that has ended while it wrote.
    """
    if parent := os.environ.get("AIJOBS_PARENT"):
        seconds = sender.app.conf.worker_soft_shutdown_timeout + processes.GRACE_SECONDS
        Thread(target=processes.end_with, args=[int(parent), seconds], name="end-with-up", daemon=True).start()


def leave_the_shell_out() -> None:
    """What Celery finds as click_repl is ours, which adds nothing to `celery amqp`."""
    module = ModuleType("click_repl")
    vars(module)["register_repl"] = lambda group: None
    sys.modules[module.__name__] = module


if __name__ == "__main__":
    gc.disable()
    leave_the_shell_out()
    os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
    from celery.bin.celery import main

    sys.argv[1:1] = ["--app", "config"]
    main()
