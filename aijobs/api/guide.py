"""`/api/docs/guide`: how to use the API, in sections. Apps add sections of their own; a test runs every example."""

import json
import shlex
from collections.abc import Mapping
from typing import NamedTuple

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from aijobs import registry, scopes
from aijobs.api.type_schemas import completed_example, queued_example
from aijobs.api.wire.envelope import MOST_ERRORS
from aijobs.api.wire.views import KnownMethods
from aijobs.errors import ApiError, InvalidBatch, all_errors
from aijobs.registry import JobType, Params, Result
from aijobs.webhooks.recording import TYPES


class Section(NamedTuple):
    """A part of the guide. `anchor`: its name in addresses, as in /api/docs/guide#keys."""

    anchor: str
    title: str
    template: str


class Dispatch(NamedTuple):
    """How a job of one type is dispatched."""

    type: str
    description: str
    command: str
    # That only tries it out.
    tried: str


FIRST = [
    Section("tour", "A tour", "aijobs/guide/tour.html"),
    Section("keys", "Keys and tenants", "aijobs/guide/keys.html"),
    Section("jobs", "The life of a job", "aijobs/guide/jobs.html"),
    Section("polling", "Polling", "aijobs/guide/polling.html"),
    Section("batches", "Batches", "aijobs/guide/batches.html"),
    Section("webhooks", "Webhooks", "aijobs/guide/webhooks.html"),
]
LAST = [Section("errors", "Errors, and what to do about each", "aijobs/guide/errors.html")]

# By anchor; see `add_section`.
_ADDED: dict[str, Section] = {}


def add_section(section: Section) -> None:
    """Let an app explain what it adds to the API: done where its addresses are named."""
    _ADDED[section.anchor] = section


def sections() -> list[Section]:
    return [*FIRST, *_ADDED.values(), *LAST]


class GuideView(KnownMethods, APIView):
    """Open to everybody, like the reference."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        return HttpResponse(render_to_string("aijobs/guide.html", _context(request)))


def _context(request: Request) -> dict[str, object]:
    return {
        "page": "guide",
        "sections": sections(),
        "url": url_of(request),
        "scopes": scopes.known(),
        "types": registry.all_types(),
        "dispatches": dispatch_examples(),
        "batch_command": _batch_command(),
        "errors": [_shown(error) for error in all_errors()],
        "largest_batch": InvalidBatch.most,
        "event_types": TYPES,
        "most_errors": MOST_ERRORS,
        **_answers(),
    }


def url_of(request: Request) -> str:
    """The address under which the caller sees the service, without a slash at its end."""
    return request.build_absolute_uri("/").rstrip("/")


def _with_examples() -> list[JobType[Params, Result]]:
    return [kind for kind in registry.all_types() if kind.example["params"]]


def _body(kind: JobType[Params, Result]) -> dict[str, object]:
    return {"type": kind.name, "params": kind.example["params"]}


def dispatch_examples() -> list[Dispatch]:
    """A command for each type that has an example."""
    return [
        Dispatch(
            kind.name,
            kind.description,
            _post("/api/ai-jobs", _body(kind)),
            _post("/api/ai-jobs?validate_only=true", _body(kind)),
        )
        for kind in _with_examples()
    ]


def _batch_command() -> str:
    jobs = [_body(kind) for kind in _with_examples()]
    return _post("/api/ai-jobs/batch", {"jobs": jobs, "sequential": True, "on_failure": "stop"})


def _post(path: str, body: Mapping[str, object]) -> str:
    """A command to paste; the shell knows URL and KEY."""
    address = f'"$URL{path}"' if "?" in path else f"$URL{path}"
    return (
        f'curl -s {address} -H "Authorization: Bearer $KEY" \\\n'
        f"  -H 'Content-Type: application/json' \\\n"
        f"  -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )


def _answers() -> dict[str, str]:
    """What the first of the types with an example answers."""
    kinds = _with_examples()
    if not kinds:
        return {}
    return {
        "queued": _json({"data": queued_example(kinds[-1])}),
        "completed": _json({"data": completed_example(kinds[-1])}),
    }


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _shown(error: type[ApiError]) -> dict[str, object]:
    return {
        "code": error.code,
        "status": error.status,
        "message": error.default_message,
        "advice": _with_code(error.advice),
    }


def _with_code(text: str) -> SafeString:
    """What is between backticks as code, all of it escaped."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in parts)
    )
