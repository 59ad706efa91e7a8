"""Addresses as people type them."""

import pytest

from subscriptions import mailboxes
from subscriptions.mailboxes import AddressRefused


@pytest.mark.parametrize(
    ("typed", "address", "canonical"),
    [
        ("ada@example.org", "ada@example.org", "ada@example.org"),
        (" Ada.Lovelace@Example.ORG ", "Ada.Lovelace@example.org", "ada.lovelace@example.org"),
        ("ada+papers@example.org", "ada+papers@example.org", "ada@example.org"),
        ("a.d.a+x@gmail.com", "a.d.a+x@gmail.com", "ada@gmail.com"),
        ("A.da@googlemail.com", "A.da@googlemail.com", "ada@gmail.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example", "ada@xn--bcher-kva.example"),
        ("+@example.org", "+@example.org", "+@example.org"),
    ],
)
def test_a_mailbox_has_an_address_to_mail_and_a_name_to_count_by(typed: str, address: str, canonical: str) -> None:
    mailbox = mailboxes.parse(typed)
    assert (mailbox.address, mailbox.canonical) == (address, canonical)


@pytest.mark.parametrize(
    "typed", ["ada@example.org\nBcc: all@example.org", "a\rb@example.org", "ada\0@example.org", "‮ada@example.org"]
)
def test_invisible_characters_are_refused_in_a_plain_sentence(typed: str) -> None:
    with pytest.raises(AddressRefused, match="invisible character"):
        mailboxes.parse(typed)


@pytest.mark.parametrize(
    "typed", ["ada", "ada@", "@example.org", "ada@@example.org", "ada@example", "a" * 65 + "@example.org", "ä@example.org"]
)
def test_what_is_no_address_is_refused_with_the_reason(typed: str) -> None:
    with pytest.raises(AddressRefused, match="does not look like an email address"):
        mailboxes.parse(typed)


def test_an_empty_field_asks_for_an_address() -> None:
    with pytest.raises(AddressRefused, match="Please type"):
        mailboxes.parse("  ")


def test_an_address_beyond_the_limit_is_refused() -> None:
    with pytest.raises(AddressRefused, match="longer"):
        mailboxes.parse("a@" + "b" * 250 + ".org")
