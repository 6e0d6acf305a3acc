"""How visible the brand is: the share of voice, and each assistant's score with its interval."""

from collections.abc import Iterator

from aijobs.presenting import MOST_ROWS, Bar, Chart, Mark, Picture, Row
from workers.jobs.llm_visibility_score.shapes import Figure, VisibilityResult


def present(result: VisibilityResult) -> Iterator[Picture]:
    overall = [("all", result.overall)] if result.overall else []
    named = overall + [(each.assistant, each.summary) for each in result.assistants if each.summary]
    if named:
        yield Chart(
            "Visibility score from 0 to 100, with its 95 % interval",
            [_figure(name, summary.visibility_score, 1) for name, summary in named],
            scale=(0.0, 100.0),
        )
        yield Chart(
            "Answers that name the brand, in per cent",
            [_figure(name, summary.mention_rate, 100) for name, summary in named],
            scale=(0.0, 100.0),
        )
    if result.overall and result.overall.share_of_voice:
        voices = result.overall.share_of_voice[:MOST_ROWS]
        yield Chart(
            "Share of voice in per cent",
            [_share(each.brand, each.share, own=number == 0) for number, each in enumerate(voices)],
            [("own", "the brand"), ("plain", "competitors")],
            scale=(0.0, 100.0),
        )


def _figure(name: str, figure: Figure, factor: int) -> Row:
    """With its interval where there is one."""
    value = factor * figure.value
    says = f"{value:.1f}"
    bars: list[Bar] = []
    if figure.low is not None and figure.high is not None:
        says += f" ({factor * figure.low:.1f} to {factor * figure.high:.1f})"
        bars.append(Bar(factor * figure.low, factor * figure.high, "plain", says))
    if figure.change is not None:
        chance = "" if figure.change.significant else ", which may be chance"
        says += f", {factor * figure.change.difference:+.1f} since the last run{chance}"
    return Row(name, bars, [Mark(value, "own", says)], says)


def _share(brand: str, share: Figure, *, own: bool) -> Row:
    value = 100 * share.value
    return Row(brand, [Bar(0.0, value, "own" if own else "plain")], says=f"{value:.1f} %")
