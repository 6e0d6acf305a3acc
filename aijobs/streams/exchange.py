"""One request and its answer, as ASGI has them: read and written by ourselves, without Django's middleware."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings
from django.http import QueryDict
from django.http.request import split_domain_port, validate_host

from aijobs.api.wire.envelope import UNREADABLE, error_body, headers_of, to_json
from aijobs.errors import ApiError, InvalidRequest

Message = MutableMapping[str, Any]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Headers = dict[str, str]

_SANE = re.compile(r"[A-Za-z0-9._:-]{1,128}")
ALLOWED = "GET, HEAD, OPTIONS"
PREFLIGHT_SECONDS = 86_400
# A caller that takes nothing for so long is given up; and one that takes a body more slowly than this.
TAKE_SECONDS = 30.0
SLOWEST_BYTES_PER_SECOND = 100_000
# Granian lets us wait until a part of a body has been taken, and not until a whole one has.
PART_BYTES = 64 * 1024
# As the API's answers have them.
ALWAYS = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
}


@dataclass
class Request:
    scope: Scope

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def path(self) -> str:
        return str(self.scope["path"])

    @cached_property
    def headers(self) -> dict[str, str]:
        """By name in lower case. Only X-Tenant-ID is X-Tenant-ID: X_Tenant_ID is another one."""
        found: dict[str, list[str]] = {}
        for name, value in self.scope["headers"]:
            found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
        return {name: ",".join(values) for name, values in found.items()}

    @cached_property
    def query(self) -> QueryDict:
        """Raises TooManyFieldsSent."""
        return QueryDict(self.scope["query_string"], encoding="utf-8")

    @cached_property
    def id(self) -> str:
        """The caller's, if it sent a sane one."""
        sent = self.headers.get("x-request-id", "")
        return sent if _SANE.fullmatch(sent) else str(uuid4())

    @property
    def was_sent_on(self) -> bool:
        """Whether it looks like a browser's that the API has redirected here, for a page of a third origin.

        Browsers then say that the origin is `null`. Which pages may, the API has decided; the ticket says for whom.
        """
        parameters = self.scope["query_string"].split(b"&")
        with_ticket = any(each.startswith(b"ticket=") for each in parameters)
        return with_ticket and bool(settings.CORS_ALLOWED_ORIGINS) and self.headers.get("origin") == "null"

    @property
    def is_secure(self) -> bool:
        """Whether it came by TLS, which ends at a proxy of ours."""
        if settings.SECURE_PROXY_SSL_HEADER:
            return self.headers.get("x-forwarded-proto") == settings.SECURE_PROXY_SSL_HEADER[1]
        return bool(self.scope["scheme"] == "https")

    def check_host(self) -> None:
        """Raises InvalidRequest for a name that is not one of the service's."""
        domain, _ = split_domain_port(self.headers.get("host", ""))
        if not (domain and validate_host(domain, settings.ALLOWED_HOSTS)):
            raise InvalidRequest(UNREADABLE)

    @property
    def secure_address(self) -> str:
        query = self.scope["query_string"].decode("latin-1")
        return f"https://{self.headers['host']}{quote(self.path)}{query and '?'}{query}"


@dataclass
class Answer:
    """What is sent. Once it has begun, it cannot become another one."""

    request: Request
    send: Send
    begun: bool = field(default=False)
    # Headers that say how many more there may be.
    limits: Headers = field(default_factory=dict)

    async def begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.begun = True
        of_request = {"x-request-id": self.request.id, **self._of_origin(), **self._of_transport()}
        sent = {**ALWAYS, **of_request, **self.limits, **headers}
        fields = [(name.lower().encode(), value.encode()) for name, value in sent.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": fields})

    async def write(self, body: bytes, *, more: bool = True) -> None:
        """Raises TimeoutError for a caller that takes nothing any more."""
        async with asyncio.timeout(TAKE_SECONDS):
            await self.send({"type": "http.response.body", "body": body, "more_body": more})

    async def whole(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """All of it. A HEAD gets no body, and its length all the same. Raises TimeoutError as `write` does."""
        of_body = {"content-type": "application/json"} if body else {}
        # An answer without content has no length.
        length = {} if status == 204 else {"content-length": str(len(body))}
        await self.begin(status, {**of_body, **length, **(headers or {})})
        await self._write_whole(b"" if self.request.method == "HEAD" else body)

    async def _write_whole(self, body: bytes) -> None:
        start = 0
        async with asyncio.timeout(TAKE_SECONDS + len(body) / SLOWEST_BYTES_PER_SECOND):
            while len(body) - start > PART_BYTES:
                await self.write(body[start : start + PART_BYTES])
                start += PART_BYTES
            await self.write(body[start:], more=False)

    async def refuse(self, error: ApiError) -> None:
        body = to_json(error_body(error.code, error.message, error.details))
        await self.whole(error.status, body, headers_of(error))

    async def tell_methods(self) -> None:
        """OPTIONS: with the methods, as everywhere; a browser that asks for another site learns what that may."""
        if "access-control-request-method" not in self.request.headers:
            await self.whole(204, headers={"allow": ALLOWED})
            return
        may = {
            "access-control-allow-headers": ", ".join(settings.CORS_ALLOW_HEADERS),
            "access-control-allow-methods": ALLOWED,
            "access-control-max-age": str(PREFLIGHT_SECONDS),
        }
        await self.whole(200, headers=may if self._of_origin().keys() > {"vary"} else {})

    def _of_origin(self) -> Headers:
        """For pages of the origins in CORS_ALLOWED_ORIGINS."""
        origin = self.request.headers.get("origin", "")
        if not (origin in settings.CORS_ALLOWED_ORIGINS or self.request.was_sent_on):
            return {"vary": "accept, origin"}
        return {
            "vary": "accept, origin",
            "access-control-allow-origin": origin,
            "access-control-expose-headers": ", ".join(settings.CORS_EXPOSE_HEADERS),
        }

    def _of_transport(self) -> Headers:
        if not (settings.SECURE_HSTS_SECONDS and self.request.is_secure):
            return {}
        return {
            "strict-transport-security": f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains; preload",
        }
