"""A broker of its own: BROKER_URL names another server than REDIS_URL, with a password, and another database."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from redis import Redis

from config.local import embedded
from config.local.servers import Valkey
from tests.clients import Caller
from tests.integration.callers import dispatch, wait_for_the_end
from tests.integration.processes import Processes, wait_until

PASSWORD = "hunter2"


@pytest.fixture
def broker_url(tmp_path: Path) -> Iterator[str]:
    server = Valkey(tmp_path / "broker")
    server.start()
    try:
        server.wait_ready()
        address = embedded.redis_url(tmp_path / "broker")
        with Redis.from_url(address) as client:
            client.config_set("requirepass", PASSWORD)
        yield address.replace("unix://", f"unix://:{PASSWORD}@") + "?db=3"
    finally:
        server.stop()


def test_messages_go_by_the_broker_alone_and_no_log_has_its_password(
    processes: Processes, owner: Caller, broker_url: str
) -> None:
    api = processes.api(wait=False, BROKER_URL=broker_url)
    worker = processes.worker(1, wait=False, BROKER_URL=broker_url)
    for process in (api, worker):
        process.wait_ready()
    with httpx.Client(base_url=api.base_url, headers={"Authorization": f"Bearer {owner.key}"}, timeout=120) as http:
        [job] = wait_for_the_end(http, dispatch(http))
    assert job["status"] == "completed"
    with Redis.from_url(broker_url) as broker, Redis.from_url(settings.REDIS_URL) as other:
        assert broker.keys("_kombu.binding.ai-jobs.*")
        # That one counts requests, and carries no message.
        assert [key for key in other.keys("*") if not key.startswith(b"ai-jobs.requests.")] == []
        # It refuses who has no password from now on, and what fails is logged.
        broker.config_set("requirepass", "another")
        broker.client_kill_filter(_type="normal", skipme=True)
    wait_until(lambda: "Cannot connect to redis+socket://" in worker.output(), "the worker's complaint")
    with httpx.Client(base_url=api.base_url, timeout=120) as http:
        assert http.get("/readyz").json()["error"]["details"]["broker"].startswith("down")
    assert PASSWORD not in api.output() + worker.output()
