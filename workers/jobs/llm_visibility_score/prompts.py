"""How a question is asked."""

from workers.assistants.protocols import Prompt

LONGEST_ANSWER_TOKENS = 800
_LANGUAGES = {"en": "English", "de": "German", "fr": "French", "es": "Spanish"}
INSTRUCTIONS = (
    "You are a shopping assistant. Answer the shopper's question in {language}, as you would answer anybody, and "
    "name the products or brands that you would recommend."
)


def prompt(question: str, language: str, sample: int) -> Prompt:
    instructions = INSTRUCTIONS.format(language=_LANGUAGES[language])
    return Prompt(question, instructions, max_output_tokens=LONGEST_ANSWER_TOKENS, sample=sample)
