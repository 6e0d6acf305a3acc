"""What is sent for a prompt, in the forms of both APIs. Parameters that some models refuse are left out."""

import json
from collections.abc import Mapping

from workers.assistants.openai_compatible.settings import OpenAiCompatibleSettings
from workers.assistants.protocols import Prompt

CHECK = "Answer with the word OK."


def messages_of(prompt: Prompt, settings: OpenAiCompatibleSettings) -> list[Mapping[str, str]]:
    instructions = instructions_of(prompt, settings)
    system = [{"role": "system", "content": instructions}] if instructions else []
    return [*system, {"role": "user", "content": prompt.text}]


def instructions_of(prompt: Prompt, settings: OpenAiCompatibleSettings) -> str:
    """With the schema, where the provider does not take it otherwise."""
    if prompt.schema is None or settings.json_schema:
        return prompt.instructions
    asked = "Answer with JSON only, without a code block. It must follow this JSON schema:"
    return f"{prompt.instructions}\n\n{asked}\n{json.dumps(prompt.schema)}".strip()


def chat_parameters(prompt: Prompt, settings: OpenAiCompatibleSettings, limit: str) -> dict[str, object]:
    """What goes with the messages; `limit` is what the provider calls the longest answer."""
    parameters: dict[str, object] = {limit: prompt.max_output_tokens}
    if prompt.schema is not None and settings.json_schema:
        form = {"name": "answer", "strict": True, "schema": prompt.schema}
        parameters["response_format"] = {"type": "json_schema", "json_schema": form}
    return parameters


def responses_parameters(prompt: Prompt, settings: OpenAiCompatibleSettings) -> dict[str, object]:
    """What goes with the text. Nothing is kept at the provider."""
    parameters: dict[str, object] = {"max_output_tokens": prompt.max_output_tokens, "store": False}
    if instructions := instructions_of(prompt, settings):
        parameters["instructions"] = instructions
    if settings.web_search:
        parameters["tools"] = [{"type": "web_search"}]
    if prompt.schema is not None and settings.json_schema:
        form = {"type": "json_schema", "name": "answer", "strict": True, "schema": prompt.schema}
        parameters["text"] = {"format": form}
    return parameters


def check_of(settings: OpenAiCompatibleSettings) -> bytes:
    """The shortest question, with nothing that any model refuses."""
    if settings.api == "responses":
        return json.dumps({"model": settings.model, "input": CHECK, "store": False}).encode()
    return json.dumps({"model": settings.model, "messages": [{"role": "user", "content": CHECK}]}).encode()
