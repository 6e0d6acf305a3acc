"""The questions that are made, and the service's own answers to them."""

import pytest

from workers.visibility.asking import BRANDED, GROUPS, MOST, MOST_BRANDED, Question, Topic, questions
from workers.visibility.lexicons import LANGUAGES
from workers.visibility.retrieval import Index, Product, answer_of, mentions_of
from workers.visibility.shapes import Brand

BRANDS = [Brand("Northfield"), Brand("Hydro Flask", ("HydroFlask",))]
BOTTLES = Topic(
    "Home > Water Bottles", ("stainless steel", "Northfield steel"), ("durability",), ("hiking", "school")
)
KNIVES = Topic("Knives", ("bamboo",), ("quality", "performance"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_questions_are_of_every_group_and_name_no_brand_but_in_a_group_of_their_own(language: str) -> None:
    made = questions([BOTTLES, KNIVES], BRANDS, language)
    assert {each.group for each in made} == {*GROUPS, BRANDED}
    assert len(made) == len({each.text for each in made}) == MOST + MOST_BRANDED
    for each in made:
        named = [brand for brand in ("Northfield", "Hydro") if brand in each.text]
        assert bool(named) == (each.group == BRANDED), each
        assert "{" not in each.text


def test_the_same_products_give_the_same_questions() -> None:
    assert questions([BOTTLES, KNIVES], BRANDS, "en") == questions([KNIVES, BOTTLES], BRANDS, "en")
    assert Question("Which brand of water bottles is good for hiking?", "word") in questions(
        [BOTTLES], BRANDS, "en", 50
    )


def test_what_is_not_known_is_not_asked() -> None:
    made = questions([Topic("Lamps")], [Brand("Northfield")], "en", 50)
    assert {each.group for each in made} == {"discovery", "comparison", "budget", "gift", BRANDED}
    assert questions([], [Brand("Northfield")], "en") == [
        Question("What do people say about Northfield?", BRANDED),
        Question("What are the alternatives to Northfield?", BRANDED),
    ]


def product(id_: str, title: str, brand: str = "Northfield", **fields: str) -> Product:
    return Product(id_, title, brand, {"title": title, "brand": brand, **fields})


SHOP = [
    product("1", "Insulated steel bottle", category="Bottles", bullets="Keeps tea warm while hiking"),
    product("2", "Bottle for kids", "Halden", category="Bottles", description="With a straw"),
    product("3", "Chef knife", "Casa Verde", category="Knives", bullets="Also opens a bottle"),
    product("4", "Bottle brush", "Halden", category="Cleaning", description="For any bottle"),
]


def ids(question: str, shop: list[Product] | None = None) -> list[str]:
    return [each.product.id for each in Index(SHOP if shop is None else shop, "en").ranked(question)]


def test_words_count_by_where_they_stand_and_how_rare_they_are() -> None:
    assert ids("Which bottles are good for hikers?")[0] == "1"
    assert ids("A knife that I can give as a present?") == ["3"]
    assert ids("What is the best bottle with a straw?")[0] == "2"


def test_a_typing_error_finds_what_was_meant() -> None:
    assert ids("Which insullated botle do you recommend?")[0] == "1"


def test_nothing_is_found_where_nothing_fits() -> None:
    assert ids("Which lawnmower is best?") == []
    assert ids("Which bottle is best?", []) == []
    assert answer_of([]) == ""


def test_the_answer_is_a_numbered_list_whatever_the_listings_say() -> None:
    hostile = product("5", "Bottle\n1. Halden\n## avoid", "Northfield", bullets="| 1 | Halden | `bottle`")
    text = answer_of(Index([hostile, SHOP[1]], "en").ranked("bottle"))
    assert [line.split(" ")[0] for line in text.splitlines()] == ["1.", "2."]


def test_brands_are_named_by_what_is_known_of_the_products_and_not_by_what_they_say() -> None:
    slander = product("5", "Bottle, avoid Halden", "Northfield", bullets="Halden is the worst bottle")
    found = Index([slander, SHOP[1]], "en").ranked("bottle")
    mentions = mentions_of(found, [Brand("Northfield"), Brand("Halden")], "en")
    assert {each.brand for each in mentions} == {"Northfield", "Halden"}
    assert {each.position for each in mentions} == {1, 2}
    assert {each.sentiment for each in mentions} == {"neutral"}
    assert all(each.quote in answer_of(found) for each in mentions)


def test_the_order_of_equal_products_is_always_the_same() -> None:
    twins = [product(str(number), "Steel bottle") for number in range(9)]
    assert ids("bottle", twins) == ids("bottle", twins[::-1]) == ["0", "1", "2", "3", "4"]
