"""What is left out of the log: rows, which PostgreSQL quotes where it refuses them. They are sellers' data."""

import re
from collections.abc import MutableMapping
from typing import Any

DETAIL = "DETAIL:"
LEFT_OUT = "DETAIL:  (left out of the log)"
# To the end of what the server said, however many lines the row has.
_DETAIL = re.compile(
    r"DETAIL:  .*?(?=\n(?:HINT|CONTEXT|QUERY):  |\n\nThe above exception was|\n\nDuring handling of the above|\Z)",
    re.DOTALL,
)


def without_rows(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor of structlog's, behind the one that writes tracebacks."""
    for name in ("event", "exception"):
        text = event.get(name)
        if isinstance(text, str) and DETAIL in text:
            event[name] = _DETAIL.sub(LEFT_OUT, text)
    return event
