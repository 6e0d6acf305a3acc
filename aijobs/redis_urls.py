"""Addresses of Redis or Valkey, as operators write them: what is refused, and what Kombu calls the same server.

redis-py and Kombu read an address each in their own way, and both pass over what they do not understand: a wrong
database is number 0 to them, an unknown option nothing. So only what both understand alike is taken. Refusals repeat
no part of an address that may hold a password.
"""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

_SCHEMES = {"redis": "redis", "valkey": "redis", "rediss": "rediss", "valkeys": "rediss", "unix": "unix"}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,19}")
_HOST = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*\.?")
_NUMBER = re.compile(r"[0-9]{1,9}")
# What may follow a question mark, and its values.
_OPTIONS: dict[str, dict[str, re.Pattern[str]]] = {
    "redis": {},
    "rediss": {
        "ssl_cert_reqs": re.compile("none|optional|required"),
        "ssl_check_hostname": re.compile("true|false"),
        "ssl_ca_certs": re.compile(".+"),
        "ssl_certfile": re.compile(".+"),
        "ssl_keyfile": re.compile(".+"),
    },
    "unix": {"db": _NUMBER},
}
_ADVICE = "Write redis://host:6379/0, rediss://host:6379/0 (TLS) or unix:///path/to/socket?db=0."
_ENCODING = "Special characters of a password are percent-encoded: / is %2F, ? is %3F, # is %23, @ is %40."


def checked(name: str, url: str) -> str:
    """The address as redis-py takes it. Raises ImproperlyConfigured, one line that begins with the setting's name."""
    url = url.strip()
    scheme, _, rest = url.partition("://")
    kind = _SCHEMES.get(scheme.lower())
    if problem := _problem(url):
        encoding = f" {_ENCODING}" if kind and "@" in url else ""
        raise ImproperlyConfigured(f"{name} {problem} {_ADVICE}{encoding}")
    return f"{kind}://{rest}"


def for_kombu(url: str) -> str:
    """Kombu's name for the server of a checked address.

    It says redis+socket:// for unix://, and virtual_host for db. It takes a semicolon for the end of one of several
    addresses. With rediss:// it would accept any certificate, unless told otherwise.
    """
    parts = urlsplit(url.replace(";", "%3B"))
    query = parts.query
    if parts.scheme == "unix":
        query = query.replace("db=", "virtual_host=", 1)
    elif parts.scheme == "rediss" and "ssl_cert_reqs=" not in query:
        query = "&".join(filter(None, [query, "ssl_cert_reqs=required"]))
    scheme = "redis+socket" if parts.scheme == "unix" else parts.scheme
    return f"{scheme}://{parts.netloc}{parts.path}{query and '?'}{query}"


def of_socket(path: str) -> str:
    return f"unix://{quote(path)}"


def _problem(url: str) -> str | None:
    """What is wrong with an address, as the rest of a sentence that begins with the setting's name."""
    scheme, separator, _ = url.partition("://")
    if not separator or not _SCHEME.fullmatch(scheme):
        return "is not an address."
    kind = _SCHEMES.get(scheme.lower())
    if kind is None:
        return f"begins with {scheme}://, but only Redis and Valkey are supported (RabbitMQ and others are not)."
    if any(character.isspace() or not character.isprintable() for character in url):
        return "has a space or a control character in it."
    try:
        parts = urlsplit(url)
    except ValueError:
        return "has square brackets that do not enclose an IPv6 address."
    wrong_place = _socket_problem(parts) if kind == "unix" else _server_problem(parts)
    return wrong_place or _options_problem(parts, kind)


def _server_problem(parts: SplitResult) -> str | None:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not _is_host(parts):
        return "does not name a valid host."
    if port == 0:
        return "has a port that is not a number from 1 to 65535."
    if parts.path not in ("", "/") and not _NUMBER.fullmatch(parts.path[1:]):
        return "has something other than a database number after the host."
    return None


def _is_host(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if "[" not in parts.netloc.rpartition("@")[2]:
        return bool(_HOST.fullmatch(host))
    try:
        return ip_address(host).version == 6
    except ValueError:
        return False


def _socket_problem(parts: SplitResult) -> str | None:
    if parts.netloc.rpartition("@")[2]:
        return "names a host before the path of the socket: the path begins with the third slash."
    if len(parts.path) < 2:
        return "does not name the path of a socket."
    return None


def _options_problem(parts: SplitResult, kind: str) -> str | None:
    options = parse_qsl(parts.query, keep_blank_values=True)
    known = _OPTIONS[kind]
    names = [name for name, _ in options]
    right = all(name in known and known[name].fullmatch(value) for name, value in options)
    if right and len(set(names)) == len(names) and not parts.fragment:
        return None
    if not known:
        return f"has options, which {kind}:// does not take."
    choices = ", ".join(
        f"{name} ({values.pattern})" if "|" in values.pattern else name for name, values in known.items()
    )
    return f"has options that are not understood. {kind}:// takes {choices}, each once."
