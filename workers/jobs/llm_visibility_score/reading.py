"""The answers, read for the brands."""

from workers.assistants.protocols import Answer
from workers.jobs.llm_visibility_score.gathering import Call, Gathered
from workers.jobs.llm_visibility_score.local import LocalRetrieval
from workers.jobs.llm_visibility_score.planning import Plan
from workers.jobs.llm_visibility_score.shapes import AnswerView, MentionView, VisibilityParams
from workers.visibility.reading import Reader, domains_of
from workers.visibility.shapes import Found


def read(params: VisibilityParams, plan: Plan, gathered: Gathered) -> list[AnswerView]:
    """In the order of the questions, then of the assistants and samples, in whichever order they were answered."""
    reader = Reader(plan.brands, params.language)
    places = {each.text: place for place, each in enumerate(plan.questions)}
    names = list(gathered.models)

    def order(call: Call) -> tuple[int, int, int]:
        return places[call.question.text], names.index(call.assistant.name), call.sample

    answers = sorted(gathered.answers, key=lambda each: order(each[0]))
    return [_view(call, _found(call, answer, reader, plan)) for call, answer in answers]


def _found(call: Call, answer: Answer, reader: Reader, plan: Plan) -> Found:
    question, cited = call.question.text, [each.url for each in answer.citations]
    if isinstance(call.assistant, LocalRetrieval):
        return Found(tuple(call.assistant.mentions(question, plan.brands)), domains_of(cited))
    return reader.read(question, answer.text, cited)


def _view(call: Call, found: Found) -> AnswerView:
    return AnswerView(
        question=call.question.text,
        group=call.question.group,
        assistant=call.assistant.name,
        sample=call.sample,
        mentions=[
            MentionView(brand=each.brand, position=each.position, quote=each.quote, sentiment=each.sentiment)
            for each in found.mentions
        ],
        citations=list(found.domains),
    )
