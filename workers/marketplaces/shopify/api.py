"""One call of the Admin API at a time: within the rate limit, and every failure as what it means to the caller."""

from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, SecretStr, ValidationError

from aijobs.outbound.calling import call
from aijobs.outbound.failures import OutboundError, Throttled, Transient
from aijobs.outbound.http import TIMEOUT_SECONDS, TooLarge, open_client
from aijobs.outbound.pace import Pace
from aijobs.outbound.purposes import Purpose
from aijobs.outbound.retrying import Retries, retried, spread
from workers.marketplaces.shopify import failures
from workers.marketplaces.shopify.bucket import Bucket
from workers.marketplaces.shopify.failures import UNTOLD_WAIT_SECONDS, throttled
from workers.marketplaces.shopify.operations import Data, Operation
from workers.marketplaces.shopify.settings import ShopifySettings

# Only of what the rate limit kept from being executed.
RETRIES = Retries(5, spread, after=Throttled)
# A page of variants takes 20 KiB.
MOST_BYTES = 1024 * 1024
LONGEST_QUOTE = 300

D = TypeVar("D", bound=Data)


class _ErrorExtensions(BaseModel):
    code: str = ""


class _GraphqlError(BaseModel):
    message: str
    extensions: _ErrorExtensions = _ErrorExtensions()


class _Answer(BaseModel):
    model_config = ConfigDict(strict=True)

    data: dict[str, JsonValue] | None = None
    errors: list[_GraphqlError] = []
    extensions: JsonValue = None


class Api:
    """The Admin API of one shop. To be closed."""

    def __init__(self, settings: ShopifySettings, token: SecretStr, pace: Pace) -> None:
        self._settings = settings
        self._token = token
        self._pace = pace
        self._bucket = Bucket()
        self._client = open_client(Purpose.CONNECTOR)

    def close(self) -> None:
        self._client.close()

    def call(self, operation: Operation[D], **variables: JsonValue) -> D:
        """The operation's data. Raises OutboundError: Uncertain only for one that writes."""
        return retried(lambda: self._call_once(operation, variables), RETRIES, self._pace)

    def quotable(self, text: str) -> str:
        """Shopify's text as a part of ours: one line, not too long, and without the token if it echoes that."""
        text = text.replace(self._token.get_secret_value(), "…")
        return "".join(each if each.isprintable() else " " for each in text).strip()[:LONGEST_QUOTE]

    def _call_once(self, operation: Operation[D], variables: dict[str, JsonValue]) -> D:
        self._pace.wait(self._bucket.seconds_until(operation.name))
        response = self._send(operation, variables)
        if response.status_code != HTTPStatus.OK:
            raise failures.of_status(operation, response, self._settings)
        try:
            answer = _Answer.model_validate_json(response.content)
            told = self._bucket.see(operation.name, answer.extensions)
            if answer.errors:
                raise self._problem(operation, answer.errors[0], told)
            return operation.data.model_validate(answer.data)
        except ValidationError:
            # Its text quotes the answer, where anything may be.
            raise failures.invalid_answer(operation) from None

    def _send(self, operation: Operation[D], variables: dict[str, JsonValue]) -> httpx.Response:
        request = self._client.build_request(
            "POST",
            self._settings.url,
            json={"query": operation.text, "operationName": operation.name, "variables": variables},
            headers={"X-Shopify-Access-Token": self._token.get_secret_value()},
        )
        seconds, name = min(TIMEOUT_SECONDS, self._pace.left), self._settings.url.host
        try:
            return call(
                self._client, request, name=name, most_bytes=MOST_BYTES, seconds=seconds, writes=operation.writes
            )
        except TooLarge as error:
            # Says nothing of the listing, which is not to be given up for it.
            raise Transient(error.code, error.message) from None

    def _problem(self, operation: Operation[D], error: _GraphqlError, told: bool) -> OutboundError:
        if error.extensions.code == "THROTTLED":
            return throttled(self._bucket.seconds_until(operation.name) if told else UNTOLD_WAIT_SECONDS)
        return failures.of_code(operation, error.extensions.code, self.quotable(error.message))
