"""Whoever speaks OpenAI's protocol: OpenAI, Perplexity, Gemini, Anthropic, Mistral, OpenRouter, Ollama, vLLM.

`exchange.py` is the way outside, `failures.py` what a refusal means, `wire.py` what an answer looks like, and
`sdk.py` the SDK, which only a worker loads.
"""
