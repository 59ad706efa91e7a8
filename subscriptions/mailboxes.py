"""Addresses as typed, and the mailboxes behind them. Pure."""

import unicodedata
from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

# Providers that ignore dots in the local part, and the one domain their other names stand for.
_DOTLESS = {"gmail.com": "gmail.com", "googlemail.com": "gmail.com"}
_LONGEST = 254  # RFC 5321, 4.5.3.1.3: a path of 256 octets with its angle brackets


class AddressRefused(ValueError):
    """The address cannot be used; the text is a sentence for the person who typed it."""


@dataclass(frozen=True)
class Mailbox:
    """An address we can mail.

    `address` is in ASCII, the local part as typed and the domain in lower case; `canonical` names the mailbox behind it, in
    lower case, without a plus tag and without the dots that some providers ignore: counters use it, messages never do.
    """

    address: str
    domain: str
    canonical: str


def parse(typed: str) -> Mailbox:
    """The mailbox that was typed; raises AddressRefused with a sentence that says how to mend it.

    Syntax only (RFC 5321, RFC 6531 domains): no look-ups, for a resolver that fails is no reason to refuse a person.
    """
    trimmed = typed.strip(" \t")
    if unseen := next((each for each in trimmed if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co"}), None):
        raise AddressRefused(
            f"The address contains an invisible character (U+{ord(unseen):04X}). Please type it by hand instead of pasting it."
        )
    if not trimmed:
        raise AddressRefused("Please type your email address, for example ada@example.org.")
    if len(trimmed) > _LONGEST:
        raise AddressRefused(f"The address is longer than an address can be ({_LONGEST} characters). Please check it.")
    try:
        found = validate_email(trimmed, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise AddressRefused(f"This does not look like an email address. {error}") from error
    if found.ascii_email is None:  # pragma: no cover - the library promises it when SMTPUTF8 is not allowed
        raise AddressRefused("The part before the @ must be in plain Latin letters, digits and signs.")
    local, _, domain = found.ascii_email.rpartition("@")
    domain = domain.lower()
    return Mailbox(f"{local}@{domain}", domain, _canonical(local.lower(), domain))


def _canonical(local: str, domain: str) -> str:
    base = local.partition("+")[0] or local
    if domain in _DOTLESS:
        base = base.replace(".", "")
    return f"{base}@{_DOTLESS.get(domain, domain)}"
