"""What an answer that is none means to whoever has configured the assistant."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import httpx

from aijobs.outbound.calling import unavailable
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent, Transient
from aijobs.outbound.guard import AddressRefused
from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings
from workers.connections.redacting import Redaction

LONGEST_QUOTE = 300
# Providers' own names of the same things, in `code`, `type` or `status`.
_NO_CREDIT = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_credits", "payment_required"}
_NO_MODEL = {"model_not_found", "invalid_model", "not_found_error", "NotFoundError"}
_TOO_LONG = {"context_length_exceeded", "string_above_max_length", "request_too_large"}
_FILTERED = {"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"}


@dataclass(frozen=True)
class Provider:
    """Whom failures are about, and what must not be quoted."""

    settings: OpenAiCompatibleSettings
    credentials: OpenAiCompatibleCredentials

    @property
    def host(self) -> str:
        return httpx.URL(self.settings.base_url).host

    @cached_property
    def redacted(self) -> Redaction:
        """The provider's text without the key, if it echoes that."""
        key = self.credentials.api_key
        return Redaction([key.get_secret_value()] if key else [])

    def quoted(self, text: str) -> str:
        """The provider's text as a part of ours: one line, not too long, and without the key."""
        printable = "".join(each if each.isprintable() else " " for each in self.redacted(text)).strip()
        return " ".join(printable.split())[:LONGEST_QUOTE]

    def not_understood(self) -> Transient:
        return Transient(
            "INVALID_ANSWER",
            f"The service does not understand the answer of {self.host}. Check base_url and api.",
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """The provider's error, as far as it has the form of one."""

    message: str
    names: frozenset[str]


def of_status(response: httpx.Response, provider: Provider) -> OutboundError | None:
    """The failure that the answer is; None where it is none."""
    status, said = response.status_code, _said(response)
    if status == httpx.codes.OK:
        return None
    if status == httpx.codes.PAYMENT_REQUIRED or said.names & _NO_CREDIT:
        return CredentialsRefused(
            "QUOTA_EXHAUSTED",
            f"The account at {provider.host} has no credit left. Add credit there, or raise its limit.",
        )
    if problem := unavailable(response, name=provider.host):
        return problem
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return _access(status, said, provider)
    if status == httpx.codes.NOT_FOUND or said.names & _NO_MODEL:
        return _not_found(said, provider)
    return _refused(status, said, provider)


def _access(status: int, said: _Said, provider: Provider) -> OutboundError:
    if status == httpx.codes.FORBIDDEN:
        told = f" It says: {provider.quoted(said.message)}" if said.message else ""
        return CredentialsRefused(
            "ACCESS_DENIED", f"{provider.host} denies this API key the use of {provider.settings.model}.{told}"
        )
    # What it says may show a part of the key.
    if provider.credentials.api_key is None:
        return CredentialsRefused(
            "CREDENTIALS_REFUSED", f"{provider.host} asks for an API key. Save the assistant with one."
        )
    return CredentialsRefused("CREDENTIALS_REFUSED", f"{provider.host} does not accept the API key.")


def _not_found(said: _Said, provider: Provider) -> OutboundError:
    settings = provider.settings
    if said.names & _NO_MODEL or settings.model in said.message:
        return CredentialsRefused(
            "MODEL_NOT_FOUND",
            f"{provider.host} does not have the model {settings.model}, or not for this API key. Check its name.",
        )
    return CredentialsRefused(
        "API_NOT_FOUND",
        f"{provider.host} has no API at {settings.base_url}. Check base_url, which usually ends in /v1, and api.",
    )


def _refused(status: int, said: _Said, provider: Provider) -> OutboundError:
    told = provider.quoted(said.message) or f"status {status}"
    if httpx.codes.is_redirect(status):
        return CredentialsRefused(
            "API_NOT_FOUND",
            f"{provider.host} redirects elsewhere, and the service does not follow. Set base_url to the API's own "
            "address.",
        )
    if status == httpx.codes.REQUEST_ENTITY_TOO_LARGE or said.names & _TOO_LONG:
        return Permanent("PROMPT_TOO_LONG", f"The question is too long for {provider.settings.model}: {told}")
    if said.names & _FILTERED:
        return Permanent("REFUSED", f"{provider.host} refuses the question by its content rules: {told}")
    return Permanent("REQUEST_REFUSED", f"{provider.host} refused the request: {told}")


def address_refused(error: AddressRefused) -> OutboundError:
    """Nothing of the connection works until the address is another one, or is allowed."""
    return CredentialsRefused(
        error.code,
        f"{error.message} For a server in a private network, ask the operator to add assistant:host:port to "
        "AIJOBS_OUTBOUND_ALLOW.",
    )


def wants_other_limit(response: httpx.Response) -> bool:
    """Whether it is refused for `max_tokens`, which OpenAI's newer models have under another name."""
    return response.status_code == httpx.codes.BAD_REQUEST and "max_completion_tokens" in _said(response).message


def _said(response: httpx.Response) -> _Said:
    """Most have an object `error`; Gemini has it in a list, vLLM and Mistral have its fields on top, some a text."""
    try:
        document = json.loads(response.content)
    except (ValueError, RecursionError):
        return _Said("", frozenset())
    if isinstance(document, list) and document:
        document = document[0]
    error = document.get("error", document) if isinstance(document, dict) else document
    if isinstance(error, Mapping):
        names = (error.get(name) for name in ("code", "type", "status"))
        message = error.get("message", error.get("detail", ""))
        return _Said(message if isinstance(message, str) else "", frozenset(str(each) for each in names if each))
    return _Said(error if isinstance(error, str) else "", frozenset())
