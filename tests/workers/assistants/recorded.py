"""What providers answer, in the forms that their own APIs have: recorded once, with the text put in."""

from typing import Any

Json = dict[str, Any]


def usage(prompt: int = 21, completion: int = 12) -> Json:
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def openai(text: str, *, finish_reason: str = "stop", **message: object) -> Json:
    return {
        "id": "chatcmpl-CkQ2vYzT1",
        "object": "chat.completion",
        "created": 1764201601,
        "model": "gpt-5-mini-2025-08-07",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, "refusal": None, "annotations": [], **message},
                "logprobs": None,
                "finish_reason": finish_reason,
            }
        ],
        "usage": {
            **usage(),
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
        "service_tier": "default",
        "system_fingerprint": None,
    }


def url_citation(url: str, title: str) -> Json:
    """As OpenAI's search models and OpenRouter annotate chat completions."""
    return {
        "type": "url_citation",
        "url_citation": {"url": url, "title": title, "start_index": 0, "end_index": 10},
    }


def openai_responses(text: str, *, annotations: list[Json] | None = None, **more: object) -> Json:
    return {
        "id": "resp_68f1",
        "object": "response",
        "created_at": 1764201601,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "model": "gpt-5-mini-2025-08-07",
        "output": [
            {"id": "rs_1", "type": "reasoning", "summary": []},
            {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search"}},
            {
                "id": "msg_1",
                "type": "message",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": text, "annotations": annotations or [], "logprobs": []}],
            },
        ],
        "usage": {
            "input_tokens": 328,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 52,
            "output_tokens_details": {"reasoning_tokens": 40},
            "total_tokens": 380,
        },
        **more,
    }


def perplexity(text: str, sources: dict[str, str]) -> Json:
    """`sources`: titles by URL."""
    return {
        "id": "3c90c3cc-0d44-4b50-8888-8dd25736052a",
        "model": "sonar",
        "created": 1764201601,
        "object": "chat.completion",
        "usage": {**usage(), "search_context_size": "low", "cost": {"total_cost": 0.00503}},
        "citations": list(sources),
        "search_results": [
            {"title": title, "url": url, "date": "2026-10-01", "snippet": "…"} for url, title in sources.items()
        ],
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": text},
                "delta": {"role": "assistant", "content": ""},
            }
        ],
    }


def gemini(text: str) -> Json:
    return {
        "choices": [
            {
                "finish_reason": "stop",
                "index": 0,
                "message": {"content": text, "role": "assistant", "tool_calls": None},
            }
        ],
        "created": 1764201601,
        "id": "gen-abc",
        "model": "gemini-2.5-flash",
        "object": "chat.completion",
        "usage": usage(),
    }


def anthropic(text: str) -> Json:
    """Of the endpoint that is compatible with OpenAI's."""
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "created": 1764201601,
        "model": "claude-haiku-4-5-20251001",
        "object": "chat.completion",
        "usage": usage(),
    }


def ollama(text: str) -> Json:
    return {
        "id": "chatcmpl-554",
        "object": "chat.completion",
        "created": 1764201601,
        "model": "llama3.2",
        "system_fingerprint": "fp_ollama",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": usage(),
    }


def mistral(text: str) -> Json:
    """Of a model that thinks: its text comes in parts."""
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": text}]
    return {
        "id": "cmpl-e5cc70bb",
        "object": "chat.completion",
        "created": 1764201601,
        "model": "magistral-small-latest",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": parts}, "finish_reason": "stop"}],
        "usage": usage(),
    }


def chunks_of(answer: Json) -> list[Json]:
    """The same chat completion as it is streamed: word by word, the usage last, the sources with every chunk."""
    [choice] = answer["choices"]
    message = choice["message"]
    beside = {name: answer[name] for name in ("citations", "search_results") if name in answer}
    base = {"id": answer["id"], "object": "chat.completion.chunk", "created": 1764201601, "model": answer["model"]}
    deltas: list[tuple[Json, str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": word}, None) for word in _words(message["content"] or "")]
    deltas += [({name: message[name]}, None) for name in ("refusal", "annotations") if message.get(name)]
    deltas += [({}, choice["finish_reason"])]
    chunks = [
        {**base, **beside, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": None}
        for delta, reason in deltas
    ]
    return [*chunks, {**base, "choices": [], "usage": answer["usage"]}]


def events_of(answer: Json) -> list[Json]:
    """The same answer of the responses API as it is streamed."""
    text = answer["output"][-1]["content"][0].get("text", "")
    last = {"completed": "response.completed", "failed": "response.failed"}.get(
        answer["status"], "response.incomplete"
    )
    events: list[Json] = [{"type": "response.created", "response": {**answer, "status": "in_progress", "output": []}}]
    events += [
        {
            "type": "response.output_text.delta",
            "item_id": "msg_1",
            "output_index": 2,
            "content_index": 0,
            "delta": word,
        }
        for word in _words(text)
    ]
    events.append({"type": last, "response": answer})
    return [{**event, "sequence_number": number} for number, event in enumerate(events)]


def _words(text: str) -> list[str]:
    *words, last = text.split(" ")
    return [*(f"{word} " for word in words), last]
