"""How people type: in a hurry, in capitals, with mistakes, or in an editor that makes HTML of it."""

from random import Random

# Shorter words are seldom misspelt.
SHORTEST_MISSPELT = 5


def as_typed(random: Random, text: str) -> str:
    """The text as one or another would type it; most do it well."""
    drawn = random.random()
    if drawn < 0.12:
        return misspelt(random, text)
    if drawn < 0.20:
        return text.lower().rstrip(".")
    if drawn < 0.23:
        return text.upper().rstrip(".!") + "!!!"
    return text


def misspelt(random: Random, text: str) -> str:
    """With a letter swapped, left out or doubled in one word or two."""
    words = text.split(" ")
    long = [index for index, word in enumerate(words) if len(word) >= SHORTEST_MISSPELT and word.isalpha()]
    for index in random.sample(long, min(len(long), random.choice((1, 1, 2)))):
        words[index] = _misspelt(random, words[index])
    return " ".join(words)


def _misspelt(random: Random, word: str) -> str:
    at = random.randrange(1, len(word) - 2)
    before, two, after = word[:at], word[at : at + 2], word[at + 2 :]
    return before + random.choice((two[::-1], two[0], two[0] + two)) + after


def as_html(random: Random, sentences: list[str]) -> str:
    """As some shops export it."""
    escaped = [each.replace("&", "&amp;").replace("'", "&#39;").replace('"', "&quot;") for each in sentences]
    escaped[0] = random.choice(("{}", "<b>{}</b>", "<p>{}</p>")).format(escaped[0])
    return random.choice(("<br />", "<br><br>", "&nbsp; ")).join(escaped)
