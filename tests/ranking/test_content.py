"""What is learned from the corpus, and that it can be stored and named."""

import dataclasses

import numpy as np
import pytest

from digest.ranking import BadModel, Configuration, ContentModel, rank
from tests.ranking.cast import EVERYONE, KOOPMAN, NOW, keyword, profile, vote


def test_a_model_survives_storing() -> None:
    model = ContentModel.learn(EVERYONE)
    again = ContentModel.from_bytes(model.to_bytes())
    assert again.version == model.version
    reader = profile(keyword("Koopman operator"), vote("save", KOOPMAN))
    assert rank(EVERYONE, [reader], Configuration(), NOW, again) == rank(EVERYONE, [reader], Configuration(), NOW, model)


def test_its_version_changes_with_what_it_learned() -> None:
    other = dataclasses.replace(KOOPMAN, abstract=KOOPMAN.abstract + " AGB stars AGB stars")
    assert ContentModel.learn(EVERYONE).version != ContentModel.learn((other, *EVERYONE[1:])).version
    assert ContentModel.learn(EVERYONE).version == ContentModel.learn(EVERYONE).version


def test_rare_words_weigh_more_than_common_ones() -> None:
    model = ContentModel.learn(EVERYONE, rarest=1)
    rarity = model.rarity(model.exact, model.exact.codes)
    assert ((rarity > 0) & (rarity <= 1)).all()
    order = np.argsort(model.exact.counts)
    assert rarity[order[0]] > rarity[order[-1]]


@pytest.mark.parametrize("octets", [b"", b"not a model", b"PK\x03\x04broken"])
def test_other_octets_are_refused_with_the_way_out(octets: bytes) -> None:
    with pytest.raises(BadModel, match="learn it again"):
        ContentModel.from_bytes(octets)


def test_learning_from_nothing_gives_a_model_that_ranks() -> None:
    (slate,) = rank(EVERYONE, [profile(keyword("Koopman operator"))], Configuration(), NOW, ContentModel.learn(()))
    assert slate.choices
