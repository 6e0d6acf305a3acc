"""One call of the Selling Partner API: with its token, within its rate limit, every refusal as what it means."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from aijobs.outbound.calling import unavailable
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent
from aijobs.outbound.pace import Pace
from aijobs.outbound.retrying import Retries, doubling, retried
from aijobs.outbound.throttle import Limit, Throttle
from workers.marketplaces.amazon.answers import InvalidAnswer, decoded, error_message
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.amazon.tokens import AccessTokens
from workers.marketplaces.amazon.transport import NAME, Transport

# Half a second to one, then twice as long each time: also where a server asks for no pause at all.
RETRIES = Retries(4, doubling(0.5))


@dataclass(frozen=True, slots=True)
class Operation:
    """`limit` is the usage plan's default in Amazon's model; an answer says what applies to this seller."""

    name: str
    method: str
    limit: Limit

    @property
    def writes(self) -> bool:
        return self.method == "PATCH"


LISTING_OFFERS = Operation("getListingOffersBatch", "POST", Limit(0.5, 1))
ITEM_OFFERS = Operation("getItemOffersBatch", "POST", Limit(0.1, 1))
COMPETITIVE_SUMMARY = Operation("getCompetitiveSummary", "POST", Limit(0.033, 1))
EXPECTED_PRICES = Operation("getFeaturedOfferExpectedPriceBatch", "POST", Limit(0.033, 1))
READ_LISTING = Operation("getListingsItem", "GET", Limit(5, 10))
SEARCH_LISTINGS = Operation("searchListingsItems", "GET", Limit(5, 5))
PATCH_LISTING = Operation("patchListingsItem", "PATCH", Limit(5, 5))


@dataclass(frozen=True, slots=True)
class _Call:
    operation: Operation
    path: str
    params: Mapping[str, str] | None
    body: bytes | None


class Client:
    """To be closed."""

    def __init__(self, settings: AmazonSettings, credentials: AmazonCredentials, pace: Pace) -> None:
        self._endpoint = settings.endpoint or settings.marketplace.endpoint
        self._pace = pace
        self._transport = Transport(pace)
        self._tokens = AccessTokens(self._transport, settings.token_endpoint, credentials)
        # Amazon's limits are those of an application with an account, which all its marketplaces of a region share.
        self._throttle = Throttle(f"{self._tokens.key}.{self._endpoint}", pace)

    def close(self) -> None:
        self._transport.close()
        self._throttle.close()

    def call(
        self, operation: Operation, path: str, *, params: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> object:
        """The answer's JSON. `path` is encoded already. Raises OutboundError: Uncertain only for a write."""
        call = _Call(operation, path, params, body)
        return decoded(retried(lambda: self._attempt(call), RETRIES, self._pace).content)

    def _attempt(self, call: _Call) -> httpx.Response:
        response = self._send(call)
        if _token_refused(response):
            # It has expired, or was revoked: `_send` has dropped it, and fetches another one.
            response = self._send(call)
        if problem := _problem(response, call.operation):
            raise problem
        return response

    def _send(self, call: _Call) -> httpx.Response:
        operation = call.operation
        # First, so that its failures take nobody's turn.
        token = self._tokens.get()
        self._throttle.wait(operation.name, operation.limit)
        headers = {"x-amz-access-token": token, "accept": "application/json", "content-type": "application/json"}
        response = self._transport.exchange(
            operation.method,
            self._endpoint + call.path,
            writes=operation.writes,
            headers=headers,
            params=call.params,
            content=call.body,
        )
        self._throttle.remember(operation.name, _rate(response))
        if _token_refused(response):
            self._tokens.forget(token)
        return response


def _rate(response: httpx.Response) -> float:
    """Calls per second, as the answer says; 0, which nobody believes, where it does not."""
    try:
        return float(response.headers.get("x-amzn-ratelimit-limit", "0"))
    except ValueError:
        return 0.0


def _token_refused(response: httpx.Response) -> bool:
    """Amazon answers 403 for an expired token; behind a proxy it may be 401."""
    if response.status_code != httpx.codes.FORBIDDEN:
        return response.status_code == httpx.codes.UNAUTHORIZED
    said = _said(response).lower()
    return any(word in said for word in ("unauthorized", "expired", "token"))


def _problem(response: httpx.Response, operation: Operation) -> OutboundError | None:
    status = response.status_code
    if problem := unavailable(response, name=NAME, writes=operation.writes):
        return problem
    if httpx.codes.is_success(status):
        return None
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return CredentialsRefused(
            "ACCESS_DENIED",
            f"Amazon denies {operation.name}. Check the roles of the application, and authorise it again. Amazon "
            f"says: {_said(response)}",
        )
    if status == httpx.codes.NOT_FOUND:
        return Permanent("NOT_LISTED", f"Amazon does not know this listing: {_said(response)}")
    if httpx.codes.is_client_error(status):
        return Permanent("WRITE_REJECTED" if operation.writes else "REJECTED", _said(response))
    return InvalidAnswer(f"its status is {status}")


def _said(response: httpx.Response) -> str:
    try:
        told = error_message(decoded(response.content))
    except InvalidAnswer:
        told = ""
    return told or f"status {response.status_code}"
