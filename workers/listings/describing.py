"""Descriptions and search terms: repaired, with what found no place elsewhere, within the marketplace's limits."""

from collections.abc import Iterator
from itertools import groupby

from workers.listings import hygiene
from workers.listings.drafting import Draft
from workers.listings.repairing import fitting_search_terms, is_said, repaired, words_said
from workers.listings.tokens import READ, is_function_word, lemmas_of, tokens_of
from workers.listings.wording import capitalised, cut_at_sentence

# Characters up to which a text that was cut off is a clause and not a sentence.
_CLAUSE = 40


def improve_description(draft: Draft) -> None:
    if not draft.has("description"):
        return
    current = draft.listing.description
    limit = draft.rules.limit("description", "characters_at_most", READ)
    # Without a limit, what is longer than anybody reads is not rewritten by halves.
    if len(current) > READ and limit >= READ:
        return
    text = _with_the_homeless(repaired("description", current[:READ], draft.context("description")), draft)
    # Of bullets that wait for a description to say what they lose, nothing that a rule forbids.
    text = text if text.strip() else repaired("description", _of_bullets(draft), draft.context("description"))
    text, _ = cut_at_sentence(text, limit, draft.language)
    if text.strip() and text != current and draft.says_no_more("description", text):
        draft.put(
            "description", text, [] if current.strip() else ["There was no description: your bullets make one."]
        )


def _with_the_homeless(text: str, draft: Draft) -> str:
    """What was cut off the title and bullets, as sentences of its own, unless it stands here or there."""
    said = words_said([hygiene.plain(text)], draft.language) | draft.context("description").elsewhere
    missing = [each.rstrip(".") for each in draft.homeless if not is_said(each, said, draft.language)]
    if not missing:
        return text
    draft.reasons.setdefault("description", []).append("The description has what was too long for the other texts.")
    return " ".join([*([text] if text.strip() else []), *_sentences(missing)])


def _sentences(texts: list[str]) -> Iterator[str]:
    """Clauses of a title are a list in one sentence: "Office, Hiking." and not "Office. Hiking."."""
    for is_clause, alike in groupby(texts, lambda text: len(text) <= _CLAUSE):
        for sentence in [", ".join(alike)] if is_clause else alike:
            yield f"{capitalised(sentence)}."


def _of_bullets(draft: Draft) -> str:
    return " ".join(f"{bullet.rstrip('.')}." for bullet in draft.listing.bullets if bullet.strip())


def improve_search_terms(draft: Draft) -> None:
    """With the words of keywords that no text has, by the keywords' weights, as far as there is room."""
    if not draft.has("search_terms"):
        return
    current = draft.listing.search_terms
    limit = draft.rules.limit("search_terms", "bytes_at_most", READ)
    terms = repaired("search_terms", current[:READ], draft.context())
    terms = fitting_search_terms(terms, limit)
    gained: list[str] = []
    for word in _missing_words(terms, draft):
        longer = f"{terms} {word}".strip()
        if fitting_search_terms(longer, limit) == longer and draft.allows("search_terms", longer):
            terms = longer
            gained.append(word)
    if terms != current and draft.says_no_more("search_terms", terms):
        reasons = [f"Shoppers search with these words, which no text has: {', '.join(gained)}."] if gained else []
        draft.put("search_terms", terms, reasons)


def _missing_words(terms: str, draft: Draft) -> list[str]:
    listing, language = draft.listing, draft.language
    visible = "\n".join((listing.title, *listing.bullets, hygiene.plain(listing.description[:READ]), terms))
    present = set(lemmas_of(visible, language))
    missing: dict[str, str] = {}
    for keyword in draft.keywords:
        if keyword.use == "suggestion":
            continue
        for token in tokens_of(keyword.text, language):
            word = keyword.text[token.start : token.end]
            if token.lemma not in present and not is_function_word(token.lemma, language) and not token.is_number:
                missing.setdefault(token.lemma, word)
    return list(missing.values())
