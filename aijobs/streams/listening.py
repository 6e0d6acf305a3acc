"""Hints, as the broker publishes them."""

import asyncio
import logging

from django.conf import settings
from redis import asyncio as redis
from redis.exceptions import RedisError

from aijobs.engine import broker, hints
from aijobs.streams.hub import Hub

logger = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
CONNECT_SECONDS = 2.0
# A broker that is gone without a word is noticed.
PING_SECONDS = 10.0


async def listen(hub: Hub) -> None:
    """Pass hints on, for ever. While the broker is away there are none, and once a second is soon enough."""
    while True:
        try:
            await _listen(hub)
        except (RedisError, OSError) as error:
            logger.debug("no hints from the broker: %s", error)
        await asyncio.sleep(AGAIN_SECONDS)


async def _listen(hub: Hub) -> None:
    client = redis.Redis.from_url(
        settings.BROKER_URL, socket_connect_timeout=CONNECT_SECONDS, health_check_interval=PING_SECONDS
    )
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(broker.HINTS)
        while True:
            message = await subscription.get_message(ignore_subscribe_messages=True, timeout=PING_SECONDS)
            if message is not None:
                _pass_on(hub, message["data"])


def _pass_on(hub: Hub, text: bytes) -> None:
    try:
        hub.hinted(*hints.read(text.decode()))
    except ValueError:
        logger.warning("the channel of hints has something that the service did not say")
