"""Stored text to plain text, and back to the places in the stored one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.sentiment.cleaning import READ, clean, plain


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("Great knife!", "Great knife!"),
        ("It broke.<br />It broke <b>again</b>.", "It broke. It broke again."),
        ("<p>One</p><p>Two</p>", "One Two"),
        ("<!-- hidden --><style>p{color:red}</style>Seen<script>alert(1)</script>", "Seen"),
        ("&quot;Good&quot; &amp; cheap", '"Good" & cheap'),
        ("It&amp;#39;s &amp;quot;good&amp;quot;", 'It\'s "good"'),
        ("one&lt;br /&gt;two", "one two"),
        ("I &lt;3 it, I <3 it, 5 < 6 > 4", "I <3 it, I <3 it, 5 < 6 > 4"),
        ("fine&nbsp;&nbsp;print", "fine print"),
        ("a\x00b\u200bc\x07 d\ud800e", "abc de"),
        ("don’t “buy” it…", 'don\'t "buy" it...'),
        ("ｇｒｅａｔ ﬁt", "great fit"),
        ("caf\u00e9 cafe\u0301", "caf\u00e9 cafe"),
        ("&unknown; &#0; AT&T", "&unknown; \ufffd AT&T"),
        ("one\r\n\r\n two\u2028three\u3000four", "one two three four"),
        ("", ""),
    ],
)
def test_plain_text_is_without_markup_and_odd_characters(stored: str, read: str) -> None:
    assert plain(stored) == read


@pytest.mark.parametrize(
    ("stored", "word", "there"),
    [
        ("<b>Nice</b>&nbsp;&amp; cheap", "cheap", "cheap"),
        ("It&#39;s <i>to</i>o small", "too small", "to</i>o small"),
        ("I &amp; you like it", "& you", "&amp; you"),
        ("ﬁts well", "fits", "ﬁts"),
        ("\x00bro\u200bke", "broke", "bro\u200bke"),
    ],
)
def test_a_place_in_plain_text_leads_to_the_stored_one(stored: str, word: str, there: str) -> None:
    cleaned = clean(stored)
    at = cleaned.text.index(word)
    start, end = cleaned.stored_span(at, at + len(word))
    assert stored[start:end] == there


MARKUP = st.lists(
    st.sampled_from(
        ["<b>", "</b>", "<br/>", "&amp;", "&quot;", "&#39;", "  ", "\n", "\x00", "ﬁ", "word", " ", "é", "🎉", "<"]
    )
    | st.text(max_size=5)
).map("".join)


@given(MARKUP, st.data())
def test_every_place_leads_to_one_in_the_stored_text(stored: str, data: st.DataObject) -> None:
    cleaned = clean(stored)
    if not cleaned.text:
        return
    start = data.draw(st.integers(0, len(cleaned.text) - 1))
    end = data.draw(st.integers(start + 1, len(cleaned.text)))
    first, last = cleaned.stored_span(start, end)
    assert 0 <= first < last <= len(stored)


@given(MARKUP)
def test_places_keep_their_order(stored: str) -> None:
    cleaned = clean(stored)
    places = [cleaned.stored_span(at, at + 1) for at in range(len(cleaned.text))]
    assert places == sorted(places)


@given(st.text())
def test_plain_text_is_one_line_without_surrogates(stored: str) -> None:
    read = plain(stored)
    assert read == " ".join(read.split())
    read.encode()


@pytest.mark.parametrize("piece", ["<", "<a", "&amp;", "<style>", "<!--", "\n", " ", "\u0301", "\ud800", "a", "&"])
def test_a_megabyte_is_read_up_to_the_bound(piece: str) -> None:
    assert len(plain(piece * (1_000_000 // len(piece)))) <= READ
