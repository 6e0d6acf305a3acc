"""What may go wrong at a provider: each says in a sentence what it is and what to do, and never the key."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from aijobs.outbound.failures import CredentialsRefused, OutboundError, OutOfTime, Permanent, Throttled, Transient
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import settings_of
from tests.workers.assistants.server import KEY, FakeProvider, Mishap, Reply, error, json_reply, streamed
from workers.assistants.openai_compatible import connector as module
from workers.assistants.openai_compatible.connector import OpenAiCompatible
from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings
from workers.assistants.protocols import Prompt, Scope

Connect = Callable[..., OpenAiCompatible]
PROMPT = Prompt("Which?")
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest.fixture
def connect(provider: FakeProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Opens a connection to the provider, whose retries come at once; closed at the end of the test.

    Its tenant is nobody else's: nor are its limits.
    """
    scope = Scope(uuid4().int, "openai")
    retries = module.RETRIES
    monkeypatch.setattr(module, "RETRIES", type(retries)(retries.tries, lambda tried, asked: asked, retries.after))
    with ExitStack() as stack:

        def connect(key: str | None = KEY, **more: Any) -> OpenAiCompatible:
            chosen = OpenAiCompatibleSettings.model_validate(settings_of(provider, **more))
            credentials = OpenAiCompatibleCredentials(api_key=SecretStr(key) if key else None)
            return stack.enter_context(OpenAiCompatible(chosen, credentials, scope))

        yield connect


def failure(connection: OpenAiCompatible) -> OutboundError:
    with pytest.raises(OutboundError) as caught:
        connection.ask(PROMPT)
    assert KEY not in caught.value.message
    return caught.value


BODY = recorded.openai("OK")
REFUSALS: list[tuple[Reply, type[OutboundError], str, str]] = [
    (
        error(401, "Incorrect API key provided: sk-pr***body.", "invalid_request_error", "invalid_api_key"),
        CredentialsRefused,
        "CREDENTIALS_REFUSED",
        "127.0.0.1 does not accept the API key.",
    ),
    (
        error(403, f"Key {KEY} may not use this model.", "insufficient_permissions"),
        CredentialsRefused,
        "ACCESS_DENIED",
        "127.0.0.1 denies this API key the use of gpt-5-mini. It says: Key … may not use this model.",
    ),
    (
        error(429, "You exceeded your current quota.", "insufficient_quota", "insufficient_quota"),
        CredentialsRefused,
        "QUOTA_EXHAUSTED",
        "The account at 127.0.0.1 has no credit left. Add credit there, or raise its limit.",
    ),
    (
        json_reply({"error": {"message": "Insufficient credits", "code": 402}}, 402),
        CredentialsRefused,
        "QUOTA_EXHAUSTED",
        "The account at 127.0.0.1 has no credit left. Add credit there, or raise its limit.",
    ),
    (
        error(404, "The model `gpt-5-mini` does not exist.", "invalid_request_error", "model_not_found"),
        CredentialsRefused,
        "MODEL_NOT_FOUND",
        "127.0.0.1 does not have the model gpt-5-mini, or not for this API key. Check its name.",
    ),
    (
        # Perplexity.
        json_reply({"error": {"message": "Invalid model 'x'.", "type": "invalid_model", "code": 400}}, 400),
        CredentialsRefused,
        "MODEL_NOT_FOUND",
        "127.0.0.1 does not have the model gpt-5-mini, or not for this API key. Check its name.",
    ),
    (
        # Gemini.
        json_reply(
            [{"error": {"code": 404, "message": "models/gpt-5-mini is not found", "status": "NOT_FOUND"}}], 404
        ),
        CredentialsRefused,
        "MODEL_NOT_FOUND",
        "127.0.0.1 does not have the model gpt-5-mini, or not for this API key. Check its name.",
    ),
    (
        # vLLM.
        json_reply({"object": "error", "message": "Not here.", "type": "NotFoundError", "code": 404}, 404),
        CredentialsRefused,
        "MODEL_NOT_FOUND",
        "127.0.0.1 does not have the model gpt-5-mini, or not for this API key. Check its name.",
    ),
    (
        Reply(b"404 page not found", 404),
        CredentialsRefused,
        "API_NOT_FOUND",
        "Check base_url, which usually ends in /v1, and api.",
    ),
    (
        Reply(b"", 302, {"location": "http://169.254.169.254/"}),
        CredentialsRefused,
        "API_NOT_FOUND",
        "127.0.0.1 redirects elsewhere, and the service does not follow. Set base_url to the API's own address.",
    ),
    (
        error(
            400, "This model's maximum context length is 8192.", "invalid_request_error", "context_length_exceeded"
        ),
        Permanent,
        "PROMPT_TOO_LONG",
        "The question is too long for gpt-5-mini: This model's maximum context length is 8192.",
    ),
    (
        error(400, "The response was filtered.", "invalid_request_error", "content_filter"),
        Permanent,
        "REFUSED",
        "127.0.0.1 refuses the question by its content rules: The response was filtered.",
    ),
    (
        # Ollama's and Mistral's.
        json_reply({"error": "invalid options\nhere"}, 400),
        Permanent,
        "REQUEST_REFUSED",
        "127.0.0.1 refused the request: invalid options here",
    ),
    (
        json_reply({"object": "error", "message": "Extra inputs", "type": "invalid"}, 422),
        Permanent,
        "REQUEST_REFUSED",
        "127.0.0.1 refused the request: Extra inputs",
    ),
    (Reply(b"[" * 100_000, 400), Permanent, "REQUEST_REFUSED", "127.0.0.1 refused the request: status 400"),
]


@pytest.mark.parametrize(
    ("reply", "kind", "code", "said"), REFUSALS, ids=[f"{case[0].status}-{case[2]}" for case in REFUSALS]
)
def test_a_refusal_is_asked_for_once_and_explained(
    provider: FakeProvider, connect: Connect, reply: Reply, kind: type[OutboundError], code: str, said: str
) -> None:
    provider.instead = [reply]
    problem = failure(connect())
    assert (type(problem), problem.code) == (kind, code)
    assert said in problem.message
    assert len(provider.requests) == 1


def test_a_key_that_is_missing_is_asked_for(provider: FakeProvider, connect: Connect) -> None:
    assert failure(connect(key=None)).message == "127.0.0.1 asks for an API key. Save the assistant with one."


@STREAMS
def test_what_passes_is_waited_for(provider: FakeProvider, connect: Connect, stream: bool) -> None:
    busy = error(429, "Slow down.", "rate_limit_error", "rate_limit_exceeded", retry_after="0.01")
    provider.instead = [busy, error(500, "Oops.", "server_error")]
    assert connect(stream=stream).ask(PROMPT).text == "OK"
    assert len(provider.requests) == 3


def test_a_long_retry_after_is_not_waited_for_here(provider: FakeProvider, connect: Connect) -> None:
    provider.instead = [error(429, "Slow down.", "rate_limit_error", retry_after="45")]
    problem = failure(connect())
    assert isinstance(problem, OutOfTime)
    assert (problem.code, problem.retry_after) == ("THROTTLED", 45.0)
    assert len(provider.requests) == 1


@pytest.mark.parametrize(
    ("instead", "code"),
    [
        (error(500, "Oops.", "server_error"), "UNAVAILABLE"),
        (error(529, "Overloaded.", "overloaded_error"), "UNAVAILABLE"),
        (Mishap.LOST, "NO_ANSWER"),
        (Reply(json.dumps(BODY).encode(), sent=60), "NO_ANSWER"),
    ],
    ids=["500", "529", "lost", "cut"],
)
def test_what_does_not_pass_is_given_up_after_three_tries(
    provider: FakeProvider, connect: Connect, instead: Mishap | Reply, code: str
) -> None:
    provider.instead = [instead] * 3
    problem = failure(connect())
    assert isinstance(problem, Transient)
    assert (problem.code, len(provider.requests)) == (code, 3)


def test_a_provider_that_is_silent_is_given_up_in_time(
    provider: FakeProvider, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RETRIES", type(module.RETRIES)(1, module.RETRIES.pause))
    connection = connect()
    # Shorter than settings may be.
    connection.settings.__dict__["timeout_seconds"] = 1.0
    provider.instead = [Mishap.HANGS]
    assert failure(connection).message == "127.0.0.1 did not give a complete answer in time."


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(BODY)[:-40].encode(),
        b"<html>Welcome to nginx!</html>",
        b"null",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": "OK"}]}',
        b'{"choices": [{"message": {"content": 7}}]}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"",
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/html"])
def test_an_answer_of_another_form_is_said_to_be_one(
    provider: FakeProvider, connect: Connect, body: bytes, kind: str
) -> None:
    provider.instead = [Reply(body, 200, {"content-type": kind})]
    problem = failure(connect())
    assert isinstance(problem, Transient)
    assert problem.code == "INVALID_ANSWER"
    assert problem.message.endswith("Check base_url and api.")


def test_an_answer_of_two_megabytes_is_not_read(provider: FakeProvider, connect: Connect) -> None:
    provider.instead = [json_reply(recorded.openai("x" * 2 * 1024 * 1024))]
    problem = failure(connect())
    assert isinstance(problem, Permanent)
    assert (problem.code, len(provider.requests)) == ("ANSWER_TOO_LARGE", 1)


CHUNKS = recorded.chunks_of(recorded.openai("The best bags are these."))


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (streamed(CHUNKS[:3], end=b""), "NO_ANSWER"),
        (streamed(CHUNKS[:3], end=b'data: {"error": {"message": "Oops.", "code": 502}}\n\n'), "UNAVAILABLE"),
        (streamed(CHUNKS[:3], end=b'data: {"choices": [{"del\n\n'), "INVALID_ANSWER"),
        (streamed([{**CHUNKS[1], "choices": "none"}]), "INVALID_ANSWER"),
        (streamed([{**CHUNKS[1], "choices": [{"index": 0, "delta": {"content": 7}}]}]), "INVALID_ANSWER"),
        (json_reply(BODY), "NO_ANSWER"),
    ],
    ids=["ends early", "error", "cut", "no choices", "no text", "no stream"],
)
def test_a_stream_that_fails_is_not_half_an_answer(
    provider: FakeProvider, connect: Connect, reply: Reply, code: str
) -> None:
    provider.instead = [reply] * 3
    assert failure(connect(stream=True)).code == code


def test_a_stream_of_responses_that_ends_early_is_not_half_an_answer(
    provider: FakeProvider, connect: Connect
) -> None:
    events = recorded.events_of(recorded.openai_responses("The best bags are these."))
    provider.instead = [streamed(events[:-1], end=b"")] * 3
    assert failure(connect(stream=True, api="responses")).code == "NO_ANSWER"


def test_private_addresses_need_the_operators_leave(provider: FakeProvider, connect: Connect, settings: Any) -> None:
    for allowed in ([], [f"connector:{provider.address}"], [f"page:{provider.address}"]):
        settings.AIJOBS_OUTBOUND_ALLOW = allowed
        problem = failure(connect())
        assert isinstance(problem, CredentialsRefused)
        assert problem.code == "ADDRESS_REFUSED"
        assert "AIJOBS_OUTBOUND_ALLOW" in problem.message
    assert provider.requests == []


def test_requests_keep_to_their_limit_over_all_workers(
    servers: None, provider: FakeProvider, connect: Connect
) -> None:
    """Two connections stand for two workers. A turn that is far away is another run's."""
    first, second = connect(requests_per_minute=1), connect(requests_per_minute=1)
    began = monotonic()
    assert first.ask(PROMPT).text == "OK"
    for connection in (second, first):
        problem = failure(connection)
        assert isinstance(problem, Throttled | OutOfTime)
        assert problem.code == "RATE_LIMITED"
        # It is told a little ahead of its turn.
        assert 57 - (monotonic() - began) < (problem.retry_after or 0) < 58
    assert len(provider.requests) == 1
