"""Links in messages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from subscriptions import tokens
from subscriptions.models import Notice
from subscriptions.tokens import Scope

numbers = st.lists(st.integers(0, 2**63 - 1), min_size=1, max_size=3)


@given(numbers, st.sampled_from(Scope))
def test_a_token_reads_back_what_was_signed(values: list[int], scope: Scope) -> None:
    assert tokens.read(scope, tokens.sign(scope, *values)) == tuple(values)


@given(numbers, st.sampled_from(Scope), st.sampled_from(Scope))
def test_a_token_is_good_for_its_scope_alone(values: list[int], signed: Scope, read: Scope) -> None:
    assert (tokens.read(read, tokens.sign(signed, *values)) is None) == (signed is not read)


@given(st.text())
def test_what_was_not_signed_is_refused(text: str) -> None:
    assert tokens.read(Scope.UNSUBSCRIBE, text) is None


@given(st.integers(0, 10**6), st.data())
def test_a_changed_letter_is_noticed(number: int, data: st.DataObject) -> None:
    token = tokens.sign(Scope.UNSUBSCRIBE, number)
    at = data.draw(st.integers(0, len(token) - 1))
    letter = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda each: each != token[at]))
    assert tokens.read(Scope.UNSUBSCRIBE, token[:at] + letter + token[at + 1 :]) is None


def test_a_token_is_short_and_safe_in_an_address() -> None:
    token = tokens.sign(Scope.MESSAGE, 2**40, 12)
    assert len(token) < 40
    assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def test_an_older_key_still_verifies_and_the_newest_signs(settings: Settings) -> None:
    settings.TOKEN_KEYS = ["old" * 20]
    old = tokens.sign(Scope.UNSUBSCRIBE, 7)
    settings.TOKEN_KEYS = ["new" * 20, "old" * 20]
    assert tokens.read(Scope.UNSUBSCRIBE, old) == (7,)
    assert tokens.sign(Scope.UNSUBSCRIBE, 7) != old
    settings.TOKEN_KEYS = ["new" * 20]
    assert tokens.read(Scope.UNSUBSCRIBE, old) is None


def test_a_notice_has_the_link_of_its_kind() -> None:
    assert tokens.notice_path(Notice(pk=5, kind="confirmation")).startswith("/confirm/5.")
    confirmation = tokens.notice_path(Notice(pk=5, kind="confirmation")).split("/")[2]
    assert tokens.read_notice(Notice.Kind.CONFIRMATION, confirmation) == 5
    assert tokens.read_notice(Notice.Kind.MAGIC_LINK, confirmation) is None


def test_a_notice_without_a_link_says_so() -> None:
    with pytest.raises(KeyError):
        tokens.notice_path(Notice(pk=5, kind="address-changed"))


def test_a_token_holds_no_negative_number() -> None:
    with pytest.raises(ValueError, match="-1 is none"):
        tokens.sign(Scope.FORM, -1)
