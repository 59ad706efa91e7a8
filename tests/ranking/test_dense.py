"""The optional extra: vectors when it is installed, a clear way out when it is not."""

import sys

import numpy as np
import pytest

from digest.ranking import dense


def test_without_the_extra_the_error_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(dense.NoDenseExtra, match=r"pip install -r requirements-dense\.txt"):
        dense.Embedder()


@pytest.mark.skipif(not dense.installed(), reason="the dense extra is not installed")
def test_texts_of_one_meaning_are_nearer_than_others() -> None:
    cats, kitten, stars = dense.Embedder().vectors(["A cat sleeps.", "A kitten is napping.", "Dust around giant stars"])
    assert np.allclose(np.linalg.norm([cats, kitten, stars], axis=1), 1.0, atol=1e-5)
    assert cats @ kitten > cats @ stars + 0.3
