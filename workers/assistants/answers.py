"""The response cache: whose answer to what, on which day."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date

import orjson

from workers.assistants.connectors import AnyConnector
from workers.assistants.models import StoredAnswer
from workers.assistants.protocols import Answer, Citation, Prompt


def digest_of(assistant: AnyConnector, prompt: Prompt) -> bytes:
    """Names the question and who is asked. Neither can be read from it."""
    asked = {
        "assistant": assistant.name,
        "identity": assistant.identity,
        "prompt": prompt.text,
        "instructions": prompt.instructions,
        "schema": prompt.schema,
        "max_output_tokens": prompt.max_output_tokens,
        "sample": prompt.sample,
    }
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).digest()


def find(tenant_id: int, day: date, digest: bytes) -> Answer | None:
    """The answer of that day, which costs nothing again."""
    row = StoredAnswer.objects.of(tenant_id).filter(day=day, digest=digest).first()
    if row is None:
        return None
    return Answer(row.text, tuple(Citation(**each) for each in row.citations), model=row.model, cached=True)


def stored_citations(citations: tuple[Citation, ...]) -> list[Mapping[str, str]]:
    """As `find` reads them."""
    return [asdict(each) for each in citations]
