"""The connector of OpenAI's protocol: what it sends, and what it reads, of each provider, whole and as a stream."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from aijobs.outbound.failures import Permanent
from tests.cpu import cpu_seconds_at_most
from tests.workers.assistants import recorded
from tests.workers.assistants.providers import settings_of
from tests.workers.assistants.recorded import Json
from tests.workers.assistants.server import KEY, FakeProvider, json_reply, streamed
from workers.assistants.openai_compatible.connector import OpenAiCompatible
from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings
from workers.assistants.protocols import Citation, Prompt, Scope

Connect = Callable[..., OpenAiCompatible]
STREAMS = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
TEXT = "The best bags are 1. Nordvik and 2. Halden."
PAGES = {"https://a.example/best-bags": "Best bags", "https://b.example/": "Bags"}
FOUND = (Citation("https://a.example/best-bags", "Best bags"), Citation("https://b.example/", "Bags"))


@pytest.fixture
def connect(provider: FakeProvider) -> Iterator[Connect]:
    """Opens a connection to the provider; closed at the end of the test."""
    with ExitStack() as stack:

        def connect(key: str | None = KEY, **more: Any) -> OpenAiCompatible:
            chosen = OpenAiCompatibleSettings.model_validate(settings_of(provider, **more))
            credentials = OpenAiCompatibleCredentials(api_key=SecretStr(key) if key else None)
            return stack.enter_context(OpenAiCompatible(chosen, credentials, Scope(1, "openai")))

        yield connect


def answering(provider: FakeProvider, answer: Json) -> None:
    provider.answer = lambda request: answer


@STREAMS
@pytest.mark.parametrize(
    ("answer", "model"),
    [
        (recorded.openai(TEXT), "gpt-5-mini-2025-08-07"),
        (recorded.perplexity(TEXT, {}), "sonar"),
        (recorded.gemini(TEXT), "gemini-2.5-flash"),
        (recorded.anthropic(TEXT), "claude-haiku-4-5-20251001"),
        (recorded.ollama(TEXT), "llama3.2"),
    ],
    ids=["openai", "perplexity", "gemini", "anthropic", "ollama"],
)
def test_each_provider_is_understood(
    provider: FakeProvider, connect: Connect, answer: Json, model: str, stream: bool
) -> None:
    answering(provider, answer)
    reply = connect(stream=stream).ask(Prompt("Which bag is best?"))
    assert (reply.text, reply.citations, reply.problem) == (TEXT, (), None)
    assert (reply.input_tokens, reply.output_tokens, reply.model) == (21, 12, model)


def test_what_a_model_thinks_is_not_what_it_answers(provider: FakeProvider, connect: Connect) -> None:
    answering(provider, recorded.mistral(TEXT))
    assert connect().ask(Prompt("Which?")).text == TEXT
    answering(provider, recorded.ollama(f"<think>\nPerhaps Velora?\n</think>\n\n{TEXT}"))
    assert connect().ask(Prompt("Which?")).text == TEXT


@STREAMS
def test_citations_are_found_where_perplexity_has_them(
    provider: FakeProvider, connect: Connect, stream: bool
) -> None:
    answering(provider, recorded.perplexity(TEXT, PAGES))
    assert connect(stream=stream).ask(Prompt("Which?")).citations == FOUND


@STREAMS
def test_citations_are_found_in_the_annotations_of_chat_completions(
    provider: FakeProvider, connect: Connect, stream: bool
) -> None:
    annotations = [recorded.url_citation(url, title) for url, title in PAGES.items()]
    answering(provider, recorded.openai(TEXT, annotations=[*annotations, annotations[0]]))
    assert connect(stream=stream).ask(Prompt("Which?")).citations == FOUND


@STREAMS
def test_the_responses_api_is_asked_and_read(provider: FakeProvider, connect: Connect, stream: bool) -> None:
    annotations = [{"type": "url_citation", "url": url, "title": title} for url, title in PAGES.items()]
    answering(provider, recorded.openai_responses(TEXT, annotations=annotations))
    prompt = Prompt("Which?", instructions="Be short.", max_output_tokens=77)
    reply = connect(api="responses", web_search=True, stream=stream).ask(prompt)
    assert (reply.text, reply.citations, reply.input_tokens, reply.output_tokens) == (TEXT, FOUND, 328, 52)
    [request] = provider.requests
    assert request.path == "/v1/responses"
    assert request.body == {
        "model": "gpt-5-mini",
        "input": "Which?",
        "instructions": "Be short.",
        "max_output_tokens": 77,
        "store": False,
        "tools": [{"type": "web_search"}],
        **({"stream": True} if stream else {}),
    }


def test_only_pages_of_the_web_are_citations(provider: FakeProvider, connect: Connect) -> None:
    answer = recorded.perplexity(TEXT, {})
    answer["citations"] = ["javascript:alert(1)", "https://a.example/" + "x" * 3000, "https://b.example/", 7]
    provider.instead = [json_reply({**answer, "citations": answer["citations"][:3]})]
    assert connect().ask(Prompt("Which?")).citations == (Citation("https://b.example/"),)


def test_what_is_sent_has_nothing_that_models_refuse(provider: FakeProvider, connect: Connect) -> None:
    connect().ask(Prompt("Which?", instructions="Be short.", max_output_tokens=9))
    [request] = provider.requests
    assert request.path == "/v1/chat/completions"
    assert request.body == {
        "model": "gpt-5-mini",
        "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Which?"}],
        "max_tokens": 9,
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_a_server_without_a_key_is_sent_none(
    provider: FakeProvider, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor what the environment of the process has for the SDK: it would go to whatever server a tenant names."""
    provider.key = None
    monkeypatch.setenv("OPENAI_API_KEY", "sk-operator")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-operator")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Secret: operator")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert connect(key=None).ask(Prompt("Which?")).text == "OK"
    [request] = provider.requests
    assert set(request.headers) == {
        *("host", "accept", "accept-encoding", "connection", "user-agent", "content-type", "content-length")
    }
    assert "operator" not in str(request)


def test_a_model_that_refuses_max_tokens_is_asked_with_the_other_name(
    provider: FakeProvider, connect: Connect
) -> None:
    provider.newer = True
    connection = connect()
    assert [connection.ask(Prompt("Which?")).text for _ in range(2)] == ["OK", "OK"]
    sent = [sorted(set(each.body) - {"model", "messages"}) for each in provider.requests]
    assert sent == [["max_tokens"], ["max_completion_tokens"], ["max_completion_tokens"]]


SCHEMA: Json = {
    "type": "object",
    "properties": {"title": {"type": "string"}},
    "required": ["title"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("api", ["chat_completions", "responses"])
def test_a_schema_is_sent_where_the_provider_takes_one(provider: FakeProvider, connect: Connect, api: str) -> None:
    text = '{"title": "Canvas bag"}'
    answering(provider, recorded.openai(text) if api == "chat_completions" else recorded.openai_responses(text))
    reply = connect(api=api).ask(Prompt("Write a title.", schema=SCHEMA))
    assert (reply.text, reply.problem) == (text, None)
    body = provider.requests[0].body
    form = {"name": "answer", "strict": True, "schema": SCHEMA}
    if api == "chat_completions":
        assert body["response_format"] == {"type": "json_schema", "json_schema": form}
    else:
        assert body["text"] == {"format": {"type": "json_schema", **form}}


def test_a_schema_is_said_where_the_provider_takes_none(provider: FakeProvider, connect: Connect) -> None:
    answering(provider, recorded.anthropic('```json\n{"title": "Canvas bag"}\n```'))
    reply = connect(json_schema=False).ask(Prompt("Write a title.", instructions="Be short.", schema=SCHEMA))
    assert (reply.text, reply.problem) == ('{"title": "Canvas bag"}', None)
    body = provider.requests[0].body
    assert "response_format" not in body
    assert body["messages"][0]["content"].startswith("Be short.\n\nAnswer with JSON only")
    assert '"additionalProperties": false' in body["messages"][0]["content"]


def test_a_code_block_that_never_ends_is_read_at_once(provider: FakeProvider, connect: Connect) -> None:
    answering(provider, recorded.openai("```" + "\n" * 5_000 + "x"))
    # By an expression that tries each line as the end of the block it would take more than a minute.
    with cpu_seconds_at_most(10):
        assert connect(json_schema=False).ask(Prompt("Write a title.", schema=SCHEMA)).problem is not None


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1]",
        '{"title": 7}',
        '{"title": "x", "more": 1}',
        "[" * 20_000,
        # Escaped, so that they come through as text: what nobody could store.
        '{"title": "half \\ud800 of a pair"}',
        '{"title": "\\u0000"}',
    ],
)
def test_an_answer_of_another_form_is_paid_for_and_not_used(
    provider: FakeProvider, connect: Connect, text: str
) -> None:
    answering(provider, recorded.openai(text))
    reply = connect().ask(Prompt("Write a title.", schema=SCHEMA))
    assert reply.problem is not None
    assert (reply.problem.code, reply.output_tokens) == ("MALFORMED_ANSWER", 12)


@STREAMS
@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (recorded.openai("", refusal="I cannot help."), "REFUSED", "gpt-5-mini refuses to answer: I cannot help."),
        (recorded.openai("", finish_reason="content_filter"), "REFUSED", "by its content rules."),
        (recorded.openai("One, tw", finish_reason="length"), "ANSWER_CUT_OFF", "cut off at the limit of 1024 tokens"),
        (recorded.openai(""), "EMPTY_ANSWER", "The answer of gpt-5-mini is empty."),
    ],
    ids=["refusal", "filter", "length", "empty"],
)
def test_why_there_is_no_answer_is_told_apart(
    provider: FakeProvider, connect: Connect, answer: Json, code: str, said: str, stream: bool
) -> None:
    answering(provider, answer)
    reply = connect(stream=stream).ask(Prompt("Which?"))
    assert reply.problem is not None
    assert (reply.problem.code, reply.input_tokens) == (code, 21)
    assert said in reply.problem.message


@STREAMS
@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}, "ANSWER_CUT_OFF"),
        ({"status": "incomplete", "incomplete_details": {"reason": "content_filter"}}, "REFUSED"),
        ({"status": "failed", "error": {"code": "server_error", "message": "…"}}, "UNAVAILABLE"),
    ],
    ids=["length", "filter", "failed"],
)
def test_so_it_is_with_the_responses_api(
    provider: FakeProvider, connect: Connect, more: Json, code: str, stream: bool
) -> None:
    answering(provider, recorded.openai_responses("One, tw", **more))
    reply = connect(api="responses", stream=stream).ask(Prompt("Which?"))
    assert reply.problem is not None
    assert reply.problem.code == code


def test_tokens_that_nobody_can_have_used_are_not_counted(provider: FakeProvider, connect: Connect) -> None:
    answer = recorded.openai(TEXT)
    for tokens in (-5, 10**12, "many", True, None):
        answering(provider, {**answer, "usage": {"prompt_tokens": tokens, "completion_tokens": 3}})
        reply = connect().ask(Prompt("Which?"))
        assert (reply.input_tokens, reply.output_tokens) == (None, 3)


def test_what_the_database_cannot_store_is_taken_out(provider: FakeProvider, connect: Connect) -> None:
    provider.instead = [json_reply(recorded.openai("a\0b \ud800 c"))]
    text = connect().ask(Prompt("Which?")).text
    assert text == "ab ? c"


def test_a_stream_may_have_comments_and_other_events(provider: FakeProvider, connect: Connect) -> None:
    reply = streamed(recorded.chunks_of(recorded.openai(TEXT)))
    provider.instead = [type(reply)(b": OPENROUTER PROCESSING\n\n" + reply.body, 200, reply.headers)]
    assert connect(stream=True).ask(Prompt("Which?")).text == TEXT


def test_a_call_costs_what_its_prices_say(connect: Connect) -> None:
    connection = connect(input_price_per_million=0.15, output_price_per_million=0.6, price_per_request=0.005)
    assert connection.cost(1_000, 500) == Decimal("0.00545")


def test_neither_the_key_nor_what_is_asked_is_logged(
    provider: FakeProvider, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    provider.instead = [json_reply({"error": {"message": f"{KEY} is bad: my secret question"}}, 400)]
    connection = connect()
    with pytest.raises(Permanent) as raised:
        connection.ask(Prompt("my secret question"))
    assert KEY not in raised.value.message
    connection.ask(Prompt("my secret question"))
    assert KEY not in caplog.text
    assert "my secret question" not in caplog.text


# --- A server that echoes the key ---------------------------------------------------------------------------------

SPELT = ["{key}", "{upper}", "{quoted}"]


@STREAMS
@pytest.mark.parametrize("spelt", SPELT)
def test_the_key_is_taken_out_of_whatever_comes_back(
    provider: FakeProvider, connect: Connect, stream: bool, spelt: str
) -> None:
    key = "sk/very+secret-key"
    provider.key = key
    echo = spelt.format(key=key, upper=key.upper(), quoted=quote(key, safe=""))
    answer = recorded.perplexity(f"Your key is {echo}.", {f"https://{echo}.example/?k={echo}": f"Title {echo}"})
    answering(provider, {**answer, "model": f"model-{echo}"})
    reply = connect(key=key, stream=stream).ask(Prompt("Which?"))
    assert reply.text == "Your key is …."
    assert echo not in str(reply)
    assert reply.citations[0].title == "Title …"


def test_a_key_that_json_spells_otherwise_is_taken_out(provider: FakeProvider, connect: Connect) -> None:
    spelt = "".join(f"\\u{ord(each):04x}" for each in KEY)
    answering(provider, recorded.openai(f'{{"title": "a {spelt} b"}}'))
    reply = connect().ask(Prompt("Write a title.", schema=SCHEMA))
    assert (reply.text, reply.problem) == ('{"title":"a … b"}', None)


@pytest.mark.parametrize("told", [recorded.openai("", refusal=f"No, {KEY}."), recorded.openai(KEY, model=KEY)])
def test_a_refusal_that_quotes_the_key_does_not_show_it(provider: FakeProvider, connect: Connect, told: Json) -> None:
    answering(provider, told)
    reply = connect().ask(Prompt("Which?"))
    assert KEY not in f"{reply} {reply.problem}"


def test_a_placeholder_for_a_key_is_a_word_like_any_other(provider: FakeProvider, connect: Connect) -> None:
    provider.key = "ollama"
    answering(provider, recorded.openai("Run ollama."))
    assert connect(key="ollama").ask(Prompt("Which?")).text == "Run ollama."
