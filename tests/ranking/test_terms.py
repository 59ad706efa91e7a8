"""How texts become words and phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking.terms import BREAK, Lexicon, fold, phrases_of, stem


def folded(text: str) -> list[str]:
    lexicon = Lexicon()
    return [lexicon.words[part] for number in lexicon.read(text) if number > BREAK for part in lexicon.parts(number)]


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("operators", "operator"),
        ("galaxies", "galaxy"),
        ("classes", "class"),
        ("searches", "search"),
        ("bias", "bia"),
        ("corpus", "corpus"),
        ("gas", "gas"),
        ("basis", "basis"),
        ("loss", "loss"),
    ],
)
def test_plurals_become_singular(plural: str, singular: str) -> None:
    assert stem(plural) == singular


def test_the_folded_layer_cuts_hyphens_and_drops_function_words() -> None:
    assert folded("Chain-of-thought and the Vision–Language models") == ["chain", "thought", "vision", "language", "model"]


def test_the_exact_layer_keeps_what_was_written() -> None:
    lexicon = Lexicon()
    assert [lexicon.words[number] for number in lexicon.read("Vision-language models")] == ["vision-language", "models"]


def test_accents_and_compatibility_forms_are_folded() -> None:
    assert fold("Schrödinger ﬁelds É") == "schrodinger fields e"


def test_no_phrase_crosses_the_end_of_a_sentence() -> None:
    lexicon = Lexicon()
    codes = phrases_of(lexicon.read("Koopman operators. Stars shine"))
    assert [lexicon.phrase(code) for code in codes] == [
        "koopman",
        "operators",
        "stars",
        "shine",
        "koopman operators",
        "stars shine",
    ]


def test_what_is_looked_up_reads_like_a_paper_and_teaches_nothing() -> None:
    lexicon = Lexicon()
    text = "State-of-the-art models, of language; new ones."
    read = lexicon.read(text)
    known = [part for number in read if number >= BREAK for part in (lexicon.parts(number) if number else (BREAK,))]
    words = len(lexicon.words)
    typed = lexicon.look_up(text)
    assert typed.exact == [number for number in read if number >= BREAK]
    assert typed.folded == known
    assert len(set(lexicon.look_up("words never met").exact)) == 3
    assert len(lexicon.words) == words


def test_names_of_languages_keep_their_signs() -> None:
    assert folded("C++ and C#") == ["c++", "c#"]


@given(st.text(max_size=200))
def test_reading_twice_gives_the_same_numbers(text: str) -> None:
    lexicon = Lexicon()
    once = lexicon.read(text)
    assert lexicon.read(text) == once
    for code in phrases_of([number for number in once if number >= BREAK]):
        assert lexicon.phrase(code)
