"""The response cache: whose answer to what, on which day; and which calls of a job were refused."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

import orjson

from aijobs.outbound.failures import Permanent
from workers.assistants.connectors import AnyConnector
from workers.assistants.models import StoredAnswer
from workers.assistants.protocols import Answer, Citation, Prompt, Reply


@dataclass(frozen=True, slots=True)
class Call:
    """Who asked whom, and where the reply is stored."""

    tenant_id: int
    job_id: UUID
    day: date
    assistant: str
    model: str
    digest: bytes


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


def is_kept(reply: Reply) -> bool:
    """Whether asking once more would come to the same: an answer, or a refusal. A failure of the provider is not."""
    return reply.problem is None or isinstance(reply.problem, Permanent)


def kept_as(call: Call, reply: Reply) -> bytes | None:
    """With which it is found again: an answer by all who ask that day, a refusal only by the job that it cost."""
    if reply.problem is None:
        return call.digest
    return _of_refusal(call) if is_kept(reply) else None


def find(call: Call) -> Answer | Permanent | None:
    """The answer of that day, else how the job's own call was refused. Neither costs anything again."""
    rows = StoredAnswer.objects.of(call.tenant_id).filter(day=call.day, digest__in=digests(call))
    row = min(rows, key=lambda each: each.problem, default=None)
    if row is None:
        return None
    if row.problem:
        return Permanent(row.problem, row.text)
    return Answer(row.text, tuple(Citation(**each) for each in row.citations), model=row.model, cached=True)


def digests(call: Call) -> tuple[bytes, bytes]:
    """Under which an answer to it is stored, or its refusal."""
    return call.digest, _of_refusal(call)


def digests_of(tenant_id: int, day: date) -> set[bytes]:
    """Of all that is stored of a day."""
    rows = StoredAnswer.objects.of(tenant_id).filter(day=day, digest__isnull=False)
    return {bytes(each) for each in rows.values_list("digest", flat=True).iterator() if each}


def _of_refusal(call: Call) -> bytes:
    return hashlib.sha256(call.digest + call.job_id.bytes).digest()


def stored_citations(citations: tuple[Citation, ...]) -> list[Mapping[str, str]]:
    """As `find` reads them."""
    return [asdict(each) for each in citations]
