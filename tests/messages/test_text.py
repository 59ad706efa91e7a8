"""Text made inert, and text set in columns."""

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from digest.messages import inert, typeset


@pytest.mark.parametrize(
    ("given_text", "expected"),
    [
        ("Two\r\nBcc: eve@example.net", "Two Bcc: eve@example.net"),
        ("pay\u202egnp.exe\u202c now", "paygnp.exe now"),
        ("\u2066isolated\u2069 \u200fmark", "isolated mark"),
        ("zero\u200bwidth\u2060 \ufeffand\u00ad soft", "zerowidth and soft"),
        ("\U000e0041tag\U000e007f \ue000private", "tag private"),
        ("a\u2028b\u2029c\x0bd", "a b c d"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("Schro\u0308dinger", "Schrödinger"),
        ("Z" + "\u0301" * 40 + "algo", "Ź" + "\u0301" * 4 + "algo"),
        ("\x00\x1b[31mred", "[31mred"),
    ],
)
def test_what_cannot_be_seen_is_gone(given_text: str, expected: str) -> None:
    assert inert.line(given_text) == expected


@hypothesis_settings(deadline=None)
@given(st.text())
def test_inert_text_stays_as_it_is(text: str) -> None:
    once = inert.line(text)
    assert inert.line(once) == once
    assert inert.is_plain(once)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://arxiv.example.org/abs/2403.1", "https://arxiv.example.org/abs/2403.1"),
        ("http://example.org:8080/a?b=c&d=e#f", "http://example.org:8080/a?b=c&d=e#f"),
        ("https://аpple.example.org/", "https://xn--pple-43d.example.org/"),
        ("https://example.org/größe", "https://example.org/gr%C3%B6%C3%9Fe"),
        ('https://example.org/"><script>', "https://example.org/%22%3E%3Cscript%3E"),
        ("HTTPS://Example.org/", "https://example.org/"),
        ("https://[2001:db8::1]/x", "https://[2001:db8::1]/x"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//example.org/x", None),
        ("/papers/1/", None),
        ("https://example.org@evil.example.net/", None),
        ("https://example.org/a b", None),
        ("https://example.org/\r\nX: y", None),
        ("https://exa\u202emple.org/", None),
        ("https://example.org:port/", None),
        ("https://exa<mple.org/", None),
        ("", None),
    ],
)
def test_only_absolute_web_addresses_survive(url: str, expected: str | None) -> None:
    assert inert.web_address(url) == expected


@hypothesis_settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=400))
def test_wrapping_loses_nothing_and_keeps_to_its_columns(text: str) -> None:
    text = inert.line(text)
    lines = typeset.wrapped(text, 40, first="  ", rest="    ").split("\n")
    assert "".join("".join(lines).split()) == "".join(text.split())
    for each in lines:
        assert typeset.width(each) <= 40 or " " not in each.strip()


def test_chinese_text_wraps_at_72_columns_and_keeps_closing_punctuation_with_its_word() -> None:
    lines = typeset.wrapped("我们提出一种新方法，" * 12).split("\n")
    assert all(66 <= typeset.width(each) <= 72 for each in lines[:-1])
    assert not any(each.startswith("，") for each in lines)


def test_hanging_text_leaves_the_indent_of_its_first_line_to_the_caller() -> None:
    first, second = typeset.hang("word " * 20, 4).split("\n")
    assert (len(first), second) == (64, "    " + "word " * 6 + "word")
