"""A raw Celery application: a no-op task, the pool and the delivery that we use, and no database."""

import os

from celery import Celery

QUEUE = "peer.raw"

app = Celery("peer", broker=os.environ["PEER_BROKER_URL"])
app.conf.update(
    task_acks_late=True,
    task_acks_on_failure=True,
    task_acks_on_timeout=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_transport_options={"queue_order_strategy": "priority", "visibility_timeout": 3600},
    task_default_queue=QUEUE,
)


@app.task(name="peer.nothing")
def nothing(number: int) -> None:
    """The no-op of raw Celery."""
