"""OpenAI's SDK, which knows both APIs and their streams. Only workers load it: it takes a second and 16 MB.

Its requests go through the exchange, which sends them with its own headers and the key, keeps to the time and the
size that are allowed, and raises what an answer other than 200 means. So the SDK neither sees the key nor retries.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import httpx
import openai
from openai import OpenAI
from openai.types.chat import ChatCompletionMessageParam, ChatCompletionStreamOptionsParam

from aijobs.outbound.failures import Unavailable
from aijobs.outbound.http import open_library_client
from workers.assistants.openai_compatible.exchange import Exchange
from workers.assistants.openai_compatible.wire import ChatAnswer, ChatChunk, ResponsesAnswer, Streamed

A = TypeVar("A", ChatAnswer, ResponsesAnswer)
T = TypeVar("T")
Messages = Sequence[Mapping[str, str]]
LAST_EVENTS = ("response.completed", "response.incomplete", "response.failed")
# At DEBUG it logs requests with all that is asked.
logging.getLogger("openai").setLevel(logging.INFO)


class Sdk:
    """To be closed."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._settings = exchange.settings
        client = open_library_client(self._send)
        # It takes httpx's clients beside those of httpx2, which its types name.
        self._sdk = OpenAI(
            api_key="not-told", base_url=self._settings.base_url, max_retries=0, http_client=cast("Any", client)
        )

    def close(self) -> None:
        self._sdk.close()

    def chat(self, messages: Messages, more: Mapping[str, object]) -> ChatAnswer:
        """Raises OutboundError."""
        return self._understood(self._stream_chat if self._settings.stream else self._chat, messages, more)

    def responses(self, text: str, more: Mapping[str, object]) -> ResponsesAnswer:
        """Raises OutboundError."""
        return self._understood(self._stream_responses if self._settings.stream else self._responses, text, more)

    def _send(self, request: httpx.Request) -> httpx.Response:
        return self._exchange.post(request.read(), self._settings.timeout_seconds)

    def _chat(self, messages: Messages, more: Mapping[str, object]) -> ChatAnswer:
        completions = self._sdk.chat.completions.with_raw_response
        raw = completions.create(model=self._settings.model, messages=_typed(messages), extra_body=more)
        return ChatAnswer.of(raw.content)

    def _stream_chat(self, messages: Messages, more: Mapping[str, object]) -> ChatAnswer:
        streamed = Streamed()
        usage: ChatCompletionStreamOptionsParam = {"include_usage": True}
        with self._sdk.chat.completions.create(
            model=self._settings.model, messages=_typed(messages), stream=True, stream_options=usage, extra_body=more
        ) as chunks:
            for chunk in chunks:
                streamed.add(ChatChunk.model_validate(chunk.to_dict(warnings=False)))
        return self._ended(streamed.whole())

    def _responses(self, text: str, more: Mapping[str, object]) -> ResponsesAnswer:
        responses = self._sdk.responses.with_raw_response
        raw = responses.create(model=self._settings.model, input=text, extra_body=more)
        return ResponsesAnswer.of(raw.content)

    def _stream_responses(self, text: str, more: Mapping[str, object]) -> ResponsesAnswer:
        last = None
        with self._sdk.responses.create(
            model=self._settings.model, input=text, stream=True, extra_body=more
        ) as events:
            for event in events:
                if event.type in LAST_EVENTS:
                    last = ResponsesAnswer.model_validate(event.to_dict(warnings=False)["response"])
        return self._ended(last)

    def _ended(self, answer: A | None) -> A:
        if answer is None:
            raise Unavailable("NO_ANSWER", f"{self._exchange.provider.host} ended in the middle of its answer.")
        return answer

    def _understood(self, asked: Callable[[T, Mapping[str, object]], A], text: T, more: Mapping[str, object]) -> A:
        """What the call returns. Whatever it trips over in the answer is one problem, which quotes nothing of it."""
        provider = self._exchange.provider
        try:
            return asked(text, more)
        except openai.APIError as error:
            told = provider.quoted(error.message)
            raise Unavailable("UNAVAILABLE", f"{provider.host} failed while it answered: {told}") from None
        # Of JSON, of its form, of its encoding, and of events that have other fields than their type promises.
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise provider.not_understood() from None


def _typed(messages: Messages) -> list[ChatCompletionMessageParam]:
    """As the SDK's types would have them, which tell roles apart."""
    return cast("list[ChatCompletionMessageParam]", messages)
