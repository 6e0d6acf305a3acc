"""The answers, read for the brands."""

from workers.assistants.protocols import Answer
from workers.jobs.llm_visibility_score.gathering import Call, Gathered
from workers.jobs.llm_visibility_score.local import LocalRetrieval
from workers.jobs.llm_visibility_score.planning import Plan
from workers.jobs.llm_visibility_score.shapes import MOST_CITED_DOMAINS, AnswerView, MentionView, VisibilityParams
from workers.visibility.reading import Reader, domains_of
from workers.visibility.shapes import Found

# 5,000 answers that name 21 brands each have 300 bytes for each quote: few need more. A result has 64 MiB at most.
MOST_BYTES_OF_QUOTES = 32 * 1024 * 1024


def read(params: VisibilityParams, plan: Plan, gathered: Gathered) -> list[AnswerView]:
    """In the order of the questions, then of the assistants and samples, in whichever order they were answered."""
    reader = Reader(plan.brands, params.language)
    places = {each.text: place for place, each in enumerate(plan.questions)}
    names = list(gathered.models)

    def order(call: Call) -> tuple[int, int, int]:
        return places[call.question.text], names.index(call.assistant.name), call.sample

    answers = sorted(gathered.answers, key=lambda each: order(each[0]))
    found = [(call, _found(call, answer, reader, plan)) for call, answer in answers]
    longest = _longest_quote(sum(len(each.mentions) for _, each in found))
    return [_view(call, each, longest) for call, each in found]


def _longest_quote(mentions: int) -> int:
    """In bytes, so that all of them fit into a result."""
    return MOST_BYTES_OF_QUOTES // max(1, mentions)


def _found(call: Call, answer: Answer, reader: Reader, plan: Plan) -> Found:
    question, cited = call.question.text, [each.url for each in answer.citations]
    if isinstance(call.assistant, LocalRetrieval):
        return Found(tuple(call.assistant.mentions(question, plan.brands)), domains_of(cited))
    return reader.read(question, answer.text, cited)


def _view(call: Call, found: Found, longest_quote: int) -> AnswerView:
    return AnswerView(
        question=call.question.text,
        group=call.question.group,
        assistant=call.assistant.name,
        sample=call.sample,
        mentions=[
            MentionView(
                brand=each.brand,
                position=each.position,
                quote=_cut(each.quote, longest_quote),
                sentiment=each.sentiment,
            )
            for each in found.mentions
        ],
        citations=list(found.domains[:MOST_CITED_DOMAINS]),
    )


def _cut(quote: str, most_bytes: int) -> str:
    return quote.encode()[:most_bytes].decode(errors="ignore")
