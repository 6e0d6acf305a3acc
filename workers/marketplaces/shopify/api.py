"""One call of the Admin API at a time: within the rate limit, and every failure as what it means to the caller."""

import random
from http import HTTPStatus
from typing import TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, JsonValue, SecretStr, ValidationError

from aijobs.outbound.failures import OutboundError, Transient
from aijobs.outbound.http import TIMEOUT_SECONDS, TooLarge, open_client, send
from aijobs.outbound.pace import Pace
from workers.marketplaces.shopify import failures
from workers.marketplaces.shopify.bucket import Bucket
from workers.marketplaces.shopify.connection import ShopifySettings
from workers.marketplaces.shopify.failures import UNTOLD_WAIT_SECONDS, Throttled, failure
from workers.marketplaces.shopify.operations import Data, Operation

MOST_REPEATS = 4
# A page of variants takes 20 KiB.
MOST_BYTES = 1024 * 1024
LONGEST_QUOTE = 300
# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout)

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
        self._client = open_client()

    def close(self) -> None:
        self._client.close()

    def call(self, operation: Operation[D], **variables: JsonValue) -> D:
        """The operation's data. Raises OutboundError: Uncertain only for one that writes."""
        for repeat in range(1, MOST_REPEATS + 1):
            try:
                return self._call_once(operation, variables)
            except Throttled as throttled:
                self._pace.wait(_spread(throttled.retry_after or 0.0, repeat))
        return self._call_once(operation, variables)

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
        seconds = min(TIMEOUT_SECONDS, self._pace.left)
        request = self._client.build_request(
            "POST",
            self._settings.url,
            json={"query": operation.text, "operationName": operation.name, "variables": variables},
            headers={"X-Shopify-Access-Token": self._token.get_secret_value()},
            timeout=seconds,
        )
        try:
            return send(self._client, request, most_bytes=MOST_BYTES, seconds=seconds)
        except _NOT_SENT as error:
            raise Transient("UNREACHABLE", f"{self._settings.url.host} cannot be reached.") from error
        except httpx.HTTPError as error:
            raise failure(operation, "NO_ANSWER", "Shopify did not answer whole and in time.") from error
        except TooLarge as error:
            raise failure(operation, error.code, error.message) from error

    def _problem(self, operation: Operation[D], error: _GraphqlError, told: bool) -> OutboundError:
        if error.extensions.code == "THROTTLED":
            return Throttled(self._bucket.seconds_until(operation.name) if told else UNTOLD_WAIT_SECONDS)
        return failures.of_code(operation, error.extensions.code, self.quotable(error.message))


def _spread(seconds: float, repeat: int) -> float:
    """At least `seconds`. All who wait for a bucket are told the same: together they would find it empty again."""
    return seconds * random.uniform(1, 1 + repeat)  # noqa: S311  # spreads load, hides nothing
