"""The connector of whoever speaks OpenAI's protocol."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, cast

from django.utils.module_loading import import_string

from aijobs.outbound.failures import NotYet
from aijobs.outbound.pace import Patience
from aijobs.outbound.retrying import Retries, doubling, retried
from aijobs.outbound.throttle import Limit, Throttle
from workers.assistants.openai_compatible import requests
from workers.assistants.openai_compatible.exchange import Exchange, OtherLimit
from workers.assistants.openai_compatible.judging import reply_of
from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings
from workers.assistants.openai_compatible.wire import ChatAnswer, ResponsesAnswer
from workers.assistants.protocols import Connector, Prompt, Reply, Scope

if TYPE_CHECKING:
    from workers.assistants.openai_compatible.sdk import Sdk

SDK = "workers.assistants.openai_compatible.sdk.Sdk"
RETRIES = Retries(3, doubling(0.5))
# The longest that a worker's thread sleeps for a rate limit or a Retry-After: what is longer waits in PostgreSQL.
PATIENCE_SECONDS = 5.0
# How many requests may be sent at once after a pause: a tenth of a minute's, and a few in any case, since a job that
# waits in the queue comes some seconds after its turn and would lose it else.
BURSTS_IN_A_MINUTE, SMALLEST_BURST = 10, 3
# A job that waits comes back for several turns at once, and so much earlier: its thread may sleep for the last one.
AHEAD_SECONDS = 2.5


class OpenAiCompatible(Connector[OpenAiCompatibleSettings, OpenAiCompatibleCredentials]):
    def __init__(
        self, settings: OpenAiCompatibleSettings, credentials: OpenAiCompatibleCredentials, scope: Scope
    ) -> None:
        super().__init__(settings, credentials, scope)
        self._exchange = Exchange(settings, credentials)
        self._patience = Patience(PATIENCE_SECONDS)
        self._throttle = Throttle(f"assistant.{scope.tenant_id}.{scope.name}", self._patience)
        # What most call it; see `_chat`.
        self._limit = "max_tokens"

    def close(self) -> None:
        if "_sdk" in self.__dict__:
            self._sdk.close()
        self._exchange.close()
        self._throttle.close()

    @cached_property
    def _sdk(self) -> "Sdk":
        """Loaded with the first question: a test of the connection, which the web process makes, needs none of it."""
        return cast("Sdk", import_string(SDK)(self._exchange))

    @property
    def model(self) -> str:
        return self.settings.model

    @property
    def host(self) -> str:
        return self._exchange.provider.host

    @property
    def identity(self) -> Mapping[str, object]:
        return self.settings.model_dump(include={"base_url", "model", "api", "web_search", "json_schema"})

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        return self.settings.cost(input_tokens, output_tokens)

    def check(self, seconds: float) -> Reply:
        """Without the SDK, and without a limit of tokens, which thinking models would use up before they answer."""
        content = self._exchange.post(requests.check_of(self.settings), seconds).content
        form = ResponsesAnswer if self.settings.api == "responses" else ChatAnswer
        try:
            reading = form.of(content).read()
        except (ValueError, RecursionError):
            raise self._exchange.provider.not_understood() from None
        told = self._exchange.provider.quoted(reading.model) or self.settings.model
        return replace(reply_of(reading, Prompt(requests.CHECK), self._exchange.provider), model=told)

    def ask(self, prompt: Prompt) -> Reply:
        return retried(lambda: self._ask_once(prompt), RETRIES, self._patience)

    def _ask_once(self, prompt: Prompt) -> Reply:
        # Loaded before: a busy process needs seconds for it, and what is sent so late comes with the next ones.
        _ = self._sdk
        self._take_turn()
        answer = self._responses(prompt) if self.settings.api == "responses" else self._chat(prompt)
        return reply_of(answer.read(), prompt, self._exchange.provider)

    def _take_turn(self) -> None:
        """Raises NotYet where it would come later than a thread may sleep."""
        if (most := self.settings.requests_per_minute) is None:
            return
        burst = min(most, max(SMALLEST_BURST, most // BURSTS_IN_A_MINUTE))
        seconds = self._throttle.reserve("requests", Limit(most / 60, burst, most_in_a_minute=most))
        if seconds >= self._patience.left:
            message = f"The limit of {most} requests per minute for {self.name} is used up for the moment."
            raise NotYet("RATE_LIMITED", message, seconds + max(0, burst - 2) * 60 / most - AHEAD_SECONDS)
        self._patience.wait(seconds)

    def _responses(self, prompt: Prompt) -> ResponsesAnswer:
        return self._sdk.responses(prompt.text, requests.responses_parameters(prompt, self.settings))

    def _chat(self, prompt: Prompt) -> ChatAnswer:
        """OpenAI's newer models take `max_completion_tokens` only, others `max_tokens` only: the first refusal tells,
        costs nothing but its turn, and is remembered for this run."""
        messages = requests.messages_of(prompt, self.settings)
        try:
            return self._sdk.chat(messages, requests.chat_parameters(prompt, self.settings, self._limit))
        except OtherLimit:
            self._limit = "max_completion_tokens"
        self._take_turn()
        return self._sdk.chat(messages, requests.chat_parameters(prompt, self.settings, self._limit))
