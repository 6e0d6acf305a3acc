"""Addresses of the broker: what redis-py and Kombu both understand, and what is refused without being repeated."""

from typing import Any
from urllib.parse import quote

import pytest
from django.core.exceptions import ImproperlyConfigured
from kombu import Connection
from kombu.transport.redis import Channel
from redis import Redis

from aijobs import redis_urls

PASSWORD = "hunter2"


def read_by_redis(url: str) -> dict[str, Any]:
    return Redis.from_url(url).connection_pool.connection_kwargs


def read_by_kombu(url: str) -> dict[str, Any]:
    """What Kombu hands to redis-py. A channel connects when it is made, so this one is not made whole."""
    channel: Any = Channel.__new__(Channel)
    channel.connection = Connection(url).transport
    parameters: dict[str, Any] = channel._connparams()
    return parameters


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("redis://broker", {"host": "broker"}),
        ("redis://broker/", {"host": "broker"}),
        ("valkey://broker:6380/2", {"host": "broker", "port": 6380, "db": 2}),
        ("REDIS://broker.internal:6379/0", {"host": "broker.internal", "port": 6379, "db": 0}),
        (" redis://my_broker:6379/15\n", {"host": "my_broker", "port": 6379, "db": 15}),
        ("redis://10.0.0.7:6379", {"host": "10.0.0.7", "port": 6379}),
        ("redis://[::1]:6379/1", {"host": "::1", "port": 6379, "db": 1}),
        (f"redis://:{PASSWORD}@broker:6379/0", {"host": "broker", "password": PASSWORD}),
        (f"redis://me:{quote('a/b?c#d@e:f;g', safe='')}@broker", {"username": "me", "password": "a/b?c#d@e:f;g"}),
        ("redis://:a;b@broker:6379/3", {"host": "broker", "password": "a;b", "db": 3}),
        ("unix:///run/valkey.sock", {"path": "/run/valkey.sock"}),
        ("unix:///srv/50%25/a%3Bb%3Fc%23d/größe", {"path": "/srv/50%/a;b?c#d/größe"}),
        (f"unix://:{PASSWORD}@/run/valkey.sock?db=4", {"path": "/run/valkey.sock", "password": PASSWORD, "db": 4}),
        ("rediss://broker:6380/1?ssl_ca_certs=/ca.pem", {"host": "broker", "db": 1, "ssl_ca_certs": "/ca.pem"}),
    ],
)
def test_both_libraries_read_the_same_server(given: str, meant: dict[str, Any]) -> None:
    url = redis_urls.checked("BROKER_URL", given)
    for read in (read_by_redis(url), read_by_kombu(redis_urls.for_kombu(url))):
        assert {name: read.get(name) for name in meant} == meant
        assert (read.get("db") or 0) == meant.get("db", 0)


@pytest.mark.parametrize("given", ["rediss://broker", "valkeys://broker", "rediss://broker?ssl_ca_certs=/ca.pem"])
def test_tls_asks_for_a_certificate_unless_told_otherwise(given: str) -> None:
    url = redis_urls.for_kombu(redis_urls.checked("BROKER_URL", given))
    assert read_by_kombu(url)["ssl_cert_reqs"].name == "CERT_REQUIRED"
    told = redis_urls.for_kombu("rediss://broker?ssl_cert_reqs=none")
    assert read_by_kombu(told)["ssl_cert_reqs"].name == "CERT_NONE"


NOT_SUPPORTED = ["amqp", "amqps", "pyamqp", "sqs", "sentinel", "rediss+srv", "redis+socket", "http", "memory"]


@pytest.mark.parametrize("scheme", NOT_SUPPORTED)
def test_other_brokers_are_refused_by_name(scheme: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        redis_urls.checked("BROKER_URL", f"{scheme}://guest:{PASSWORD}@broker:5672//")
    assert str(caught.value).startswith(
        f"BROKER_URL begins with {scheme}://, but only Redis and Valkey are supported"
    )
    assert_is_one_safe_line(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"{PASSWORD}@broker", "is not an address"),
        (f"broker:6379/{PASSWORD}", "is not an address"),
        (f"{PASSWORD} x://broker", "is not an address"),
        ("redis:/broker", "is not an address"),
        ("redis://", "not name a valid host"),
        ("redis:///0", "not name a valid host"),
        (f"redis://:{PASSWORD}@/0", "not name a valid host"),
        (f"redis://:{PASSWORD}@:6379/0", "not name a valid host"),
        (f"redis://:{PASSWORD}@a,b:6379/0", "not name a valid host"),
        (f"redis://:{PASSWORD}@[::1/0", "square brackets"),
        (f"redis://:{PASSWORD}@[broker]/0", "square brackets|not name a valid host"),
        (f"redis://:{PASSWORD}@broker:x/0", "has a port"),
        (f"redis://:{PASSWORD}@broker:0/0", "has a port"),
        (f"redis://:{PASSWORD}@broker:65536/0", "has a port"),
        (f"redis://:{PASSWORD}@broker:-1/0", "has a port"),
        (f"redis://:{PASSWORD}@broker:6379/jobs", "a database number"),
        (f"redis://:{PASSWORD}@broker:6379/-1", "a database number"),
        (f"redis://:{PASSWORD}@broker:6379/0/1", "a database number"),
        (f"redis://:{PASSWORD}@broker:6379/²", "a database number"),
        (f"redis://:{PASSWORD}@one:6379/0;redis://:{PASSWORD}@two:6379/0", "not name a valid host|a database number"),
        # A password with characters that mean something in an address.
        (f"redis://:{PASSWORD}/x@broker:6379/0", "has a port|not name a valid host"),
        (f"redis://:{PASSWORD}#x@broker:6379/0", "has a port|not name a valid host"),
        (f"redis://:{PASSWORD}?x@broker:6379/0", "has a port|not name a valid host"),
        (f"redis://:{PASSWORD} x@broker:6379/0", "a space"),
        (f"redis://:{PASSWORD}\nx@broker:6379/0", "a space or a control character"),
        (f"redis://broker:6379/0?password={PASSWORD}", "has options"),
        ("redis://broker:6379?db=1", "has options"),
        ("redis://broker:6379/0#1", "has options"),
        ("rediss://broker?ssl_cert_reqs=no", "has options"),
        ("rediss://broker?ssl_ca_certs=", "has options"),
        ("unix://run/valkey.sock", "the path begins with the third slash"),
        ("unix://", "not name the path"),
        (f"unix://:{PASSWORD}@/", "not name the path"),
        ("unix:///run/valkey.sock?db=x", "has options"),
        ("unix:///run/valkey.sock?db=1&db=2", "has options"),
        ("unix:///run/valkey.sock?virtual_host=1", "has options"),
    ],
)
def test_wrong_addresses_are_refused_in_a_line(url: str, said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said) as caught:
        redis_urls.checked("REDIS_URL", url)
    assert_is_one_safe_line(caught.value)
    assert str(caught.value).startswith("REDIS_URL ")


def assert_is_one_safe_line(error: BaseException) -> None:
    """It says what to write instead, and neither it nor what a traceback shows with it repeats the password."""
    assert "Write redis://host:6379/0" in str(error)
    assert "\n" not in str(error)
    assert PASSWORD not in str(error)
    assert (error.__cause__, error.__context__) == (None, None)
