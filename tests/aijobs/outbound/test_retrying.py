"""Which failures are worth another try, how long is waited for it, and that no wait outlasts the run."""

import pytest

from aijobs.outbound.failures import (
    CredentialsRefused,
    OutboundError,
    OutOfTime,
    Permanent,
    Throttled,
    Transient,
    Unavailable,
    Uncertain,
)
from aijobs.outbound.pace import Pace
from aijobs.outbound.retrying import Retries, doubling, retried, spread
from tests.workers.marketplaces.paces import Leaping

RETRIES = Retries(4, doubling(0.5))


class Call:
    """Fails with each of these in turn, and is answered then."""

    def __init__(self, *failures: OutboundError) -> None:
        self.failures = list(failures)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "answer"


def busy(seconds: float | None = None) -> Throttled:
    return Throttled("THROTTLED", "Too often.", seconds)


def test_what_a_moment_mends_is_tried_again() -> None:
    call, pace = Call(Unavailable("NO_ANSWER", "-"), busy(), Unavailable("UNAVAILABLE", "-")), Leaping()
    assert retried(call, RETRIES, pace) == "answer"
    assert call.made == 4
    assert [0.5 <= wait / 2**number <= 1 for number, wait in enumerate(pace.waits)] == [True] * 3


def test_the_last_failure_is_told() -> None:
    call = Call(*[Unavailable("UNAVAILABLE", str(number)) for number in range(1, 9)])
    with pytest.raises(Unavailable) as raised:
        retried(call, RETRIES, Leaping())
    assert (call.made, raised.value.message) == (4, "4")


@pytest.mark.parametrize("kind", [Uncertain, OutOfTime, Transient, Permanent, CredentialsRefused])
def test_what_a_moment_does_not_mend_is_told_at_once(kind: type[OutboundError]) -> None:
    call = Call(kind("CODE", "-"))
    with pytest.raises(kind):
        retried(call, RETRIES, Leaping())
    assert call.made == 1


def test_only_the_failures_that_are_asked_for_are_tried_again() -> None:
    retries = Retries(4, doubling(0.5), after=Throttled)
    call = Call(busy(), Unavailable("UNAVAILABLE", "-"))
    with pytest.raises(Unavailable, match="UNAVAILABLE"):
        retried(call, retries, Leaping())
    assert call.made == 2


def test_a_server_is_not_asked_again_before_it_says() -> None:
    pace = Leaping()
    retried(Call(busy(17), busy(0), busy(0.001)), RETRIES, pace)
    assert pace.waits[0] == 17
    assert 1 <= pace.waits[1] <= 2 <= pace.waits[2] <= 4


def test_a_pause_beyond_the_run_is_not_begun_and_the_failure_told() -> None:
    call = Call(busy(60))
    with pytest.raises(OutOfTime, match="THROTTLED: Too often") as raised:
        retried(call, RETRIES, Pace(30))
    assert (call.made, raised.value.retry_after) == (1, 60)


def test_a_pause_that_many_are_told_is_spread() -> None:
    pauses = [spread(3, 10.0) for _ in range(200)]
    assert 10 <= min(pauses) < 15
    assert 35 < max(pauses) <= 40


def test_what_must_not_be_sent_any_more_is_not_sent_after_its_pause() -> None:
    """Nor without one; and the next thing may be."""
    pace, allowed = Leaping(), [True, False]
    calls: list[str] = []

    def call() -> str:
        pace.wait(0)
        calls.append("sent")
        raise Unavailable("BUSY", "-")

    with pytest.raises(OutOfTime, match="NOT_SENT"), pace.only_while(lambda: allowed.pop(0)):
        retried(call, RETRIES, pace)
    assert calls == ["sent"]
    pace.wait(0)
