"""Whether what came is an answer to what was asked: complete, not refused, and in the form that was asked for."""

from collections.abc import Mapping

import orjson
from jsonschema import Draft202012Validator

from aijobs.outbound.failures import OutboundError, Permanent, Unavailable
from workers.assistants.openai_compatible.failures import Provider
from workers.assistants.openai_compatible.wire import Reading
from workers.assistants.protocols import Citation, Prompt, Reply

FENCE = "```"
# Four are usual. A server that does not keep to the limit would fill memory: a job has thousands of answers.
MOST_CHARACTERS_PER_TOKEN = 32


def reply_of(reading: Reading, prompt: Prompt, provider: Provider) -> Reply:
    """What the provider is paid for in any case, with why it cannot be used where it cannot."""
    text, problem = provider.redacted(reading.text), _problem(reading, prompt, provider)
    if prompt.schema is not None and problem is None:
        text = _unfenced(text)
        problem = _malformed(text, prompt.schema, provider)
        text = text if problem else _redacted(text, provider)
    citations = tuple(_cited(each, provider) for each in reading.citations)
    model = provider.redacted(reading.model)
    return Reply(text, citations, reading.input_tokens, reading.output_tokens, model, problem)


def _cited(citation: Citation, provider: Provider) -> Citation:
    return Citation(provider.redacted(citation.url), provider.redacted(citation.title))


def _redacted(document: str, provider: Provider) -> str:
    """JSON can spell a key so that it is one only when it is read."""
    plain = orjson.dumps(orjson.loads(document)).decode()
    return document if provider.redacted(plain) == plain else provider.redacted(plain)


def _problem(reading: Reading, prompt: Prompt, provider: Provider) -> OutboundError | None:
    model = provider.settings.model
    if reading.refusal:
        return Permanent("REFUSED", f"{model} refuses to answer: {provider.quoted(reading.refusal)}")
    match reading.end:
        case "filter":
            return Permanent("REFUSED", f"{provider.host} withheld the answer of {model} by its content rules.")
        case "length":
            most = prompt.max_output_tokens
            return Permanent("ANSWER_CUT_OFF", f"The answer of {model} was cut off at the limit of {most} tokens.")
        case "failed":
            return Unavailable("UNAVAILABLE", f"{provider.host} failed while {model} answered.")
    if len(reading.text) > MOST_CHARACTERS_PER_TOKEN * prompt.max_output_tokens:
        return Permanent("ANSWER_TOO_LARGE", f"The answer of {model} is far longer than the tokens that it may have.")
    return None if reading.text else Permanent("EMPTY_ANSWER", f"The answer of {model} is empty.")


def _unfenced(text: str) -> str:
    """Models put JSON into a code block where the provider does not take a schema."""
    first, _, rest = text.partition("\n")
    is_fenced = first.rstrip() in (FENCE, f"{FENCE}json") and rest.endswith(FENCE)
    return rest.removesuffix(FENCE).strip() if is_fenced else text


def _malformed(text: str, schema: Mapping[str, object], provider: Provider) -> OutboundError | None:
    try:
        # Unlike Python's own, it refuses half a surrogate pair that is escaped. Neither that nor NUL can be stored.
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        document = None
    if document is None or "\\u0000" in text:
        return Permanent("MALFORMED_ANSWER", f"The answer of {provider.settings.model} is not the JSON asked for.")
    error = next(Draft202012Validator(schema).iter_errors(document), None)
    if error is None:
        return None
    # Its message quotes the answer.
    where = "/".join(str(each) for each in error.absolute_path) or "the whole"
    return Permanent(
        "MALFORMED_ANSWER",
        f"The JSON of {provider.settings.model} does not have the form asked for: {provider.quoted(where)}.",
    )
