"""Whose fault a refusal is: never by the first digit alone."""

import enum
import re

from digest.smtp.replies import Reply
from digest.smtp.stages import Stage


class Fault(enum.StrEnum):
    """Who must act before a second attempt can go better."""

    TIME = "time"
    SENDER = "sender"
    MESSAGE = "message"
    MAILBOX = "mailbox"
    ADDRESS = "address"


# Enhanced status codes (RFC 3463, RFC 5248, RFC 7372, RFC 7505) that say that the address itself leads nowhere.
_ADDRESS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"})
# Ones that say so of the sender's: by default Postfix answers RCPT with what it thinks of MAIL.
_SENDER = frozenset({"5.1.7", "5.1.8"})
_MAILBOX = re.compile(r"5\.(1\.[4]|2\.\d+)")
_MESSAGE = re.compile(r"5\.(3\.4|6\.\d+)")
# Words that blame the sender, for servers that give no status or a general one.
_SENDER_WORDS = re.compile(
    r"\b(spam\w*|blocked|block ?list\w*|black ?list\w*|blacklisted|deny ?list\w*|dnsbl|rbl|reputation|spf|dkim|dmarc|"
    r"relay(ing)? (access )?(denied|not permitted|not allowed|prohibited)|unable to relay|not permitted to relay|policy|"
    r"sender (address|domain|verify)|bad sender|return[- ]path|mail from|client host|helo|ehlo|"
    r"too many (connections|messages|recipients)|rate limit\w*|authenticat\w+|reverse dns|ptr record|banned|abuse)\b",
    re.IGNORECASE,
)
_FULL_WORDS = re.compile(
    r"\b(mailbox|inbox|quota|storage)\b.{0,40}\b(full|exceed\w*|over|limit)|over ?quota|quota exceeded", re.I
)
_ADDRESS_WORDS = re.compile(
    r"\b(user|recipient|mailbox|address|account)\b.{0,40}\b(unknown|not found|does ?n[o']t exist|no longer exists|invalid)\b|"
    r"\b(unknown|invalid|no such) (user|recipient|mailbox|address|account)\b|no mailbox (here )?by that name",
    re.IGNORECASE,
)


def fault(stage: Stage, reply: Reply) -> Fault:
    """Whose fault a negative reply at `stage` is.

    TIME: try again later. SENDER: reputation, policy, credentials, configuration; nobody is to be suppressed for it. MESSAGE:
    this message, too large or malformed. MAILBOX: it exists and takes nothing now. ADDRESS: it does not exist.
    """
    if stage is Stage.MAIL and reply.code == 421:
        # RFC 5321, 3.8: whatever it was asked, the server ends this connection, perhaps for it has brought enough messages.
        return Fault.TIME
    if stage in {Stage.CONNECT, Stage.MAIL}:
        return Fault.TIME if not reply.permanent and not reply.status.startswith("4.7.") else Fault.SENDER
    if reply.status.startswith(("5.7.", "4.7.")) or reply.status in _SENDER:
        return Fault.SENDER
    if not reply.permanent:
        return Fault.TIME
    if reply.status in _ADDRESS:
        return Fault.ADDRESS
    if _MESSAGE.fullmatch(reply.status):
        return Fault.MESSAGE
    if _FULL_WORDS.search(reply.text):
        return Fault.MAILBOX
    if _SENDER_WORDS.search(reply.text):
        return Fault.SENDER
    if _MAILBOX.fullmatch(reply.status):
        return Fault.MAILBOX
    if stage is Stage.DATA and _ADDRESS_WORDS.search(reply.text):
        return Fault.ADDRESS
    return Fault.MAILBOX if stage is Stage.DATA else Fault.MESSAGE
