"""One HTTP exchange with Amazon, bounded by the run's pace."""

from collections.abc import Mapping

import httpx

from aijobs.outbound.calling import call
from aijobs.outbound.failures import CredentialsRefused
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.http import TIMEOUT_SECONDS, TooLarge, open_client
from aijobs.outbound.pace import Pace
from aijobs.outbound.purposes import Purpose
from workers.marketplaces.amazon.answers import InvalidAnswer

# As failures call it.
NAME = "Amazon"
# 20 items of 20 offers are about 300 KiB.
MOST_BYTES = 4 * 1024 * 1024
USER_AGENT = "ai-jobs/1.0 (Language=Python)"


class Transport:
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._client = open_client(Purpose.CONNECTOR, headers={"user-agent": USER_AGENT})

    def close(self) -> None:
        self._client.close()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        writes: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status. Raises Transient, Uncertain only where `writes`, and CredentialsRefused
        for an address that is not to be called."""
        request = self._client.build_request(method, url, headers=headers, params=params, data=form, content=content)
        seconds = min(TIMEOUT_SECONDS, self._pace.left)
        try:
            return call(self._client, request, name=NAME, most_bytes=MOST_BYTES, seconds=seconds, writes=writes)
        except AddressRefused as error:
            # No call of this connection goes anywhere else.
            raise CredentialsRefused(error.code, error.message) from None
        except TooLarge:
            raise InvalidAnswer("it is too large") from None
