"""Login with Amazon: the access token that every call carries, exchanged for the seller's refresh token."""

import hashlib
import time

import httpx

from aijobs.outbound.calling import unavailable
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Unavailable
from workers.marketplaces.amazon.answers import InvalidAnswer, decoded, fields
from workers.marketplaces.amazon.settings import AmazonCredentials
from workers.marketplaces.amazon.transport import NAME, Transport

# A call that begins before this has its answer while the token lasts, which is an hour.
MARGIN_SECONDS = 120
LONGEST_TOKEN = 8000

# By a digest of the endpoint and all credentials: who has only some of them gets no token of somebody else's.
# Two threads that miss at once exchange twice, which does no harm.
_cache: dict[str, tuple[str, float]] = {}

_REFUSED = {
    "invalid_grant": ("REFRESH_TOKEN_REFUSED", "Amazon refuses the refresh token. Authorise the application again."),
    "invalid_client": ("CLIENT_REFUSED", "Amazon refuses the client ID or the client secret."),
    "unauthorized_client": ("CLIENT_REFUSED", "Amazon does not let this client ID use the refresh token."),
}


class AccessTokens:
    def __init__(self, transport: Transport, endpoint: str, credentials: AmazonCredentials) -> None:
        self._transport = transport
        self._endpoint = endpoint
        self._form = {
            "grant_type": "refresh_token",
            "client_id": credentials.client_id.get_secret_value(),
            "client_secret": credentials.client_secret.get_secret_value(),
            "refresh_token": credentials.refresh_token.get_secret_value(),
        }
        # Names the credentials, and does not tell them.
        self.key = hashlib.sha256("\0".join([endpoint, *self._form.values()]).encode()).hexdigest()

    def get(self) -> str:
        """This process's token, exchanged where there is none. Raises OutboundError."""
        known = _cache.get(self.key)
        if known is not None and time.monotonic() < known[1]:
            return known[0]
        try:
            token, seconds = self._exchange()
        except InvalidAnswer as error:
            # No answer to the call that the token is for, which was not made.
            raise Unavailable("NO_TOKEN", error.message) from None
        for key in [key for key, (_, until) in list(_cache.items()) if until <= time.monotonic()]:
            _cache.pop(key, None)
        _cache[self.key] = (token, time.monotonic() + seconds - MARGIN_SECONDS)
        return token

    def forget(self, token: str) -> None:
        """It was refused. Another thread may have a newer one by now, which stays."""
        known = _cache.get(self.key)
        if known is not None and known[0] == token:
            _cache.pop(self.key, None)

    def _exchange(self) -> tuple[str, float]:
        response = self._transport.exchange("POST", self._endpoint, form=self._form)
        if problem := unavailable(response, name=NAME):
            raise problem
        if response.status_code != httpx.codes.OK:
            raise _refusal(response)
        answer = fields(decoded(response.content))
        token, seconds = answer.get("access_token"), answer.get("expires_in")
        # It becomes a header, where anything else would be an error of the client's.
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN or not _is_header(token):
            raise InvalidAnswer("it has no access token")
        if isinstance(seconds, bool) or not isinstance(seconds, int):
            raise InvalidAnswer("it does not say how long the access token lasts")
        return token, float(min(seconds, 86_400))


def _is_header(token: str) -> bool:
    return token.isascii() and token.isprintable() and " " not in token


def _refusal(response: httpx.Response) -> OutboundError:
    """Amazon's description is left out: it may quote what was sent."""
    if not httpx.codes.is_client_error(response.status_code):
        return InvalidAnswer(f"its status is {response.status_code}")
    try:
        error = fields(decoded(response.content)).get("error")
    except InvalidAnswer:
        error = None
    code, message = _REFUSED.get(str(error), ("CREDENTIALS_REFUSED", "Amazon refuses to issue an access token."))
    return CredentialsRefused(code, message)
