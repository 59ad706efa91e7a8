"""Languages told by their script."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from digest import text


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Limits and Powers of Koopman Learning", ""),
        ("Schrödinger’s équation, naïvely", ""),
        ("ℓ₁ regularisation on ℝⁿ with ‖∇ƒ‖₂ ≤ ε and μ → ∞", ""),
        ("面向机器人操作的视觉语言动作模型", "zh"),
        ("ロボット学習のための拡散モデル", "ja"),
        ("東京大学の研究", "ja"),
        ("한국어 제목을 가진 논문", "ko"),
        ("تعلم الآلة للغة العربية: نماذج كبيرة", "ar"),
        ("یادگیری ماشین برای زبان فارسی و گفتار", "fa"),
        ("למידת מכונה לעברית", "he"),
        ("Обучение с подкреплением", "ru"),
        ("Глибоке навчання для української мови і її діалектів", "uk"),
        ("A survey of 中文 word segmentation", ""),
        ("基于 SAM 的图像分割", "zh"),
        ("हिन्दी में मशीन अनुवाद", "hi"),
        ("42", ""),
        ("", ""),
    ],
)
def test_a_script_tells_the_language(said: str, language: str) -> None:
    assert text.language(said) == language


@given(st.text(max_size=60))
def test_any_text_has_a_language_or_none(said: str) -> None:
    assert text.language(said).isalpha() or text.language(said) == ""
