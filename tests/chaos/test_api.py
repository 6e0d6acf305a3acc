"""The API's process is killed at the worst moment: after its commit, before its message."""

import pytest

from aijobs.states import EventKind
from tests.chaos.judge import Judge
from tests.chaos.load import COMPLETED, Load, batch, counted
from tests.chaos.proxy import Proxy, Rule
from tests.chaos.site import Site
from tests.integration.processes import Api


class KillAtPublish(Rule):
    """Once armed, a message on its way to the broker is the last thing that its sender did."""

    def __init__(self) -> None:
        self.armed: Api | None = None
        self.killed = 0

    def lets_request(self, data: bytes) -> bool:
        if self.armed is None or b"LPUSH" not in data:
            return True
        self.armed.kill()
        self.killed += 1
        return False

    def lets_answer(self, data: bytes) -> bool:
        return True


@pytest.mark.parametrize("sequential", [False, pytest.param(True, marks=pytest.mark.long)])
def test_jobs_of_an_api_that_died_before_it_published_them_run(
    site: Site, load: Load, judge: Judge, sequential: bool
) -> None:
    rule = KillAtPublish()
    address = site.folder / "broker.sock"
    proxy = Proxy(address, site.valkey.sockets / "valkey.sock", lambda: rule)
    doomed = site.processes.api(wait=False, BROKER_URL=f"unix://{address}")
    try:
        load.start()
        # Nothing of this shop waits for its turn: what it dispatches is published by the API itself.
        quiet = site.new_shop("quiet-" + load.shops[0].name)
        load.shops.append(quiet)
        doomed.wait_ready()
        # It publishes as it should until the rule is armed.
        load.dispatch(counted(), quiet, doomed.base_url)
        load.fallback_url = site.api.base_url
        site.retire(doomed)
        rule.armed = doomed
        members = batch([{"sleep": 0.02}] * 8, [COMPLETED] * 8, sequential=sequential)
        ids = load.dispatch(members, quiet, doomed.base_url)
        told = judge.passes()
    finally:
        doomed.kill()
        proxy.close()
        address.unlink()
    # The second request with the same key was answered with the first one's jobs.
    assert (rule.killed, load.unanswered, load.replayed) == (1, 1, 1)
    assert {job.attempt for job in told.jobs if job.id in ids} == {1}
    assert EventKind.LEASE_LOST not in {event.kind for event in told.events}
