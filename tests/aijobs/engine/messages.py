"""What is in the broker, read past our own code."""

import base64
from typing import Any, cast

import orjson
from redis import Redis

from aijobs.states import QUEUES, Priority


def messages(valkey: Redis, priority: Priority = Priority.NORMAL) -> list[str]:
    """The job ids waiting in a queue, next one first."""
    raw = cast("list[bytes]", valkey.lrange(QUEUES[priority], 0, -1))
    return [body_of(message)[0][0] for message in reversed(raw)]


def body_of(message: bytes) -> Any:
    return orjson.loads(base64.b64decode(orjson.loads(message)["body"]))
