"""Word by word: what a version changed."""

from hypothesis import given
from hypothesis import strategies as st

from digest.papers.differences import Run, compare

TEXTS = st.lists(st.sampled_from(["we", "learn", "flows", "λ₁.", "maps"]), max_size=12).map(" ".join)


def test_words_that_went_stand_before_those_that_came() -> None:
    assert compare("We learn a flow.", "We learn a  chaotic map.") == [
        Run("same", "We learn a"),
        Run("gone", "flow."),
        Run("new", "chaotic map."),
    ]


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_runs(earlier: str, later: str) -> None:
    runs = compare(earlier, later)
    assert " ".join(run.text for run in runs if run.kind != "new").split() == earlier.split()
    assert " ".join(run.text for run in runs if run.kind != "gone").split() == later.split()


@given(TEXTS)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    assert all(run.kind == "same" for run in compare(text, text))
