"""What somebody outside refused or failed to do, as what it means to the caller."""

import time


class OutboundError(Exception):
    """What somebody outside refused or failed to do. `code` and `message` are shown to the tenant: no secrets."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class Permanent(OutboundError):
    """Trying again cannot help: what was asked for does not exist there, or is not allowed."""


class CredentialsRefused(Permanent):
    """Nothing of this connection works until the tenant mends it."""


class Transient(OutboundError):
    """A later run may fare better, after `retry_after` seconds where the other side said so. Nothing was written."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after
        self._said_at = time.monotonic()

    @property
    def seconds_left(self) -> float:
        """Of `retry_after`, from now on."""
        return max(0.0, (self.retry_after or 0.0) - (time.monotonic() - self._said_at))


class Unavailable(Transient):
    """It is away or busy, and nothing was executed: the same call may succeed in a moment."""


class Throttled(Unavailable):
    """It was asked too often."""


class Uncertain(Transient):
    """Of a write: it may have arrived. Only reading back what was written can tell."""


class OutOfTime(Transient):
    """The run has no time left for this."""


class NotYet(OutOfTime):
    """The service's own limit lets no call through before `retry_after` is over. Nobody has failed."""
