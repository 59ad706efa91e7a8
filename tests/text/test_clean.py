"""TeX and HTML to clean Unicode text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import text


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        # The saved page, whose backslashes were lost.
        ("0.7, 0.8, and 1,M_{odot}. Fourier", "0.7, 0.8, and 1 M☉. Fourier"),
        (
            "regret of order mathcal{O} Big( d sqrt{T}{(1-rho)^{3/2}} Big), where rho is a measure",
            "regret of order O (d √T/(1-ρ)^(3/2)), where ρ is a measure",
        ),
        # Accents and fonts.
        (r"Schr\"odinger, Erd\H{o}s, G\'{\i}, \v{S}, \L{}ukasz", "Schrödinger, Erdős, Gí, Š, Łukasz"),
        (r"\emph{scan and \textbf{snap}} {\em twice}", "scan and snap twice"),
        (r"$x \in \mathbb{R}^n$ and $\mathcal{L}$", "x ∈ ℝⁿ and L"),
        # Formulas.
        (r"$O(n^2 R^2 \log(M/\varepsilon))$", "O(n² R² log(M/ε))"),
        (r"$\frac{a+b}{2\pi}$ and $\sqrt{1-\rho}$", "(a+b)/(2π) and √(1−ρ)"),
        (r"$T^n_x$, $x_{\max}$, $10^{-4}$, $d_{k+1}d_k=0$", "Tⁿₓ, x_max, 10⁻⁴, dₖ₊₁dₖ=0"),
        (r"$126{,}754$ tokens, $2.3\times$ faster", "126,754 tokens, 2.3× faster"),
        ("H_2O, 10^5, s^-1", "H₂O, 10⁵, s⁻¹"),
        # Not formulas.
        ("costs $5 and $10", "costs $5 and $10"),
        ("my_var2 and snake_case stay", "my_var2 and snake_case stay"),
        ("about ~10x, see Fig.~2", "about ~10x, see Fig. 2"),
        ("the set {0,1}", "the set {0,1}"),
        # Not understood: it stays as it was written.
        (r"a \foo{bar} and $\foo{x}+\alpha$", r"a \foo{bar} and \foo{x}+α"),
        ("an open { and a $ alone", "an open { and a $ alone"),
        # Citations vanish.
        (r"as shown~\cite{a,b}, and \citep[p.~3]{c} too", "as shown, and too"),
        # HTML, and mathematics that looks like it.
        ("<p>x<sub>2</sub> &amp; <b>y</b></p><script>alert(1)</script>", "x₂ & y"),
        ("$x<y$, a <b and c> d, <10B", "x<y, a <b and c> d, <10B"),
        # Invisible characters and white space.
        ("a\u202eb\u200b\ufeff c\u00a0\n\t d\x00", "ab c d"),
        ("e\u0301", "é"),
    ],
)
def test_text_becomes_readable(source: str, clean: str) -> None:
    assert text.clean(source) == clean


@given(
    st.text(alphabet=st.sampled_from(list("\\{}$_^~ ab1<>&;#%'\"`-()[]\n\u200b\u202eé")), max_size=80) | st.text(max_size=80)
)
def test_anything_becomes_one_visible_line(source: str) -> None:
    clean = text.clean(source)
    assert clean == clean.strip()
    assert "\n" not in clean
    assert "  " not in clean
    assert not any(unicodedata.category(char) in {"Cc", "Cs"} or char in "\u202e\u200b\ufeff" for char in clean)


@given(st.text(alphabet="abc, .()=+", max_size=60))
def test_plain_words_are_left_alone(source: str) -> None:
    assert text.clean(source) == " ".join(source.split())


def test_depth_and_length_cost_no_more_than_their_size() -> None:
    for hostile in ("{" * 100_000, "$" * 100_001, r"\sqrt" * 50_000, "^{" * 50_000, "<" * 100_000, "\\(" * 50_000):
        assert text.clean(hostile)


def test_an_extract_ends_at_a_sentence() -> None:
    said = "We study Koopman operators, e.g. for flows. They are linear (see Fig. 2). They help."
    assert text.extract(said, 1000) == said
    assert text.extract(said, 80) == "We study Koopman operators, e.g. for flows. They are linear (see Fig. 2)."
    assert text.extract(said, 60) == "We study Koopman operators, e.g. for flows."
    assert text.extract(said, 20) == "We study Koopman…"


def test_an_opening_has_three_to_five_sentences() -> None:
    long = "A sentence of thirty-six characters."
    said = " ".join([long] * 9)
    assert text.opening(said, 1000) == " ".join([long] * 5)
    assert text.opening(said, 150) == " ".join([long] * 4)
    assert text.opening(said, 80) == " ".join([long] * 3)
    assert text.opening(said, 60) == " ".join([long] * 2), "three would take more than half as much again"
    assert text.opening(long, 1000) == long
    assert text.opening(said, 10) == "A sentence of…"
    assert text.opening("一句。" * 9, 12) == "一句。" * 3, "no space where there was none"


@given(st.text(alphabet="ab. ,A?", max_size=80), st.integers(1, 90))
def test_an_opening_is_never_longer_than_half_as_much_again(said: str, limit: int) -> None:
    assert len(text.opening(text.clean(said), limit)) <= limit * 3 // 2


@given(st.text(alphabet="ab. ,A?", max_size=80), st.integers(1, 90))
def test_an_extract_is_never_longer_than_asked(said: str, limit: int) -> None:
    said = text.clean(said)
    assert len(text.extract(said, limit)) <= limit
