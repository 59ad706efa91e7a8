"""Vectors of meaning: what they add to words, and what they leave alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest.ranking import Configuration, Interest, Paper, explain, prepare
from digest.ranking.meaning import Meaning, octets
from tests.ranking.cast import AGB, EVERYONE, KOOPMAN, NOW, interest, profile

TEXT = "predicting turbulent motion with linear maps"


def _axis(number: int, tilt: float = 0.0) -> bytes:
    """A direction along one of eight axes, tilted towards the next."""
    row = np.zeros((1, 8), np.float32)
    row[0, number], row[0, (number + 1) % 8] = 1.0, tilt
    return octets(row)[0]


def _papers() -> list[Paper]:
    """Each along an axis of its own."""
    return [replace(each, meaning=_axis(each.id)) for each in EVERYONE]


def _asks(meaning: bytes, kind: str = "text", value: str = TEXT) -> Interest:
    return replace(interest(kind, value), meaning=meaning)


def _given(asked: Interest) -> dict[int, float]:
    """What the interest gives each paper."""
    choices = explain(_papers(), profile(asked), Configuration(), NOW)
    return {each.paper: sum(term.value for term in each.terms if term.handle == asked.handle) for each in choices}


def test_a_text_finds_a_paper_without_its_words_that_is_close_in_meaning() -> None:
    assert _given(_asks(b""))[AGB.id] == 0
    found = _given(_asks(_axis(AGB.id, tilt=0.5)))
    assert found[AGB.id] == pytest.approx(Configuration().meaning * 2 / 5**0.5, abs=0.002)
    assert _given(_asks(_axis(AGB.id, tilt=3.0)))[AGB.id] == 0


def test_a_key_term_finds_by_its_words_alone() -> None:
    plain = _given(_asks(b"", "keyword", "koopman operator"))
    close = _given(_asks(_axis(AGB.id), "keyword", "koopman operator"))
    assert close[AGB.id] == plain[AGB.id] == 0
    longer = "koopman operator of a chaotic flow"
    plain = _given(_asks(b"", "keyword", longer))
    assert _given(_asks(_axis(KOOPMAN.id), "keyword", longer))[KOOPMAN.id] > plain[KOOPMAN.id] > 0


def test_a_few_words_are_matched_as_they_stand_and_nearness_only_adds_papers_without_them() -> None:
    plain = _given(_asks(b"", value="koopman operator"))
    near = _given(_asks(_axis(KOOPMAN.id), value="koopman operator"))
    assert near[KOOPMAN.id] == plain[KOOPMAN.id] > 0
    further = _given(_asks(_axis(AGB.id), value="koopman operator"))
    assert further.pop(AGB.id) > plain.pop(AGB.id) == 0
    assert further == plain


def test_readers_of_one_text_with_and_without_its_vector_each_get_what_they_would_alone() -> None:
    prepared = prepare(_papers(), Configuration(), NOW)
    profiles = [profile(_asks(meaning)) for meaning in (b"", _axis(AGB.id), b"", _axis(KOOPMAN.id))]
    together = prepared.rank(profiles)
    alone = [prepare(_papers(), Configuration(), NOW).rank([each])[0] for each in profiles]
    assert together == alone
    assert len({slate.choices for slate in together}) == 3


def test_a_vector_of_another_length_counts_as_none() -> None:
    assert _given(_asks(bytes([127] * 16))) == _given(_asks(b""))
    mixed = [replace(AGB, meaning=_axis(AGB.id)), replace(KOOPMAN, meaning=bytes([127] * 16))]
    assert Meaning(mixed).near([_axis(AGB.id)]).tolist() == [[1.0, 0.0]]


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=5), st.binary(min_size=8, max_size=8))
def test_nearness_is_a_share_whatever_the_octets(vectors: list[bytes], text: bytes) -> None:
    near = Meaning([replace(AGB, id=number, meaning=vector) for number, vector in enumerate(vectors)]).near([text])
    assert near.shape == (1, len(vectors))
    assert np.isfinite(near).all()
    assert ((near >= 0) & (near <= 1)).all()
