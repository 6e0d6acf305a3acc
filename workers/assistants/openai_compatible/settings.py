"""What a tenant says to connect a provider, and the key it is connected with."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, SecretStr, field_validator, model_validator

from aijobs.shapes import Form
from workers.connections.addresses import Address
from workers.connections.shapes import ConnectionModel

# Of a header, where anything but visible ASCII is refused with an error that quotes the value.
_KEY = re.compile(r"[!-~]+")
# Beyond what any provider asks for.
DEAREST = 100_000
MOST_REQUESTS = 60_000
SHORTEST_TIMEOUT, LONGEST_TIMEOUT = 5, 300


# `OpenAiCompatibleSettings._searches_by_responses` in JSON Schema.
SEARCHES_BY_RESPONSES: dict[str, JsonValue] = {
    "anyOf": [
        {"properties": {"web_search": {"const": False}}},
        {"required": ["api"], "properties": {"api": {"const": "responses"}}},
    ]
}
# Fractions of a cent, as they are stored.
_SMALLEST = Decimal("1E-8")


class OpenAiCompatibleSettings(ConnectionModel):
    model_config = ConfigDict(json_schema_extra=SEARCHES_BY_RESPONSES)

    base_url: Address = Field(
        description="The address of the provider's OpenAI-compatible API, which usually ends in /v1, for example "
        "https://api.openai.com/v1."
    )
    model: Annotated[
        str, Form(r"^[!-~]+$", "must be a model's name: letters, digits and punctuation without spaces")
    ] = Field(min_length=1, max_length=200, description="The model's name, as the provider writes it.")
    api: Literal["chat_completions", "responses"] = Field(
        default="chat_completions",
        description="Which API to call: most providers have chat_completions, and OpenAI also has responses.",
    )
    web_search: bool = Field(
        default=False, description="Whether the model may search the web. Only for the responses API."
    )
    json_schema: bool = Field(
        default=True,
        description="Whether the provider takes a JSON schema for answers. If not, the prompt has it.",
    )
    stream: bool = Field(
        default=False,
        description="Whether answers are sent while they are written. Set it if a proxy ends connections that are "
        "silent for long.",
    )
    input_price_per_million: float = Field(
        default=0, ge=0, le=DEAREST, allow_inf_nan=False, description="US dollars for a million input tokens."
    )
    output_price_per_million: float = Field(
        default=0, ge=0, le=DEAREST, allow_inf_nan=False, description="US dollars for a million output tokens."
    )
    price_per_request: float = Field(
        default=0,
        ge=0,
        le=DEAREST,
        allow_inf_nan=False,
        description="US dollars for each request besides its tokens, such as a search fee.",
    )
    requests_per_minute: int | None = Field(
        default=None,
        ge=1,
        le=MOST_REQUESTS,
        description="The most requests in a minute, over all workers. Leave it out for no limit.",
    )
    timeout_seconds: int = Field(
        default=60, ge=SHORTEST_TIMEOUT, le=LONGEST_TIMEOUT, description="How long one answer may take, in seconds."
    )

    @model_validator(mode="after")
    def _searches_by_responses(self) -> Self:
        if self.web_search and self.api != "responses":
            raise ValueError("web_search needs api to be responses")
        return self

    def cost(self, input_tokens: int, output_tokens: int) -> Decimal:
        """What a call with these tokens costs in US dollars."""
        tokens = input_tokens * _exact(self.input_price_per_million)
        tokens += output_tokens * _exact(self.output_price_per_million)
        return (tokens / 1_000_000 + _exact(self.price_per_request)).quantize(_SMALLEST)


def _exact(price: float) -> Decimal:
    """As it was written: 0.15 and not the nearest float."""
    return Decimal(str(price))


class OpenAiCompatibleCredentials(ConnectionModel):
    api_key: SecretStr | None = Field(
        default=None,
        min_length=1,
        max_length=500,
        description="The provider's API key. A server of your own may need none.",
        json_schema_extra={"pattern": f"^{_KEY.pattern}$"},
    )

    @field_validator("api_key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not _KEY.fullmatch(key.get_secret_value()):
            raise ValueError("must be letters, digits and punctuation without spaces")
        return key
