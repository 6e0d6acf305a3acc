"""What providers answer, in the forms of both APIs, and what is read of it.

Citations stand where each provider puts them: OpenAI, Gemini and OpenRouter annotate the text with `url_citation`,
Perplexity lists `citations` and `search_results` beside it.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, Field

from workers.assistants.protocols import Citation

LONGEST_URL, LONGEST_TITLE, LONGEST_MODEL, MOST_CITATIONS = 2000, 300, 200, 100
# Beyond any model's context: a count above it is a mistake, and would use up a budget.
MOST_TOKENS = 10_000_000
# What a model thinks before it answers, where its server does not take it out.
_THOUGHTS = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)


def _cleaned(text: object) -> object:
    """As PostgreSQL can store it: neither NUL nor half a surrogate pair."""
    return text.replace("\0", "").encode(errors="replace").decode() if isinstance(text, str) else text


def _counted(tokens: object) -> int | None:
    is_count = isinstance(tokens, int) and not isinstance(tokens, bool) and 0 <= tokens <= MOST_TOKENS
    return tokens if isinstance(tokens, int) and is_count else None


Text = Annotated[str, BeforeValidator(_cleaned)]
Tokens = Annotated[int | None, BeforeValidator(_counted)]


class _Document(BaseModel):
    """Base of whole answers."""

    @classmethod
    def of(cls, content: bytes) -> Self:
        """Raises ValueError. Not by pydantic's own parser: that refuses half a surrogate pair, which is taken out."""
        return cls.model_validate(json.loads(content))


class _Source(BaseModel):
    url: Text = ""
    title: Text | None = None


class _Annotation(_Source):
    """Of a text. Chat completions have the source in an object of its own, responses have it here."""

    type: str = ""
    url_citation: _Source | None = None

    @property
    def source(self) -> _Source:
        return self.url_citation or self


class _Part(BaseModel):
    """Of a text that comes in parts, or of an answer of the responses API."""

    type: str = ""
    text: Text | None = None
    refusal: Text | None = None
    annotations: list[_Annotation] | None = None


class _Error(BaseModel):
    code: str | int | None = None
    message: Text = ""


@dataclass(slots=True)
class Reading:
    """What an answer says, whichever API it is of."""

    text: str = ""
    # Why the model does not answer, in its words.
    refusal: str = ""
    end: Literal["complete", "length", "filter", "failed"] = "complete"
    citations: tuple[Citation, ...] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    model: str = ""


class _ChatUsage(BaseModel):
    prompt_tokens: Tokens = None
    completion_tokens: Tokens = None


class _Message(BaseModel):
    content: Text | list[_Part] | None = None
    refusal: Text | None = None
    annotations: list[_Annotation] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content if part.type == "text")
        return self.content or ""


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    error: _Error | None = None


class ChatAnswer(_Document):
    """Of chat completions."""

    choices: list[_Choice] = Field(min_length=1)
    usage: _ChatUsage | None = None
    model: Text | None = None
    citations: list[Text | _Source] | None = None
    search_results: list[_Source] | None = None

    def read(self) -> Reading:
        choice = self.choices[0]
        usage = self.usage or _ChatUsage()
        return Reading(
            _THOUGHTS.sub("", choice.message.text).strip(),
            choice.message.refusal or "",
            "failed" if choice.error else _ENDS.get(choice.finish_reason or "", "complete"),
            _citations([*self._listed(), *(each.source for each in choice.message.annotations or [])]),
            usage.prompt_tokens,
            usage.completion_tokens,
            (self.model or "")[:LONGEST_MODEL],
        )

    def _listed(self) -> list[_Source]:
        titles = {each.url: each for each in self.search_results or []}
        cited = [_Source(url=each) if isinstance(each, str) else each for each in self.citations or []]
        return [titles.get(each.url, each) for each in cited] or list(titles.values())


_ENDS: dict[str, Literal["length", "filter", "failed"]] = {
    "length": "length",
    "content_filter": "filter",
    "error": "failed",
}


class _Delta(BaseModel):
    content: Text | list[_Part] | None = None
    refusal: Text | None = None
    annotations: list[_Annotation] | None = None


class _ChunkChoice(BaseModel):
    delta: _Delta = _Delta()
    finish_reason: str | None = None
    error: _Error | None = None


class ChatChunk(BaseModel):
    """A part of an answer that is sent while it is written."""

    choices: list[_ChunkChoice] = []
    usage: _ChatUsage | None = None
    model: Text | None = None
    citations: list[Text | _Source] | None = None
    search_results: list[_Source] | None = None


@dataclass(slots=True)
class Streamed:
    """The chunks of a stream, put together as the answer that would have come whole."""

    texts: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    annotations: list[_Annotation] = field(default_factory=list)
    finish_reason: str | None = None
    error: _Error | None = None
    last: ChatChunk = field(default_factory=ChatChunk)

    def add(self, chunk: ChatChunk) -> None:
        # What stands beside the text comes with any chunk, or with all of them.
        for name in chunk.model_fields_set:
            if name != "choices" and getattr(chunk, name) is not None:
                setattr(self.last, name, getattr(chunk, name))
        for choice in chunk.choices[:1]:
            self.texts.append(_Message(content=choice.delta.content).text)
            self.refusals.append(choice.delta.refusal or "")
            self.annotations += choice.delta.annotations or []
            self.finish_reason = choice.finish_reason or self.finish_reason
            self.error = choice.error or self.error

    def whole(self) -> ChatAnswer | None:
        """None where the stream ended before the answer did."""
        if self.finish_reason is None and self.error is None:
            return None
        message = _Message(
            content="".join(self.texts), refusal="".join(self.refusals) or None, annotations=self.annotations
        )
        choice = _Choice(message=message, finish_reason=self.finish_reason, error=self.error)
        beside = {name: getattr(self.last, name) for name in ("usage", "model", "citations", "search_results")}
        return ChatAnswer(choices=[choice], **beside)


class _ResponsesUsage(BaseModel):
    input_tokens: Tokens = None
    output_tokens: Tokens = None


class _Output(BaseModel):
    """A message, or a step on the way to it, such as a search."""

    type: str = ""
    content: list[_Part] | None = None


class _Incomplete(BaseModel):
    reason: str = ""


class ResponsesAnswer(_Document):
    """Of the responses API."""

    status: str = "completed"
    output: list[_Output]
    incomplete_details: _Incomplete | None = None
    usage: _ResponsesUsage | None = None
    model: Text | None = None

    def read(self) -> Reading:
        parts = [part for each in self.output if each.type == "message" for part in each.content or []]
        usage = self.usage or _ResponsesUsage()
        return Reading(
            _THOUGHTS.sub("", "".join(part.text or "" for part in parts if part.type == "output_text")).strip(),
            "".join(part.refusal or "" for part in parts if part.type == "refusal"),
            self._end(),
            _citations(each.source for part in parts for each in part.annotations or []),
            usage.input_tokens,
            usage.output_tokens,
            (self.model or "")[:LONGEST_MODEL],
        )

    def _end(self) -> Literal["complete", "length", "filter", "failed"]:
        if self.status in ("failed", "cancelled"):
            return "failed"
        if self.status != "incomplete":
            return "complete"
        reason = self.incomplete_details.reason if self.incomplete_details else ""
        return "filter" if reason == "content_filter" else "length"


def _citations(sources: Iterable[_Source]) -> tuple[Citation, ...]:
    """Pages of the web, each once, in the order in which they are cited."""
    found: dict[str, Citation] = {}
    for each in sources:
        if each.url.startswith(("https://", "http://")) and len(each.url) <= LONGEST_URL:
            found.setdefault(each.url, Citation(each.url, (each.title or "")[:LONGEST_TITLE]))
    return tuple(found.values())[:MOST_CITATIONS]
