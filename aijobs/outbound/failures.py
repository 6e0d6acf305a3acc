"""What somebody outside refused or failed to do."""


class OutboundError(Exception):
    """What a marketplace refused or failed to do. `code` and `message` are shown to the tenant: no secrets."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class Permanent(OutboundError):
    """Trying again cannot help: this SKU is not listed, this price is not allowed, this page is not to be read."""


class CredentialsRefused(Permanent):
    """Nothing of this connection works until the tenant mends it."""


class Transient(OutboundError):
    """Trying again may help, after `retry_after` seconds where the marketplace said so. Nothing was written."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class Uncertain(Transient):
    """Of a write: it may have arrived. Only reading the price back can tell."""


class OutOfTime(Transient):
    """The run has no time left for this."""
