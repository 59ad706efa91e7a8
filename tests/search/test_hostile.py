"""Whatever is typed, there is an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import search
from digest.search.reading import LONGEST, MOST_TERMS, read
from tests.search.cast import find, library

TYPED = [
    "'", '"', "''", "\\", "a & b", "a | !b", "!", ":*", "koopman:*", "koopman:A", "<->", "(", "a <-> (", "%", "%s", "%(x)s",
    "_", "\0", "a\0b", "\ud800", "'; DROP TABLE digest_paper; --", "机器学习", "नमस्ते", "🤖", "\u202e", "-", "--", "- -",
    "OR", "OR OR", "a" * 41, "author:", 'author:"', "-author:x", "the", "the of and", "x" * 10_000, "x " * 5_000, '"' * 999,
    "$\\lambda$", "\\begin{x}", "{{ 7*7 }}", "<script>alert(1)</script>", "1e999", "https://arxiv.org/abs/2603.01234",
]  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("typed", TYPED)
def test_it_is_answered(typed: str) -> None:
    library()
    results = find(typed)
    assert isinstance(results, search.Results)
    assert isinstance(find("koopman", author=typed, topic=typed, page=typed), search.Results)
    assert isinstance(search.suggest(typed), list)


def test_no_more_is_read_than_is_said() -> None:
    assert any(str(LONGEST) in note for note in read("word " * 200).notes)
    query = read(" ".join(f"w{number}" for number in range(60)))
    assert len(query.terms) == MOST_TERMS
    assert any(str(MOST_TERMS) in note for note in query.notes)


def test_only_words_to_leave_out_is_said() -> None:
    (note,) = read("-koopman").notes
    assert "leave out" in note


def test_tex_is_read_as_the_text_it_stands_for() -> None:
    assert read(r"$\lambda$ calculus").plain == "λ calculus"


@given(st.text(max_size=400))
def test_what_was_read_reads_the_same_again(typed: str) -> None:
    once = read(typed)
    again = read(str(once))
    if not once.notes and len(str(once)) <= LONGEST and "\\" not in typed and "$" not in typed:
        assert (again.wanted, again.unwanted, again.author) == (once.wanted, once.unwanted, once.author)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400))
def test_nothing_that_a_database_refuses_is_left(typed: str) -> None:
    assert "\0" not in str(read(typed))


@given(st.lists(st.from_regex(r"[a-z]{3,12}", fullmatch=True), min_size=1, max_size=8))
def test_plain_words_are_taken_as_they_are(words: list[str]) -> None:
    assert read(" ".join(words)).plain == " ".join(words)
