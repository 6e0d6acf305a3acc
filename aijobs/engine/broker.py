"""Publishing to Redis or Valkey: short timeouts, no retries, and a circuit breaker. Nobody waits for a dead broker.

PostgreSQL is the truth: what is not published now is released again later by the sweeper.
"""

import logging
import threading
import time
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID, uuid4

import orjson
from celery import current_app
from django.conf import settings
from kombu import Connection
from kombu.exceptions import OperationalError
from redis import Redis
from redis.exceptions import RedisError

from aijobs import registry
from aijobs.states import QUEUES, Priority

logger = logging.getLogger(__name__)

ERRORS = (OperationalError, RedisError, OSError)
JOB_QUEUES = frozenset(QUEUES.values())
RUN_JOB = "workers.tasks.run_job"
# A publish to a healthy broker takes 0.1 ms; the one that finds it hanging waits this long.
CONNECT_SECONDS = 0.2
ANSWER_SECONDS = 0.5
PROBE_SECONDS = 0.5
# Neither side has to hold more than about a megabyte for the other.
PUSHED_AT_ONCE = 1000
# Written by the first sweep after the broker starts; gone when the broker lost its memory.
EPOCH_KEY = "ai-jobs.epoch"
# Where hints are published, see hints.py.
HINTS = "ai-jobs.hints"


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
    def time_limits(self) -> tuple[int | None, int | None]:
        """Hard and soft, in seconds."""
        kind = registry.find(self.type)
        return (kind.limits.hard_seconds, kind.limits.soft_seconds) if kind else (None, None)


_Command = tuple[str, str, bytes]


class _Outbox:
    """A connection to publish on. Kombu makes the messages, and we push them ourselves.

    redis-py's client takes longer over one command than all the rest does.
    """

    def __init__(self) -> None:
        self.connection = _connect()
        self.channel = cast("Any", self.connection.default_channel)
        # Of redis-py, whose connections are hardly typed.
        self._redis: Any = self.channel.pool.get_connection()

    def send(self, messages: Sequence[tuple[str, Any]], hints: Sequence[str] = ()) -> None:
        """Publish messages of Kombu's to queues: to the default exchange, so that nothing has to be declared."""
        commands: list[_Command] = [
            ("LPUSH", queue, _stored(self.channel, queue, message)) for queue, message in messages
        ]
        commands += [("PUBLISH", HINTS, hint.encode()) for hint in hints]
        for first in range(0, len(commands), PUSHED_AT_ONCE):
            _push(self._redis, commands[first : first + PUSHED_AT_ONCE])

    def close(self) -> None:
        # Closing a broken connection may fail once more; it is gone either way.
        with suppress(*ERRORS):
            self._redis.disconnect()
            self.connection.release()


def _stored(channel: Any, queue: str, message: dict[str, Any]) -> bytes:
    """A message as Kombu's virtual channels keep it."""
    body, encoding = channel.encode_body(message["body"], channel.body_encoding)
    delivery = {"delivery_tag": str(uuid4()), "delivery_info": {"exchange": "", "routing_key": queue}}
    properties = {**message["properties"], **delivery, "body_encoding": encoding}
    return orjson.dumps({**message, "body": body, "properties": properties})


def _push(connection: Any, commands: Sequence[_Command]) -> None:
    """In one round trip for all."""
    try:
        # An interrupted push has left answers behind.
        stale = connection.can_read(0)
    except RedisError:
        # The server has closed it.
        stale = True
    if stale:
        connection.disconnect()
    connection.send_packed_command(connection.pack_commands(commands))
    for _ in commands:
        connection.read_response()


class _Thread(threading.local):
    """Each thread's own: Kombu channels are not shared."""

    outbox: _Outbox | None = None


class _Breaker:
    """Opens at a failure, and closes when a probe in the background has reached the broker again.

    So only the publish that meets the failure pays for it, and at most one timeout.
    """

    def __init__(self) -> None:
        self._closed = True
        self._lock = threading.Lock()

    @property
    def closed(self) -> bool:
        return self._closed

    def trip(self) -> None:
        with self._lock:
            if not self._closed:
                return
            self._closed = False
        # At the exit of a process no thread starts, and nobody publishes any more.
        with suppress(RuntimeError):
            threading.Thread(target=self._probe, name="broker-probe", daemon=True).start()

    def _probe(self) -> None:
        while not self._closed:
            time.sleep(PROBE_SECONDS)
            try:
                with _connect() as connection:
                    connection.default_channel.close()  # type: ignore[attr-defined]  # of every channel
            except Exception as error:
                # Whatever it is: a probe that ends would leave the breaker open for good.
                logger.debug("the broker still does not answer: %s", error)
                continue
            self._closed = True


_thread = _Thread()
_breaker = _Breaker()


def available() -> bool:
    """Whether publishing is worth a try."""
    return _breaker.closed


def publish(chains: Iterable[tuple[Link, list[Link]]], hints: Sequence[str] = ()) -> None:
    """Publish one message per chain: its first link, which carries the rest. `hints`: on the way. Raises BrokerDown.

    When it raises, some of the messages may have been taken; a second copy is refused by the claim.
    """
    if not available():
        raise BrokerDown("the broker did not answer a moment ago")
    try:
        outbox = _outbox()
        outbox.send([(link.queue, _message(outbox.channel, link, rest)) for link, rest in chains], hints)
    except ERRORS as error:
        disconnect()
        _breaker.trip()
        logger.warning("the broker does not answer: %s", error)
        raise BrokerDown(str(error)) from error


def hint(hints: Sequence[str]) -> None:
    """Publish hints. Those that the broker does not take are lost: nobody relies on one."""
    if not available():
        return
    try:
        _outbox().send([], hints)
    except ERRORS as error:
        disconnect()
        logger.debug("the broker took no hints: %s", error)


def lost_memory() -> bool:
    """Whether the broker has started empty since `remember`: then every message is gone. Raises BrokerDown."""
    with _asking() as client:
        return not client.exists(EPOCH_KEY)


def remember() -> None:
    """Begin an epoch: what was lost has been published again. Raises BrokerDown."""
    with _asking() as client:
        client.set(EPOCH_KEY, str(uuid4()), nx=True)


@dataclass(frozen=True, slots=True)
class Message:
    """A job's message in the broker: waiting in a lane, or (None) handed to a worker and not yet acknowledged."""

    job_id: UUID
    lane: Priority | None
    raw: bytes


def count() -> int:
    """Job messages that wait in the queues. Raises BrokerDown."""
    with _asking() as client:
        pipeline = client.pipeline(transaction=False)
        for queue in QUEUES.values():
            pipeline.llen(queue)
        return int(sum(pipeline.execute()))


def messages(patience: float) -> list[Message]:
    """Every job message. One that a worker took longer ago than `patience` seconds counts as lost: so it died.

    Queues first: a message that is taken meanwhile is seen twice, and none is missed. Raises BrokerDown.
    """
    with _asking() as client:
        waiting = [
            Message(job_id, lane, raw)
            for lane, queue in QUEUES.items()
            # Next one first.
            for raw in reversed(cast("list[bytes]", client.lrange(queue, 0, -1)))
            if (job_id := _job_id(_decoded(raw)))
        ]
        # Kombu's names: a hash of [message, exchange, routing key] by delivery tag, and when each was handed out.
        fresh = cast("list[bytes]", client.zrangebyscore("unacked_index", time.time() - patience, "+inf"))
        entries = [orjson.loads(raw) for raw in client.hmget("unacked", fresh) if raw] if fresh else []
        ids = [_job_id(message) for message, _, queue in entries if queue in JOB_QUEUES]
        return waiting + [Message(job_id, None, b"") for job_id in ids if job_id]


def _decoded(raw: bytes) -> Any:
    """None for what is no JSON: somebody else's garbage must not keep ours from being read."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None


def _job_id(message: Any) -> UUID | None:
    """Celery's protocol 2: the body is [args, kwargs, embedded], and the id the only argument. None for any other."""
    try:
        return UUID(orjson.loads(b64decode(message["body"]))[0][0])
    except (ValueError, LookupError, TypeError, AttributeError):
        logger.warning("a queue of jobs has a message that the service did not send")
        return None


def withdraw(stale: Iterable[Message]) -> int:
    """Take waiting messages out; returns how many were there. A worker may have taken some meanwhile.

    Raises BrokerDown.
    """
    with _asking() as client:
        pipeline = client.pipeline(transaction=False)
        for message in stale:
            if message.lane is not None:
                pipeline.lrem(QUEUES[message.lane], 1, message.raw.decode())
        return sum(pipeline.execute())


def disconnect() -> None:
    """Drop this thread's connection; the next publish opens a new one."""
    outbox, _thread.outbox = _thread.outbox, None
    if outbox is not None:
        outbox.close()


def _outbox() -> _Outbox:
    if _thread.outbox is None:
        _thread.outbox = _Outbox()
    return _thread.outbox


def _connect() -> Connection:
    return Connection(
        settings.CELERY_BROKER_URL,
        transport_options={
            "socket_timeout": ANSWER_SECONDS,
            "socket_connect_timeout": CONNECT_SECONDS,
            "retry_on_timeout": False,
            "max_retries": 0,
        },
    )


@contextmanager
def _asking() -> Iterator[Redis]:
    try:
        yield cast("Redis", _outbox().channel.client)
    except ERRORS as error:
        disconnect()
        raise BrokerDown(str(error)) from error


def _message(channel: Any, link: Link, rest: list[Link]) -> Any:
    """Celery's own message, built by Celery and Kombu, past `apply_async` (0.9 ms of Python, most of it routing)."""
    hard, soft = link.time_limits
    task = current_app.amqp.as_task_v2(
        str(uuid4()),
        RUN_JOB,
        args=(str(link.id),),
        time_limit=hard,
        soft_time_limit=soft,
        # Celery takes the next signature from the end.
        chain=[_signature(each) for each in reversed(rest)] or None,
        argsrepr="",
        kwargsrepr="",
        origin="aijobs",
        ignore_result=True,
    )
    return channel.prepare_message(
        orjson.dumps(task.body).decode(),
        content_type="application/json",
        content_encoding="utf-8",
        headers=task.headers,
        properties={**task.properties, "delivery_mode": 2},
    )


def _signature(link: Link) -> dict[str, object]:
    hard, soft = link.time_limits
    options = {"queue": link.queue, "time_limit": hard, "soft_time_limit": soft}
    return dict(current_app.signature(RUN_JOB, args=(str(link.id),), immutable=True, options=options))
