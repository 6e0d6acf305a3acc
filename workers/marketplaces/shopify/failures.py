"""What an answer that is none, or a refusal, means to the caller."""

import httpx

from aijobs.outbound.calling import after_sending, unavailable
from aijobs.outbound.failures import (
    CredentialsRefused,
    OutboundError,
    Permanent,
    Throttled,
    Transient,
    Uncertain,
)
from workers.marketplaces.shopify.operations import Data, Operation
from workers.marketplaces.shopify.settings import ShopifySettings

# Where Shopify limits and does not say for how long. It names 1 s itself.
UNTOLD_WAIT_SECONDS = 1.0
_NO_SHOP = (301, 302, 303, 307, 308, 404)


def throttled(seconds: float) -> Throttled:
    """The rate limit is used up: nothing was executed."""
    return Throttled("THROTTLED", "Shopify's rate limit for this app in this shop is used up.", seconds)


def invalid_answer(operation: Operation[Data]) -> Transient:
    """Of a request that was sent: what it writes may be written."""
    kind = Uncertain if operation.writes else Transient
    return kind("INVALID_ANSWER", "The service does not understand Shopify's answer.")


def access_denied(scopes: str) -> CredentialsRefused:
    return CredentialsRefused("ACCESS_DENIED", f"The access token lacks the access scope {scopes}.")


def of_status(operation: Operation[Data], response: httpx.Response, settings: ShopifySettings) -> OutboundError:
    """Of an answer whose status is not 200."""
    status = response.status_code
    problem = unavailable(response, name="Shopify", writes=operation.writes)
    if isinstance(problem, Throttled):
        return throttled(problem.retry_after or UNTOLD_WAIT_SECONDS)
    if problem:
        return problem
    if status == 401:
        return CredentialsRefused("CREDENTIALS_REFUSED", "Shopify does not know the access token.")
    if status == 403:
        return access_denied(operation.scope)
    if status in (402, 423):
        return Permanent("SHOP_FROZEN", f"Shopify has frozen or locked {settings.shop}.")
    if status in _NO_SHOP:
        what = f"{settings.shop} with version {settings.api_version} of the API"
        return Permanent("SHOP_NOT_FOUND", f"Shopify does not know {what}.")
    if 400 <= status < 500:
        return Permanent("REQUEST_REFUSED", f"Shopify refused the request with status {status}.")
    return after_sending(operation.writes, "UNAVAILABLE", f"Shopify answered with status {status}.")


def of_code(operation: Operation[Data], code: str, message: str) -> OutboundError:
    """Of a GraphQL error that is no throttling."""
    match code:
        case "ACCESS_DENIED":
            return access_denied(operation.scope)
        case "SHOP_INACTIVE":
            return Permanent("SHOP_FROZEN", f"Shopify has closed the shop: {message}")
        # Nothing of these was executed. The last is of a version that has another schema.
        case "MAX_COST_EXCEEDED" | "BAD_REQUEST" | "INVALID_VARIABLE" | "undefinedField":
            return Permanent("REQUEST_REFUSED", f"Shopify refused the request: {message}")
    return after_sending(operation.writes, "UNAVAILABLE", f"Shopify failed: {message}")
