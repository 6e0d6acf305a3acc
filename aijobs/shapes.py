"""Forms that values have on the wire, whoever sends them."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, PlainSerializer


def timestamp(moment: datetime) -> str:
    """UTC, milliseconds, Z: as every moment on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(timestamp, return_type=str, when_used="json")]
# Decimal inside, a number on the wire.
Money = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]


class RequestModel(BaseModel):
    """Base of what bodies are read as: strict types, unknown fields refused."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)
