"""The way to a provider: one request, through the guarded client, bounded in time and size."""

import httpx

from aijobs.outbound.calling import call
from aijobs.outbound.failures import Permanent
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.http import TooLarge, open_client
from aijobs.outbound.purposes import Purpose
from workers.assistants.openai_compatible import failures
from workers.assistants.openai_compatible.failures import Provider
from workers.assistants.openai_compatible.settings import OpenAiCompatibleCredentials, OpenAiCompatibleSettings

# The longest answers have some 100 KiB; as a stream each word has 300 bytes of its own.
MOST_BYTES = 1024 * 1024
MOST_BYTES_OF_A_STREAM = 8 * MOST_BYTES
PATHS = {"chat_completions": "chat/completions", "responses": "responses"}
USER_AGENT = "ai-jobs/1.0"


class OtherLimit(Permanent):
    """The provider has `max_completion_tokens` instead of `max_tokens`."""


class Exchange:
    """To be closed. Only these headers are sent: an SDK would add what the environment of the process names."""

    def __init__(self, settings: OpenAiCompatibleSettings, credentials: OpenAiCompatibleCredentials) -> None:
        self.settings = settings
        self.provider = Provider(settings, credentials)
        headers = {"content-type": "application/json", "user-agent": USER_AGENT}
        if credentials.api_key:
            headers["authorization"] = f"Bearer {credentials.api_key.get_secret_value()}"
        self._client = open_client(Purpose.ASSISTANT, headers=headers)

    def close(self) -> None:
        self._client.close()

    def post(self, body: bytes, seconds: float) -> httpx.Response:
        """What the settings' API answers, with status 200. Raises OutboundError."""
        url = f"{self.settings.base_url}/{PATHS[self.settings.api]}"
        # The client's own time-out is for servers that answer at once; a model thinks before its first byte.
        request = self._client.build_request("POST", url, content=body, timeout=seconds)
        most_bytes = MOST_BYTES_OF_A_STREAM if self.settings.stream else MOST_BYTES
        try:
            response = call(self._client, request, name=self.provider.host, most_bytes=most_bytes, seconds=seconds)
        except AddressRefused as error:
            raise failures.address_refused(error) from None
        except TooLarge as error:
            raise Permanent(error.code, f"{self.provider.host}: {error.message}") from None
        if failures.wants_other_limit(response):
            raise OtherLimit("REQUEST_REFUSED", f"{self.provider.host} refuses max_tokens.")
        if problem := failures.of_status(response, self.provider):
            raise problem
        return response
