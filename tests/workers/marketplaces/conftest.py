import pytest

from aijobs.outbound import throttle


@pytest.fixture
def still_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rates go by Valkey's clock: where it stands still, a slow machine takes nothing from the waits."""
    monkeypatch.setattr(throttle, "RESERVE", throttle.RESERVE.replace("redis.call('TIME')", "{1000000, 0}"))
