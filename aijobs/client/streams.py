"""A stream goes on where it was cut: what both clients do alike."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import httpx
from httpx_sse import ServerSentEvent

from .shapes import ENDS, Event

# The service says something every 15 s.
TIMEOUT = httpx.Timeout(30.0, read=45.0)
# The service ends a stream after some minutes, and when it stops; another process takes it from there.
PAUSE_SECONDS = 0.2


@dataclass(slots=True)
class Place:
    """Where a reader is: the path and filter of its stream, and the position of the last event that it has seen."""

    path: str
    query: Mapping[str, str | list[str]]
    # "" for the stream's own beginning.
    position: str = ""

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """The position is a parameter, which the redirection to another origin keeps."""
        return http.build_request(
            "GET",
            self.path,
            params={**self.query, **({"starting_after": self.position} if self.position else {})},
            headers={"Accept": "text/event-stream", "Cache-Control": "no-store"},
            timeout=TIMEOUT,
        )

    def read(self, message: ServerSentEvent) -> Event | None:
        """The event in a message; None for one that only says where the stream begins."""
        self.position = message.id or self.position
        event: Event | None = json.loads(message.data) if message.data else None
        return event


def is_end(event: Event) -> bool:
    """No event of the job follows."""
    return event["status"] in ENDS
