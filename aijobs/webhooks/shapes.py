"""What is sent of webhooks, as the API and the forms of the admin read it."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from aijobs.shapes import LABEL, Form, RequestModel, SentMoment
from aijobs.webhooks.recording import TYPES
from aijobs.webhooks.replaying import MOST_REPLAYED

LONGEST_URL = 500
LONGEST_DESCRIPTION = 200

# A host by its name, or an IPv4 address. What a name leads to, and whether it may be called, is the guarded client's
# matter; a user, a password or a fragment is nobody's.
_LABEL = r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*"
_HOST = rf"({_LABEL}\.)*{_LABEL}"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})"
_REST = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
URL = Form(
    rf"^https?://{_HOST}(:{_PORT})?{_REST}$",
    "must be an https URL without user and fragment, for example https://shop.example.com/webhooks/ai-jobs",
)


def _known(name: str) -> str:
    if name not in TYPES:
        raise ValueError(f"must be one of {', '.join(TYPES)}")
    return name


def _once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("must name each event once")
    return names


EventName = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": list(TYPES)})]
EventNames = Annotated[
    list[EventName], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_once)
]


class WebhookRequest(RequestModel):
    url: Annotated[str, URL] = Field(
        description="Where the service sends events: an https address of the public internet, on the usual port.",
        max_length=LONGEST_URL,
        examples=["https://shop.example.com/webhooks/ai-jobs"],
    )
    events: EventNames = Field(description="Which events are sent.", examples=[["job.completed", "job.failed"]])
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION), LABEL] | None = Field(
        default=None,
        description="What the webhook is for, in your words.",
        examples=["order system"],
    )
    enabled: bool = Field(default=True, description="While this is false, nothing is recorded for it, or sent.")


class WebhookChange(RequestModel):
    """The fields that you want to change."""

    url: Annotated[str, URL] = Field(default="", description="Another address.", max_length=LONGEST_URL)
    events: EventNames = Field(default=[], description="Other events: all that you want.")
    description: Annotated[str, Field(max_length=LONGEST_DESCRIPTION), LABEL] | None = Field(
        default=None, description="Another description, or null for none."
    )
    enabled: bool = Field(
        default=True,
        description="Set this to true after the service has disabled the webhook: what waits for it is sent.",
    )


class ReplayRequest(RequestModel):
    since: SentMoment = Field(description="Deliveries that were recorded at this moment or later.")
    until: SentMoment = Field(description="And at this moment or earlier.")
    status: Literal["delivered", "failed"] | None = Field(
        default=None, description="Only those with this status. Without it, both."
    )
    count: int | None = Field(
        default=None,
        description="How many deliveries of this range have ended, as the service has told you. Without it, the "
        "service tells you, and sends nothing.",
        ge=0,
        le=MOST_REPLAYED,
    )
