"""A connection's own secrets, taken out of what its server says.

A server that is hostile, or that quotes a request in its errors, echoes the key that it was called with. What comes
back is stored and shown to whoever may read the tenant's jobs, so that the key is taken out before anything is done
with it. A server that encodes it otherwise cannot be kept from that: it has the key, and may publish it anywhere.
"""

import json
import re
from collections.abc import Iterable
from urllib.parse import quote

# What is shorter is a placeholder for a server that takes anything ("none", "ollama"), and a word in answers.
SHORTEST_SECRET = 8
SHOWN = "…"


class Redaction:
    """Takes these secrets out of texts, as they stand there, in addresses and in JSON, in any case of letters."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for each in secrets if len(each) >= SHORTEST_SECRET for form in _forms(each)}
        # The longest first: one form may be a part of another.
        either = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._secrets = re.compile(either, re.IGNORECASE) if forms else None

    def __call__(self, text: str) -> str:
        return self._secrets.sub(SHOWN, text) if self._secrets else text


def _forms(secret: str) -> tuple[str, ...]:
    return secret, quote(secret, safe=""), json.dumps(secret)[1:-1]
