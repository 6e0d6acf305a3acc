"""Properties of reading: any text, long ones, what an answer refers to."""

import pytest
from hypothesis import strategies as st

from tests.cpu import cpu_seconds_at_most
from tests.drawing import draws
from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import lexicon
from workers.visibility.masking import own_words, unmarked
from workers.visibility.reading import LONGEST_QUOTE, Reader, domains_of
from workers.visibility.sentences import sentences_of
from workers.visibility.shapes import Brand, Mention

BRANDS = [Brand("Anker", ("PowerCore",)), Brand("Ring"), Brand("Black+Decker"), Brand("Müller")]
NAMES = ["Anker", "PowerCore 10K", "Ring", "ring", "Black & Decker", "Mueller"]
SIGNS = [
    "1. ",
    "\n",
    "- ",
    "| ",
    "|---|\n",
    "## ",
    "**",
    "```",
    "?",
    ". ",
    "https://anker.com/x",
    "<br>",
    "\ue000",
    "\ue200cite\ue202turn0search1\ue201",
    "\u200b",
    "\u0301",
    '{"brand": "',
    '"}',
    "[",
    "]",
    "<li>",
    "<tr><th>",
    "✅ ",
    "❌ ",
    "label: ",
    "> ",
    " ",
]
WORDS = ["the best", "avoid", " and ", "runner-up", "I would skip it", "not aware of ", "alternatives to ", " than "]
PIECES = st.sampled_from([*NAMES, *SIGNS, *WORDS])


@draws(30, 3000, st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=40).map("".join))
def test_any_text_is_read_and_quoted_exactly(text: str) -> None:
    found = Reader(BRANDS, "en").read("What is best?", text)
    assert len({each.brand for each in found.mentions}) == len(found.mentions)
    for mention in found.mentions:
        assert mention.quote in text
        assert mention.position is None or mention.position >= 1


def read(answer: str, question: str = "What is best?") -> dict[str, Mention]:
    return {each.brand: each for each in Reader(BRANDS, "en").read(question, answer).mentions}


def test_of_a_long_sentence_the_words_around_the_name_are_quoted() -> None:
    answer = f"{'Many words ' * 60}about Anker here{' and more of them' * 60}."
    [mention] = read(answer).values()
    assert "about Anker here" in mention.quote
    assert len(mention.quote) <= LONGEST_QUOTE
    assert mention.quote in answer


def test_a_long_answer_is_read_in_a_moment() -> None:
    found = read("1. **Anker** – good (see https://x.com/y) and better than Ring\n" * 800)
    assert found["Anker"].position == 1
    assert found["Ring"].position is None


@pytest.mark.parametrize(
    "answer",
    [
        "#1 " * 11_000,
        "Nest (aaaa) " * 3_000,
        "Sony A1, " * 4_000,
        "Ring and " * 4_000,
        "neither Sony nor " * 2_000,
        "Avoid:\n- Sony\n" * 2_500,
        "Best: Sony\n" * 3_000,
        "S\u200bony " * 5_000,
        '{"brand": "Sony"},' * 1_700,
        "<tr><th>" * 4_000,
        "|Sony" * 33_000,
        "".join(" " * indent + "- Sony\n" for indent in range(300)),
        "[" * 700_000,
    ],
    ids=lambda answer: repr(answer[:12]),
)
def test_answers_of_any_shape_are_read_in_a_moment(answer: str) -> None:
    reader = Reader([Brand("Sony"), Brand("Nest"), Brand("Ring"), Brand("Anker", ("PowerCore",))], "en")
    reader.read("What is best?", "The best is Sony.")
    # A tenth of a second at most.
    with cpu_seconds_at_most(1.5):
        reader.read("What is the best ring or nest camera?", answer)


@pytest.mark.parametrize("piece", ["\n", " ", "a-", "a.", "_", "é", "*", "<a", "`(", "@"])
def test_no_repetition_is_slow_to_read(piece: str) -> None:
    """By expressions that look to the end from each place, each would take half a minute."""
    text = piece * (50_000 // len(piece))
    with cpu_seconds_at_most(5):
        own_words(unmarked(text), "What is best?", lexicon("en"))
        sentences_of(text, [Block(Kind.PROSE, 0, len(text))], [])


def test_domains_are_those_that_the_answer_refers_to_each_once() -> None:
    found = Reader(BRANDS, "en").read(
        "",
        "See https://www.rtings.com/a and [this](https://rtings.com/b).",
        ["http://shop.anker.com/c", "no address"],
    )
    assert found.domains == ("shop.anker.com", "rtings.com")
    assert domains_of(["http://[broken", "//", "https://localhost/x"]) == ()


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Northfield keeps tea warm and is easy to clean. Stay clear of Halden."),
        ("en", "Northfield keeps tea warm and is easy to clean. Halden isn't a good choice."),
        ("de", "Northfield hält den Tee warm und ist leicht zu reinigen. Halden empfehle ich nicht."),
        ("de", "Northfield hält den Tee warm und ist leicht zu reinigen. Ich empfehle Ihnen Halden nicht."),
        ("de", "Northfield hält den Tee warm und ist leicht zu reinigen. Halden würde ich meiden."),
        ("de", "Northfield hält den Tee warm. Ich würde von Halden die Finger lassen, der Deckel ist undicht."),
        ("fr", "La gourde Northfield garde le thé au chaud. Je ne vous conseille pas Halden, elle fuit."),
        ("fr", "La gourde Northfield garde le thé au chaud. Halden n'est pas recommandé pour la randonnée."),
        ("fr", "La gourde Northfield garde le thé au chaud. N'achetez surtout pas la Halden, elle fuit."),
        ("es", "La botella Northfield mantiene el té caliente. No te recomiendo Halden, pierde agua."),
        ("es", "La botella Northfield mantiene el té caliente. Halden no es una buena opción para la montaña."),
        ("es", "La botella Northfield mantiene el té caliente. Yo evitaría la Halden, que pierde agua."),
    ],
)
def test_what_is_advised_against_has_no_position(language: str, answer: str) -> None:
    found = Reader([Brand("Northfield"), Brand("Halden")], language).read("Which bottle?", answer)
    assert {each.brand: each.position for each in found.mentions} == {"Northfield": 1, "Halden": None}


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "I recommend Halden, and Northfield is a close second."),
        ("de", "Am besten ist Halden und Northfield ist die zweite Wahl."),
        ("fr", "Le meilleur choix est Halden et Northfield arrive en deuxième."),
        ("es", "La mejor opción es Halden y Northfield queda segunda."),
    ],
)
def test_brands_joined_by_an_and_do_not_share_the_ranks_that_each_is_given(language: str, answer: str) -> None:
    found = Reader([Brand("Northfield"), Brand("Halden")], language).read("Which bottle?", answer)
    assert {each.brand: each.position for each in found.mentions} == {"Halden": 1, "Northfield": 2}


def test_an_ordinary_word_behind_a_label_is_a_brand_where_others_are_labelled_so() -> None:
    reader = Reader([Brand("Yeti"), Brand("Northfield")], "en")
    found = reader.read("Which bottle?", "Best Overall: Yeti Rambler\n\nBest Budget: Northfield Trail")
    assert {each.brand: each.position for each in found.mentions} == {"Yeti": 1, "Northfield": 2}


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "I'm not aware of a brand called Halden. Northfield makes good bottles."),
        ("en", "I couldn't find reliable information about Halden. Northfield makes good bottles."),
        ("de", "Zu Halden liegen mir keine Informationen vor. Die Flaschen von Northfield sind gut."),
        ("fr", "Je n'ai pas d'informations sur Halden. Les gourdes Northfield sont bonnes."),
        ("es", "No conozco ninguna marca llamada Halden. Las botellas Northfield son buenas."),
    ],
)
def test_what_is_not_known_is_named_without_a_position(language: str, answer: str) -> None:
    found = Reader([Brand("Northfield"), Brand("Halden")], language).read("Is Halden good?", answer)
    assert {each.brand: each.position for each in found.mentions} == {"Northfield": 1, "Halden": None}


@pytest.mark.parametrize(
    ("name", "answer", "is_named"),
    [
        ("Der Spiegel", "Für Recherchen würde ich den Spiegel nehmen.", True),
        ("Weißer Riese", "Der weiße Riese ist billiger.", True),
        ("Die Zeit", "Mit der Zeit wird das Leder weicher.", False),
        ("Der Spiegel", "Der Blick in den Spiegel genügt.", False),
    ],
)
def test_german_names_are_declined_but_not_behind_prepositions(name: str, answer: str, is_named: bool) -> None:
    assert [each.brand for each in Reader([Brand(name)], "de").read("", answer).mentions] == [name] * is_named


def test_signs_that_nobody_sees_do_not_hide_a_name_and_stand_in_its_quote() -> None:
    [mention] = read("1. An\u200bker is good").values()
    assert (mention.position, mention.quote) == (1, "An\u200bker is good")


def test_characters_for_private_use_are_no_brands_and_citations_are_not_quoted() -> None:
    assert {name: each.position for name, each in read("Get Anker; skip \ue000 if you can.").items()} == {"Anker": 1}
    cited = "\ue200cite\ue202turn0search1\ue202turn0search4\ue201"
    found = read(f"The best is Anker {cited}. Müller is second.{cited} It is light.\n\nAvoid Black & Decker{cited}!")
    assert {name: (each.position, each.quote) for name, each in found.items()} == {
        "Anker": (1, "The best is Anker"),
        "Müller": (2, "Müller is second."),
        "Black+Decker": (None, "Avoid Black & Decker"),
    }


def test_an_answer_in_json_is_a_list() -> None:
    found = read('```json\n{"picks": [{"rank": 2, "brand": "Ring"}, {"rank": 1, "brand": "Anker"}]}\n```')
    assert {name: each.position for name, each in found.items()} == {"Anker": 1, "Ring": 2}


def test_a_question_for_something_else_than_a_brand_leaves_that_one_without_a_position() -> None:
    found = read("Anker is well known. Options:\n- Müller\n- Black & Decker", "Alternatives to Anker?")
    assert {name: each.position for name, each in found.items()} == {"Anker": None, "Müller": 1, "Black+Decker": 2}


def test_a_name_in_an_e_mail_address_or_a_domain_is_not_named() -> None:
    assert read("Write to anker@example.com, help.anker@example.com or see anker.com.") == {}


@pytest.mark.parametrize(
    "answer",
    [
        "1. Bose\n2. Sony\n3. Apple",
        "1. **Bose**: great sound\n2. **Sony**: best app\n3. **Apple**: seamless",
        "| Brand | Price |\n|---|---|\n| Bose | $300 |\n| Sony | $250 |\n| Apple | $200 |",
        "### Bose\nGreat sound.\n### Sony\nBest app.\n### Apple\nSeamless.",
        "Top picks: Bose, Sony, Apple",
    ],
    ids=["list", "list-with-texts", "table", "headings", "line"],
)
def test_a_list_of_names_is_of_brands_although_the_dictionary_has_each_of_them(answer: str) -> None:
    found = Reader([Brand("Bose"), Brand("Sony"), Brand("Apple")], "en").read("Which headphones are best?", answer)
    assert {each.brand: each.position for each in found.mentions} == {"Bose": 1, "Sony": 2, "Apple": 3}


def test_a_name_that_is_a_word_is_a_brand_among_names_that_are_none() -> None:
    answer = "1. **Bose**: great sound\n2. **Sennheiser**: detailed\n3. **Jabra**: clear calls"
    found = Reader([Brand("Bose")], "en").read("Which headphones are best?", answer)
    assert [(each.brand, each.position) for each in found.mentions] == [("Bose", 1)]


def test_words_that_begin_the_entries_of_a_list_are_no_brands() -> None:
    answer = "1. Ring the doorbell twice\n2. Nest boxes help\n3. Apple trees, too"
    found = Reader([Brand("Ring"), Brand("Nest"), Brand("Apple")], "en").read("How do I attract birds?", answer)
    assert found.mentions == ()


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Neither Sony nor Samsung convinces. Bosch is the best."),
        ("de", "Weder Sony noch Samsung überzeugen. Am besten ist Bosch."),
        ("fr", "Ni Sony ni Samsung ne convainquent. La meilleure marque est Bosch."),
        ("es", "Ni Sony ni Samsung convencen. La mejor es Bosch."),
    ],
)
def test_neither_of_two_has_a_position(language: str, answer: str) -> None:
    found = Reader([Brand("Sony"), Brand("Samsung"), Brand("Bosch")], language).read("?", answer)
    assert {each.brand: each.position for each in found.mentions} == {"Sony": None, "Samsung": None, "Bosch": 1}


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "I don't know whether Bosch is any good."),
        ("de", "Ob Bosch-Geräte besser sind, weiß ich nicht."),
        ("de", "Ich kann leider nicht sagen, ob Bosch besser ist."),
        ("fr", "Je ne sais pas si Bosch est mieux."),
        ("es", "No sé si Bosch es mejor."),
    ],
)
def test_what_the_assistant_does_not_know_of_has_no_position(language: str, answer: str) -> None:
    found = Reader([Brand("Bosch")], language).read("?", answer)
    assert [(each.brand, each.position) for each in found.mentions] == [("Bosch", None)]


@pytest.mark.parametrize(
    ("language", "answer"),
    [
        ("en", "Nothing takes better pictures than the Lumix. The Canon comes close."),
        ("en", "No other camera is better than Lumix. Canon is good as well."),
        ("de", "Nichts macht bessere Bilder als die Lumix. Canon ist auch gut."),
        ("fr", "Rien ne vaut Lumix pour les photos. Canon est correct."),
        ("es", "Nada supera a Lumix en las fotos. Canon es correcta."),
    ],
)
def test_what_nothing_is_better_than_is_first(language: str, answer: str) -> None:
    found = Reader([Brand("Lumix"), Brand("Canon")], language).read("Which camera?", answer).mentions
    assert {each.brand: each.position for each in found} == {"Lumix": 1, "Canon": 2}


def test_a_price_that_nothing_exceeds_ranks_nobody_first() -> None:
    found = Reader([Brand("Lumix"), Brand("Canon")], "en").read(
        "Which camera?", "The Canon is my pick. There is no reason to pay more than Lumix asks."
    )
    assert found.mentions[0].brand == "Canon"
    assert found.mentions[0].position == 1


@pytest.mark.parametrize("answer", ["Slack? Good, but Teams is better.", "slack? good, but teams is better."])
def test_a_word_that_is_asked_about_by_itself_is_a_brand(answer: str) -> None:
    found = Reader([Brand("Slack"), Brand("Teams")], "en").read("Which chat?", answer).mentions
    assert {each.brand: each.position for each in found} == {"Teams": 1, "Slack": 2}


def test_a_question_of_one_small_word_names_no_brand() -> None:
    assert not Reader([Brand("Always"), Brand("Teams")], "en").read("Which chat?", "Always? No, but often.").mentions
