"""What a returned message says of its recipients: machine-readable parts first (RFC 3464, RFC 5965), prose after them."""

import email
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from flufl.bounce import all_failures

from digest.bounces import anatomy, causes, kinds, phrases
from digest.bounces.anatomy import header, parts
from digest.bounces.failures import ADDRESS, CODE, STATUS, Failure, failure, recipient_in

# It writes down each detector that it runs.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)
# A server's whole reply: its code, and the enhanced status with it.
_REPLY = re.compile(r"(?<![\d.])[45][0-5]\d[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
# A reply's code where a reply begins: at a line's start, after a colon or an arrow.
_ALONE = re.compile(r"(?:^|[:>\"'(]|said)[ \t]*[45][0-5]\d[ -](?!\d+-\d)\S", re.MULTILINE)
# A paragraph for each recipient, as qmail, Exim and Postfix write them.
_EACH = re.compile(r"^[ \t]*[<\"]?([\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+)[>\"]?:?(?=[ \t]*$|:? )", re.MULTILINE)
_FIELDS = re.compile(r"^final-recipient:.*\n(?:[\w-]+:.*\n|[ \t]+\S.*\n)+", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """A message that came back. `feedback` is RFC 5965's Feedback-Type; `automatic` says that no person wrote it,
    `answer` that a reader's machine did, `left` that it speaks of somebody who has left.
    """

    failures: tuple[Failure, ...] = ()
    feedback: str = ""
    recipients: tuple[str, ...] = ()
    automatic: bool = False
    answer: bool = False
    left: bool = False
    subject: str = ""


def read(octets: bytes) -> Report:
    """Take a message apart; whatever it holds, the answer is a Report, perhaps an empty one."""
    message = anatomy.parsed(octets)
    feedback = kinds.feedback(message)
    whole = anatomy.prose(message)
    prose = phrases.SUBJECT.sub("", anatomy.until_original(anatomy.RUN.sub(r"\1", whole)))
    failures = (
        list(_from_status_parts(message, prose))
        or list(_from_forwarded(message, prose))
        or list(_from_fields(prose))
        or list(_from_notification(whole))
        or _from_prose(message, prose)
        or _from_old_formats(message)
    )
    return Report(
        failures=tuple(failures),
        feedback=feedback or kinds.feedback_in_prose(message, whole, prose),
        recipients=tuple(dict.fromkeys(each.recipient for each in failures if each.recipient)),
        automatic=kinds.automatic(message),
        answer=kinds.is_answer(message) or _asks(prose, failures),
        left=phrases.LEFT.search(prose) is not None,
        subject=header(message, "Subject"),
    )


def _asks(prose: str, failures: list[Failure]) -> bool:
    """Whether it asks the sender to prove that somebody wrote it, and refuses nothing yet."""
    refused = any(each.status.startswith("5.") or (each.code or 0) >= 500 for each in failures)
    return phrases.CHALLENGES.search(prose) is not None and not refused


def addressed_to(octets: bytes) -> list[str]:
    """The addresses a message came to, as the headers that servers add say; the most trustworthy first."""
    message = anatomy.parsed(octets)
    named = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
    return [address for name in named for address in ADDRESS.findall(header(message, name))]


def _from_status_parts(message: Message, prose: str) -> Iterator[Failure]:
    """The recipients of message/delivery-status parts (RFC 3464, 2.3), each with its diagnostic and the prose beside it."""
    for part in parts(message):
        if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
            continue
        for group in anatomy.groups(part):
            if group["Final-Recipient"] or group["Original-Recipient"] or group["Action"]:
                yield _from_group(group, prose)


def _from_forwarded(message: Message, prose: str) -> Iterator[Failure]:
    """The same of a report that somebody's machine sent on as an attachment, one level down."""
    for part in parts(message):
        inner = part.get_payload() if part.get_content_type() == "message/rfc822" else None
        for each in inner if isinstance(inner, list) else []:
            if isinstance(each, Message) and each.get_content_type() == "multipart/report":
                yield from _from_status_parts(each, prose)


def _from_group(group: Message, prose: str) -> Failure:
    said = header(group, "Final-Recipient") or header(group, "Original-Recipient")
    action = (header(group, "Action").split() or [""])[0].strip(";,").lower()
    # Some relays put the server's words into a field of their own.
    coded = header(group, "Diagnostic-Code") or header(group, "X-Supplementary-Info")
    diagnostic = coded.partition(";")[2].strip() or coded
    if category := header(group, "X-PowerMTA-BounceCategory"):
        diagnostic = f"{diagnostic} ({category})"
    return failure(recipient_in(said), action, header(group, "Status"), diagnostic, prose)


def _from_fields(prose: str) -> Iterator[Failure]:
    """The same fields in plain text, from reports whose parts cannot be told apart."""
    for found in _FIELDS.finditer(prose):
        yield _from_group(email.message_from_string(found[0]), prose[: found.start()])


def _from_notification(prose: str) -> Iterator[Failure]:
    """The recipients of a provider's JSON notification (Amazon SES by SNS), mailed as it is."""
    start = prose.find("{")
    try:
        # What stands behind it is the provider's footer.
        outer = json.JSONDecoder().raw_decode(prose, start)[0] if start >= 0 else None
        inner = json.loads(outer["Message"]) if isinstance(outer, dict) and isinstance(outer.get("Message"), str) else outer
    except (ValueError, RecursionError):
        return
    if not isinstance(inner, Mapping):
        return
    bounce: Mapping[str, Any] = inner.get("bounce") or {}
    for each in _list(bounce, "bouncedRecipients"):
        text = str(each.get("diagnosticCode", "")) or f"{bounce.get('bounceType')} {bounce.get('bounceSubType')}"
        yield failure(
            str(each.get("emailAddress", "")), str(each.get("action", "failed")), str(each.get("status", "")), text, ""
        )
    for each in _list(inner.get("delivery"), "recipients"):
        yield failure(str(each), "delivered", "2.0.0", "", "")


def _list(source: Any, name: str) -> list[Any]:
    found = source.get(name) if isinstance(source, Mapping) else None
    return found if isinstance(found, list) else []


def _from_prose(message: Message, prose: str) -> list[Failure]:
    """One failure out of a report that is prose alone; none when nothing suggests that it is a report."""
    if not kinds.automatic(message) and not _reads_like_a_report(message, prose):
        return []
    starts = [
        found for found in _EACH.finditer(prose) if re.fullmatch('<.*>:|".*":', found[0]) or CODE.search(prose, found.end())
    ]
    if len(starts) > 1:
        ends = [*(found.start() for found in starts[1:]), len(prose)]
        return [failure(found[1], "", "", "", prose[found.end() : end]) for found, end in zip(starts, ends, strict=True)]
    named = header(message, "X-Failed-Recipients")
    first = named.split(",")[0].strip() or next(iter(ADDRESS.findall(prose)), "")
    says_so = named or phrases.UNDELIVERED.search(f"{header(message, 'Subject')}\n{prose}")
    # Of a mailbox that is not there some tell without a word of a message.
    tells = (
        bool(phrases.DAEMON.search(header(message, "From")))
        and not CODE.search(prose)
        and causes.unknown(" ".join(prose.split()))
    )
    warns = phrases.DELAYED.search(prose)
    only = failure(first, "failed" if (says_so or tells) and not warns else "", "", "", f"{prose} {named}")
    # Machines write of other things, too: of quarantines, of statistics, of lists. A report says that something did not arrive.
    if not (says_so or tells or warns or only.status or only.command or _REPLY.search(prose) or _ALONE.search(prose)):
        return []
    return [only] if only.action or only.status or only.code or causes.from_words(only.prose) else []


def _from_old_formats(message: Message) -> list[Failure]:
    """What flufl.bounce knows of formats that nothing above reads. It tells whom, seldom why, so nobody is dropped for it."""
    if not kinds.automatic(message):
        return []
    try:
        temporary, permanent = all_failures(message)
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError):
        return []  # its detectors trust what they read
    named = sorted(address.decode("ascii", "replace") for address in temporary | permanent)
    return [Failure(address, "failed", "", None, "", "", "") for address in named]


def _reads_like_a_report(message: Message, prose: str) -> bool:
    """Whether a message that nothing marks as a machine's must be one: people, too, write of 450 papers or of section 5.1.1."""
    if message["In-Reply-To"] or message["References"]:
        return False
    coded = bool(STATUS.search(prose) or CODE.search(prose))
    named = header(message, "Subject")
    if phrases.RETURNED.search(named) and phrases.UNDELIVERED.search(prose):
        return True
    return bool(_REPLY.search(prose)) or (coded and bool(phrases.UNDELIVERED.search(named)))
