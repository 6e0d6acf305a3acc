"""What a form does once, however often it is sent: by a double click, a reload, or a browser that tries again.

Each page that is shown has a token of its own, which its forms send along.
"""

import re
from uuid import UUID

from django.http import HttpRequest

from aijobs import identifiers

FIELD = "once"
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)


def new() -> str:
    return identifiers.new_id().hex


def told(request: HttpRequest) -> str | None:
    """The token that a form has sent. None for what is none of ours: then each time is another one."""
    token = _token(request)
    return f"staff·{token}" if token else None


def id_told(request: HttpRequest) -> UUID:
    """The same, as the id of a row that the form makes: a second one with it cannot be made."""
    return UUID(_token(request) or new())


def _token(request: HttpRequest) -> str | None:
    sent = request.POST.get(FIELD, "")
    return sent if _TOKEN.fullmatch(sent) else None
