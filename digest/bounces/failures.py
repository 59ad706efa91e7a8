"""One recipient's fate, joined from what the report's parts and the server's own words say of it."""

import re
from dataclasses import dataclass

from digest.bounces import anatomy

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
CODE = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[\s-])(?!-\d)")
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# What a report in prose tells of the refusal itself ends where the next paragraph or the relay's own comment begins.
_SAID = re.compile(r"(?:(?!\n[ \t]*\n|\n-{2}|\n[ \t]*giving up).)*", re.IGNORECASE | re.DOTALL)
# What was refused, as Exim and qmail tell of it in words of their own.
_TOLD = (
    (re.compile(r"after (?:initial connection|(?:pipelined )?(?:EHLO|HELO)\b)", re.IGNORECASE), "CONNECT"),
    (re.compile(r"but (?:greeting failed|my name was rejected)", re.IGNORECASE), "CONNECT"),
    (re.compile(r"but sender was rejected", re.IGNORECASE), "MAIL"),
    (re.compile(r"does not like recipient", re.IGNORECASE), "RCPT"),
    (
        re.compile(r"failed (?:after I sent the message|on DATA command)|command DATA\b|SMTP:DATA|\[DATA\]", re.IGNORECASE),
        "DATA",
    ),
    (re.compile(r"\bRCPT TO (?:response|said)|SMTP:RCPT\b|\[RCPT_TO\]|[Cc]ommand RCPT\b"), "RCPT"),
)
_COMMAND = re.compile(
    r"(?:>>> ?|in reply to |response to |error after |after |did not like our |during |while (?:talking|sending|in) |\()"
    r"(?:the )?(?:end of )?(MAIL|RCPT|DATA)\b"
)
# A relay that sends its commands in one go hears what was wrong with RCPT after DATA, and is told that none is left.
_PIPELINED = re.compile(
    r">>> DATA <<< [45]\d\d\b(?:(?!>>>).){0,600}?<<< 5\d\d\b[\d. ]*(?:need rcpt|rcpt first|no (?:valid )?recipients?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient's fate. `action` and `status` are RFC 3464's, lower-cased, "" when not said. `diagnostic` is what the
    refusing server said, `prose` what the report says to people, `reply` the server's reply within it; `command` the SMTP
    command that was refused, where it is told.
    """

    recipient: str
    action: str
    status: str
    code: int | None
    diagnostic: str
    prose: str
    command: str
    reply: str = ""


def failure(recipient: str, action: str, status: str, diagnostic: str, prose: str) -> Failure:
    """Join what is known of one recipient. A status in the server's own words is more precise than a relay's general one."""
    diagnostic = anatomy.RUN.sub(r"\1", diagnostic)
    own = STATUS.search(diagnostic) or STATUS.search(prose)
    said = STATUS.search(status)
    best = said[1] if said else ""
    if own and (not best or best.endswith(".0.0")) and own[1][0] == (best[:1] or own[1][0]):
        best = own[1]
    code = CODE.search(diagnostic) or CODE.search(prose)
    reply = _SAID.match(prose, code.start()) if code and not diagnostic else None
    # Relays break these words over two lines wherever they come to an end.
    said_by_relay = " ".join(prose.split())
    commands = _COMMAND.findall(diagnostic) or _COMMAND.findall(said_by_relay)
    if not commands and code:
        commands = [command for words, command in _TOLD if words.search(f"{diagnostic}\n{said_by_relay}")]
    if commands and commands[-1] == "DATA" and _PIPELINED.search(said_by_relay):
        commands = ["RCPT"]
    return Failure(
        recipient,
        action,
        best,
        int(code[1]) if code else None,
        " ".join(diagnostic.split()),
        said_by_relay,
        commands[-1] if commands else "",
        " ".join(reply[0].split()) if reply else "",
    )


def recipient_in(said: str) -> str:
    found = ADDRESS.search(said.partition(";")[2] or said)
    return found[0] if found else ""
