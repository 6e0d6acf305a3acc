"""Rate limits in Valkey: kept by threads and processes together, and no failure where Valkey is away."""

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.conf import settings as configured
from redis import Redis

from aijobs.outbound import throttle
from aijobs.outbound.failures import OutOfTime
from aijobs.outbound.pace import Pace
from aijobs.outbound.throttle import Limit, Throttle
from tests.workers.marketplaces.paces import Leaping

# An interval of 100 seconds: what a test itself takes is nothing beside it.
SLOW = Limit(0.01, 1)
BURST = Limit(0.01, 3)
LONG = 100_000

Opener = Callable[..., Throttle]


@pytest.fixture
def scope() -> str:
    return uuid4().hex


@pytest.fixture
def open_throttle(servers: None, scope: str) -> Iterator[Opener]:
    """Of one scope, as different workers open them."""
    with ExitStack() as stack:

        def opened(pace: Pace | None = None, scope: str = scope) -> Throttle:
            found = Throttle(scope, pace or Pace(LONG))
            stack.callback(found.close)
            return found

        yield opened


@pytest.fixture
def valkey(servers: None) -> Iterator[Redis]:
    with Redis.from_url(configured.REDIS_URL) as client:
        yield client


def about(*waits: float, within: float = 10) -> Any:
    return pytest.approx(waits, abs=within)


def reserve(bucket: Throttle, limit: Limit, times: int, name: str = "call") -> list[float]:
    return [bucket.reserve(name, limit) for _ in range(times)]


def let_pass(valkey: Redis, scope: str, seconds: float) -> None:
    """As if so much time had passed since."""
    valkey.hincrbyfloat(f"ai-jobs.throttle.{scope}.call", "full", -seconds)


def test_a_burst_is_free_and_what_follows_is_an_interval_apart(open_throttle: Opener) -> None:
    assert reserve(open_throttle(), BURST, 6) == about(0, 0, 0, 100, 200, 300)


def test_a_minute_has_no_more_than_its_number_although_it_begins_with_a_burst(open_throttle: Opener) -> None:
    waits = reserve(open_throttle(), Limit(0.2, 3, most_in_a_minute=12), 14)
    assert waits[:12] == about(*[0] * 3, *range(5, 50, 5), within=4)
    # A minute behind the first two, and not as soon as the bucket alone would let them through.
    assert waits[12:] == about(throttle.MINUTE_SECONDS, throttle.MINUTE_SECONDS, within=4)


def test_time_that_passes_gives_turns_back(open_throttle: Opener, valkey: Redis, scope: str) -> None:
    bucket = open_throttle()
    reserve(bucket, BURST, 4)
    let_pass(valkey, scope, 250)
    assert reserve(bucket, BURST, 2) == about(0, 50)


def test_a_pause_of_any_length_gives_one_burst(open_throttle: Opener, valkey: Redis, scope: str) -> None:
    bucket = open_throttle()
    reserve(bucket, BURST, 1)
    let_pass(valkey, scope, LONG)
    assert reserve(bucket, BURST, 4) == about(0, 0, 0, 100)


def test_names_and_scopes_have_buckets_of_their_own(open_throttle: Opener) -> None:
    assert reserve(open_throttle(), SLOW, 2) == about(0, 100)
    assert reserve(open_throttle(), SLOW, 2, name="other") == about(0, 100)
    assert reserve(open_throttle(scope=uuid4().hex), SLOW, 2) == about(0, 100)


def test_a_turn_is_waited_for(open_throttle: Opener) -> None:
    pace = Leaping(LONG)
    bucket = open_throttle(pace)
    for _ in range(3):
        bucket.wait("call", SLOW)
    # The clock is Valkey's, which leaps over nothing.
    assert pace.waits == about(100, 200)


def test_threads_share_a_bucket(open_throttle: Opener) -> None:
    together = Barrier(8)

    def worker(bucket: Throttle) -> list[float]:
        together.wait()
        return reserve(bucket, BURST, 5)

    with ThreadPoolExecutor(8) as pool:
        waits = [each for found in pool.map(worker, [open_throttle() for _ in range(8)]) for each in found]
    assert sorted(waits) == about(0, 0, 0, *range(100, 3800, 100))


# With no more of the project than the bucket needs, which halves its start.
WORKER = """
import sys

from django.conf import settings

settings.configure(REDIS_URL=sys.argv[2])
from aijobs.outbound.pace import Pace
from aijobs.outbound.throttle import Limit, Throttle

bucket = Throttle(sys.argv[1], Pace(100_000))
print("ready", flush=True)
sys.stdin.readline()
print(*[bucket.reserve("call", Limit(0.01, 3)) for _ in range(30)])
"""


def test_processes_share_a_bucket(servers: None, scope: str) -> None:
    with ExitStack() as stack:
        workers = [stack.enter_context(started(scope)) for _ in range(2)]
        for worker in workers:
            assert worker.stdout
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin
            worker.stdin.write("\n")
            worker.stdin.flush()
        waits = [float(wait) for worker in workers for wait in worker.communicate(timeout=120)[0].split()]
    assert sorted(waits) == about(0, 0, 0, *range(100, 5800, 100))


def started(scope: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, scope, configured.REDIS_URL],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def test_a_turn_after_the_run_is_left_to_others(open_throttle: Opener) -> None:
    hurried, patient = open_throttle(Pace(50)), open_throttle()
    hurried.wait("call", SLOW)
    for _ in range(3):
        with pytest.raises(OutOfTime):
            hurried.wait("call", SLOW)
    assert patient.reserve("call", SLOW) == pytest.approx(100, abs=10)


def test_a_run_that_is_over_takes_no_turn(open_throttle: Opener) -> None:
    with pytest.raises(OutOfTime):
        open_throttle(Pace(-1)).wait("call", SLOW)
    assert reserve(open_throttle(), SLOW, 1) == [0]


def test_the_marketplaces_word_on_the_rate_holds_for_all(open_throttle: Opener) -> None:
    open_throttle().remember("call", 0.001)
    assert reserve(open_throttle(), BURST, 5) == about(0, 0, 0, 1000, 2000)
    open_throttle().remember("call", 1.0)
    assert reserve(open_throttle(), BURST, 1)[0] == pytest.approx(4998, abs=10)


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e-9, 1e9, float("inf"), float("nan")])
def test_a_rate_that_cannot_be_is_not_believed(open_throttle: Opener, rate: float) -> None:
    bucket = open_throttle()
    bucket.remember("call", rate)
    assert reserve(bucket, SLOW, 2) == about(0, 100)


def test_a_bucket_is_forgotten_a_day_after_its_last_call(open_throttle: Opener, valkey: Redis, scope: str) -> None:
    bucket = open_throttle()
    bucket.remember("call", 0.01)
    reserve(bucket, SLOW, 1)
    assert valkey.ttl(f"ai-jobs.throttle.{scope}.call") == pytest.approx(86_400, abs=10)


def test_a_valkey_that_started_anew_knows_no_script_and_no_bucket(open_throttle: Opener, valkey: Redis) -> None:
    bucket = open_throttle()
    reserve(bucket, SLOW, 1)
    valkey.script_flush()
    assert reserve(bucket, SLOW, 1) == about(100)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Takes connections, and never says a word."""
    monkeypatch.setattr(throttle, "ANSWER_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


@pytest.fixture
def nobody() -> Iterator[str]:
    """A port that is taken and on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{taken.getsockname()[1]}/0"


@pytest.mark.parametrize("away", ["silent", "nobody"])
def test_without_valkey_every_call_waits_an_interval(
    request: pytest.FixtureRequest,
    settings: Any,
    away: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    scope: str,
) -> None:
    settings.REDIS_URL = request.getfixturevalue(away)
    connected: list[Any] = []
    connect = socket.socket.connect

    def noted(own: socket.socket, to: Any) -> None:
        connected.append(to)
        connect(own, to)

    monkeypatch.setattr(socket.socket, "connect", noted)
    bucket = Throttle(scope, Pace(LONG))
    bucket.remember("known", 0.02)
    waits = [bucket.reserve(name, BURST) for name in ("call", "call", "known", "other")]
    bucket.close()
    assert waits == about(100, 200, 50, 100)
    # Asked once each time: a client's own repetitions would be waits outside the pace.
    assert connected.count(("127.0.0.1", urlsplit(settings.REDIS_URL).port)) == 5
    assert caplog.text.count("cannot be shared") == 5


def test_without_valkey_the_threads_of_a_process_share_turns(settings: Any, nobody: str, scope: str) -> None:
    settings.REDIS_URL = nobody
    together = Barrier(8)

    def worker(bucket: Throttle) -> list[float]:
        together.wait()
        return reserve(bucket, BURST, 3)

    with ThreadPoolExecutor(8) as pool:
        waits = [
            each for found in pool.map(worker, [Throttle(scope, Pace(LONG)) for _ in range(8)]) for each in found
        ]
    assert sorted(waits) == about(*range(100, 2500, 100))


def test_without_valkey_a_turn_after_the_run_is_left_to_others(settings: Any, nobody: str, scope: str) -> None:
    settings.REDIS_URL = nobody
    hurried, patient = Throttle(scope, Pace(50)), Throttle(scope, Pace(LONG))
    assert reserve(hurried, SLOW, 2) == about(100, 100)
    assert reserve(patient, SLOW, 2) == about(100, 200)


def test_when_valkey_goes_away_its_turns_still_count(
    open_throttle: Opener, settings: Any, nobody: str, scope: str
) -> None:
    limit = Limit(0.2, 3, most_in_a_minute=12)
    reserve(open_throttle(), limit, 8)
    settings.REDIS_URL = nobody
    waits = reserve(Throttle(scope, Pace(LONG)), limit, 5)
    # The last of the eight came 25 seconds after the first, and the thirteenth comes a minute after that.
    assert waits == about(30, 35, 40, 45, throttle.MINUTE_SECONDS, within=4)


def test_without_valkey_a_run_ends_in_time(settings: Any, nobody: str) -> None:
    settings.REDIS_URL = nobody
    with pytest.raises(OutOfTime):
        Throttle("any", Pace(50)).wait("call", SLOW)


def test_a_key_that_is_something_else_is_as_no_valkey(open_throttle: Opener, valkey: Redis, scope: str) -> None:
    valkey.set(f"ai-jobs.throttle.{scope}.call", "text", ex=60)
    bucket = open_throttle()
    bucket.remember("call", 0.02)
    assert reserve(bucket, SLOW, 1) == about(50)
