"""Publishing through Kombu: short timeouts, no retries, and a circuit breaker. Nobody waits for a dead broker.

PostgreSQL is the truth: what is not published now is released again later by the sweeper.
"""

import logging
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

from celery import current_app
from django.conf import settings
from kombu import Connection, Producer
from kombu.exceptions import BatchPublishError, OperationalError  # type: ignore[attr-defined]  # new in 5.7
from redis import Redis
from redis.exceptions import RedisError

from aijobs import registry
from aijobs.registry import Limits
from aijobs.states import QUEUES, Priority

logger = logging.getLogger(__name__)

ERRORS = (OperationalError, BatchPublishError, RedisError, OSError)
RUN_JOB = "workers.tasks.run_job"
# A publish to a healthy broker takes 0.1 ms. A dispatch never waits longer than these, and then not again
# until the breaker has closed.
CONNECT_SECONDS = 0.25
ANSWER_SECONDS = 0.5
BREAKER_SECONDS = 1.0
# Written by the first sweep after the broker starts; gone when the broker lost its memory.
EPOCH_KEY = "ai-jobs.epoch"


class BrokerDown(Exception):
    """The broker did not take the messages."""


@dataclass(frozen=True, slots=True)
class Link:
    """A job as a message needs it: the id that it carries, and the type's time limits and the queue around it."""

    id: UUID
    type: str
    lane: int

    @property
    def queue(self) -> str:
        return QUEUES[Priority(self.lane)]

    @property
    def limits(self) -> Limits:
        return registry.get(self.type).limits


class _Thread(threading.local):
    """Each thread's own connection: Kombu channels are not shared."""

    connection: Connection | None = None
    producer: Producer | None = None


class _Breaker:
    """Open for a second after a failure, so that a dead broker costs one timeout a second and not one a request."""

    def __init__(self) -> None:
        self._open_until = 0.0

    @property
    def closed(self) -> bool:
        return time.monotonic() >= self._open_until

    def trip(self) -> None:
        self._open_until = time.monotonic() + BREAKER_SECONDS

    def reset(self) -> None:
        self._open_until = 0.0


_thread = _Thread()
_breaker = _Breaker()


def available() -> bool:
    """Whether publishing is worth a try. False for a second after a failure."""
    return _breaker.closed


def publish(chains: Iterable[tuple[Link, list[Link]]]) -> None:
    """Publish one message per chain: its first link, which carries the rest. Raises BrokerDown.

    When it raises, some of the messages may have been taken; a second copy is refused by the claim.
    """
    try:
        producer = _producer()
        # One pipelined round trip where the transport can, else one by one.
        with producer.batch():  # type: ignore[attr-defined]  # new in Kombu 5.7
            for link, rest in chains:
                _send(producer, link, rest)
    except ERRORS as error:
        disconnect()
        _breaker.trip()
        logger.warning("broker unavailable: %s", error)
        raise BrokerDown(str(error)) from error


def lost_memory() -> bool:
    """Whether the broker has started empty since the last call: then every message is gone. Raises BrokerDown."""
    try:
        return bool(_client().set(EPOCH_KEY, str(uuid4()), nx=True))
    except ERRORS as error:
        disconnect()
        raise BrokerDown(str(error)) from error


def message_count() -> int:
    """Job messages in the broker: waiting in the three lists, or handed to a worker and not yet acknowledged."""
    pipeline = _client().pipeline(transaction=False)
    for queue in QUEUES.values():
        pipeline.llen(queue)
    pipeline.hlen("unacked")
    try:
        return sum(pipeline.execute())
    except ERRORS as error:
        disconnect()
        raise BrokerDown(str(error)) from error


def disconnect() -> None:
    """Drop this thread's connection; the next publish opens a new one."""
    connection, _thread.connection, _thread.producer = _thread.connection, None, None
    if connection is not None:
        # Closing a broken connection may fail once more; it is gone either way.
        with suppress(*ERRORS):
            connection.release()


def _producer() -> Producer:
    if _thread.producer is None:
        _thread.connection = Connection(
            settings.CELERY_BROKER_URL,
            transport_options={
                "socket_timeout": ANSWER_SECONDS,
                "socket_connect_timeout": CONNECT_SECONDS,
                "retry_on_timeout": False,
            },
        )
        _thread.producer = Producer(_thread.connection.channel(), auto_declare=False)
    return _thread.producer


def _client() -> Redis:
    channel: Any = _producer().channel
    return cast("Redis", channel.client)


def _send(producer: Producer, link: Link, rest: list[Link]) -> None:
    """Celery's own message, built by Celery, sent past `apply_async` (0.9 ms of Python, most of it routing)."""
    limits = link.limits
    message = current_app.amqp.as_task_v2(
        str(uuid4()),
        RUN_JOB,
        args=(str(link.id),),
        time_limit=limits.hard_seconds,
        soft_time_limit=limits.soft_seconds,
        # Celery takes the next signature from the end.
        chain=[_signature(each) for each in reversed(rest)] or None,
        argsrepr="",
        kwargsrepr="",
        origin="aijobs",
        ignore_result=True,
    )
    producer.publish(
        message.body,
        # The default exchange: the routing key is the queue's name, nothing has to be declared.
        exchange="",
        routing_key=link.queue,
        serializer="json",
        headers=message.headers,
        delivery_mode=2,
        retry=False,
        **message.properties,
    )


def _signature(link: Link) -> dict[str, object]:
    limits = link.limits
    options = {"queue": link.queue, "time_limit": limits.hard_seconds, "soft_time_limit": limits.soft_seconds}
    return dict(current_app.signature(RUN_JOB, args=(str(link.id),), immutable=True, options=options))
