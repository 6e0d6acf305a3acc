"""WordPiece: what a text becomes, whatever it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sentiment.wordpiece import LONGEST_WORD, WordPiece, words

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##break", "##able", "a", "##b", "!", "cafe", "n", "'", "t"]


@pytest.fixture
def tokenizer() -> WordPiece:
    return WordPiece(VOCABULARY)


def pieces(tokenizer: WordPiece, text: str, most: int = 100) -> list[str]:
    return [VOCABULARY[number] for number in tokenizer.numbers(text, most)]


def test_a_word_is_split_into_the_longest_known_pieces(tokenizer: WordPiece) -> None:
    assert pieces(tokenizer, "unbreakable") == ["[CLS]", "un", "##break", "##able", "[SEP]"]


def test_case_and_accents_do_not_matter(tokenizer: WordPiece) -> None:
    assert pieces(tokenizer, "CAFÉ café cafe\u0301") == ["[CLS]", "cafe", "cafe", "cafe", "[SEP]"]


def test_marks_stand_alone(tokenizer: WordPiece) -> None:
    assert pieces(tokenizer, "a!!n't") == ["[CLS]", "a", "!", "!", "n", "'", "t", "[SEP]"]


def test_a_word_with_an_unknown_part_is_unknown_as_a_whole(tokenizer: WordPiece) -> None:
    assert pieces(tokenizer, "abz") == ["[CLS]", "[UNK]", "[SEP]"]


def test_a_word_that_is_too_long_is_unknown(tokenizer: WordPiece) -> None:
    assert pieces(tokenizer, "a" + "b" * LONGEST_WORD) == ["[CLS]", "[UNK]", "[SEP]"]


def test_of_a_long_text_the_begin_and_the_end_are_read(tokenizer: WordPiece) -> None:
    read = pieces(tokenizer, "a " * 50 + "! " * 50, most=10)
    assert read == ["[CLS]", *["a"] * 6, *["!"] * 2, "[SEP]"]


@given(st.text())
def test_any_text_has_numbers_and_the_same_ones_again(text: str) -> None:
    first, second = WordPiece(VOCABULARY), WordPiece(VOCABULARY)
    second.numbers("unbreakable a b", 20)
    numbers = first.numbers(text, 20)
    assert 2 <= len(numbers) <= 20
    assert numbers == second.numbers(text, 20) == first.numbers(text, 20)


@given(st.text())
def test_words_keep_every_letter(text: str) -> None:
    assert all(word and not word.isspace() for word in words(text))
