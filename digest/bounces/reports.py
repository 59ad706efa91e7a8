"""What a returned message says, taken apart: machine-readable parts first (RFC 3464, RFC 5965), prose after them."""

import email
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from flufl.bounce import all_failures

from digest.bounces import causes

# It writes down each detector that it runs.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)
# More than this is an attachment, not a report.
_LONGEST_TEXT = 100_000
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[\s-])(?!-\d)")
# A server's whole reply: its code, and the enhanced status with it.
_REPLY = re.compile(r"(?<![\d.])[45][0-5]\d[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# Where the returned message begins, so that its own words are not taken for the report's.
_ORIGINAL = re.compile(
    "|".join(
        [
            r"^(?:[ >]*[-_=*]{2,}[ \w,:'.()]*(?:original|copy of|returned|undelivered|unsent|forwarded|below|headers?)\b.*",
            r".{0,80}\b(?:copy of (?:the|your|my) (?:original )?(?:message|mail|header)",
            r"original message (?:follows|is included|headers?|is below)",
            r"headers? (?:of the original message )?follow",
            r"message headers? (?:follow|is|are)",
            r"your (?:original )?(?:e-?mail|message) (?:follows|is attached)",
            r"text of your message",
            r"full message follows)\b.*",
            r"(?:received|return-path|dkim-signature|x-received): .*)$",
        ]
    ),
    re.IGNORECASE | re.MULTILINE,
)
# A paragraph for each recipient, as qmail, Exim and Postfix write them.
_EACH = re.compile(r"^[ \t]*<?([\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+)>?:?(?=[ \t]*$|:? )", re.MULTILINE)
_FIELDS = re.compile(r"^final-recipient:.*\n(?:[\w-]+:.*\n|[ \t]+\S.*\n)+", re.IGNORECASE | re.MULTILINE)
_UNDELIVERED = re.compile(
    r"(?:not|n.t|un)[ -]?(?:be )?(?:delivered|deliverable|sent|reach)"
    r"|(?:delivery|mail|message).{0,30}(?:fail|abort|return|unable|reject|error)"
    r"|undeliver|did not reach|returned mail|failure notice",
    re.IGNORECASE,
)
_DELAYED = re.compile(
    r"not yet been delivered|has been delayed|is delayed|will (?:keep|continue) trying|still being|warning", re.IGNORECASE
)
_TAGS = re.compile(r"<(?:style|script)\b.*?</(?:style|script)>|</?[a-z][^<>]{0,2000}>", re.IGNORECASE | re.DOTALL)
# What was refused, as Exim and qmail tell of it in words of their own.
_TOLD = (
    (re.compile(r"after (?:initial connection|(?:pipelined )?(?:EHLO|HELO)\b)", re.IGNORECASE), "CONNECT"),
    (re.compile(r"but (?:greeting failed|my name was rejected)", re.IGNORECASE), "CONNECT"),
    (re.compile(r"but sender was rejected", re.IGNORECASE), "MAIL"),
    (re.compile(r"does not like recipient", re.IGNORECASE), "RCPT"),
    (re.compile(r"failed (?:after I sent the message|on DATA command)", re.IGNORECASE), "DATA"),
)
_COMMAND = re.compile(
    r"(?:>>> ?|in reply to |response to |error after |after |did not like our |during |while (?:talking|sending|in) |\()"
    r"(?:the )?(?:end of )?(MAIL|RCPT|DATA)\b"
)


@dataclass(frozen=True, slots=True)
class Failure:
    """One recipient's fate. `action` and `status` are RFC 3464's, lower-cased, "" when not said. `diagnostic` is what the
    refusing server said, `prose` what the report says to people; `command` the SMTP command that was refused, where it is told.
    """

    recipient: str
    action: str
    status: str
    code: int | None
    diagnostic: str
    prose: str
    command: str


@dataclass(frozen=True, slots=True)
class Report:
    """A message that came back. `feedback` is RFC 5965's Feedback-Type; `automatic` says that no person wrote it."""

    failures: tuple[Failure, ...] = ()
    feedback: str = ""
    recipients: tuple[str, ...] = ()
    automatic: bool = False
    answer: bool = False
    subject: str = ""


def read(octets: bytes) -> Report:
    """Take a message apart; whatever it holds, the answer is a Report, perhaps an empty one."""
    message = email.message_from_bytes(octets)
    feedback = _feedback(message)
    whole = _prose(message)
    prose = _until_original(whole)
    failures = (
        list(_from_status_parts(message, prose))
        or list(_from_fields(prose))
        or list(_from_notification(whole))
        or _from_prose(message, prose)
        or _from_old_formats(message)
    )
    return Report(
        failures=tuple(failures),
        feedback=feedback or _feedback_in_prose(message, prose),
        recipients=tuple(dict.fromkeys(each.recipient for each in failures if each.recipient)),
        automatic=_automatic(message),
        answer=_is_answer(message),
        subject=_header(message, "Subject"),
    )


def addressed_to(octets: bytes) -> list[str]:
    """The addresses a message came to, as the headers that servers add say; the most trustworthy first."""
    message = email.message_from_bytes(octets)
    named = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
    return [address for name in named for address in _ADDRESS.findall(_header(message, name))]


def _header(message: Message, name: str) -> str:
    """A header as text, its encoded words decoded as far as they can be."""
    parts = []
    for value, charset in email.header.decode_header(str(message.get(name, ""))):
        parts.append(value if isinstance(value, str) else _decode(value, charset or "ascii"))
    return " ".join("".join(parts).split())


def _decode(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except LookupError:
        return octets.decode("utf-8", "replace")


def _text_of(part: Message) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    return _decode(payload[:_LONGEST_TEXT], part.get_content_charset() or "utf-8").replace("\r\n", "\n")


def _prose(message: Message) -> str:
    """What the message says to people, the returned message included if it is quoted there."""
    said: list[str] = []
    for part in _parts(message):
        kind = part.get_content_type()
        # A multipart without its parts has lost them to a wrong boundary: its text is all there is.
        if not kind.startswith(("text/plain", "text/html", "multipart/")) or (said and kind == "text/html"):
            continue
        text = _text_of(part)
        if kind == "text/html":
            text = re.sub(r"&lt;", "<", re.sub(r"&gt;", ">", _TAGS.sub(" ", text)))
        said.append(text)
        if len(said) == 2:
            break
    return "\n".join(said)


def _until_original(text: str) -> str:
    begins = next((found.start() for found in _ORIGINAL.finditer(text) if text[: found.start()].strip()), len(text))
    return text[:begins]


def _parts(message: Message) -> Iterator[Message]:
    """The parts of a message, without those of a message that it carries."""
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part)
    else:
        yield message


def _from_status_parts(message: Message, prose: str) -> Iterator[Failure]:
    """The recipients of message/delivery-status parts (RFC 3464, 2.3), each with its diagnostic and the prose beside it."""
    for part in _parts(message):
        if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
            continue
        groups = part.get_payload()
        for group in groups if isinstance(groups, list) else []:
            if not isinstance(group, Message) or not (
                group["Final-Recipient"] or group["Original-Recipient"] or group["Action"]
            ):
                continue
            yield _from_group(group, prose)


def _from_group(group: Message, prose: str) -> Failure:
    said = _header(group, "Final-Recipient") or _header(group, "Original-Recipient")
    action = (_header(group, "Action").split() or [""])[0].strip(";,").lower()
    diagnostic = _header(group, "Diagnostic-Code").partition(";")[2].strip() or _header(group, "Diagnostic-Code")
    if category := _header(group, "X-PowerMTA-BounceCategory"):
        diagnostic = f"{diagnostic} ({category})"
    return failure(_recipient(said), action, _header(group, "Status"), diagnostic, prose)


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
    except ValueError:
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
    if not _automatic(message) and not _reads_like_a_report(message, prose):
        return []
    starts = [found for found in _EACH.finditer(prose) if _CODE.search(prose, found.end())]
    if len(starts) > 1:
        ends = [*(found.start() for found in starts[1:]), len(prose)]
        return [failure(found[1], "", "", "", prose[found.end() : end]) for found, end in zip(starts, ends, strict=True)]
    named = _header(message, "X-Failed-Recipients")
    first = named.split(",")[0].strip() or next(iter(_ADDRESS.findall(prose)), "")
    says_so = named or _UNDELIVERED.search(f"{_header(message, 'Subject')}\n{prose}")
    only = failure(first, "failed" if says_so and not _DELAYED.search(prose) else "", "", "", f"{prose} {named}")
    return [only] if only.action or only.status or only.code or causes.from_words(only.prose) else []


def _from_old_formats(message: Message) -> list[Failure]:
    """What flufl.bounce knows of formats that nothing above reads. It tells whom, seldom why, so nobody is dropped for it."""
    if not _automatic(message):
        return []
    try:
        temporary, permanent = all_failures(message)
    except (LookupError, ValueError, TypeError, AttributeError, AssertionError):
        return []  # its detectors trust what they read
    named = sorted(address.decode("ascii", "replace") for address in temporary | permanent)
    return [Failure(address, "failed", "", None, "", "", "") for address in named]


def _reads_like_a_report(message: Message, prose: str) -> bool:
    """Whether a message that nothing marks as a machine's must be one: people, too, write of 450 papers or of section 5.1.1."""
    if message["In-Reply-To"] or message["References"]:
        return False
    coded = bool(_STATUS.search(prose) or _CODE.search(prose))
    return bool(_REPLY.search(prose)) or (coded and bool(_UNDELIVERED.search(_header(message, "Subject"))))


def failure(recipient: str, action: str, status: str, diagnostic: str, prose: str) -> Failure:
    """Join what is known of one recipient. A status in the server's own words is more precise than a relay's general one."""
    own = _STATUS.search(diagnostic) or _STATUS.search(prose)
    said = _STATUS.search(status)
    best = said[1] if said else ""
    if own and (not best or best.endswith(".0.0")) and own[1][0] == (best[:1] or own[1][0]):
        best = own[1]
    code = _CODE.search(diagnostic) or _CODE.search(prose)
    commands = _COMMAND.findall(diagnostic) or _COMMAND.findall(prose)
    if not commands and code:
        commands = [command for words, command in _TOLD if words.search(f"{diagnostic}\n{prose}")]
    return Failure(
        recipient,
        action,
        best,
        int(code[1]) if code else None,
        " ".join(diagnostic.split()),
        " ".join(prose.split()),
        commands[-1] if commands else "",
    )


def _recipient(said: str) -> str:
    found = _ADDRESS.search(said.partition(";")[2] or said)
    return found[0] if found else ""


def _feedback(message: Message) -> str:
    """The Feedback-Type of a message/feedback-report part (RFC 5965), lower-cased, "" when there is none."""
    for part in _parts(message):
        if part.get_content_type() == "message/feedback-report":
            groups = part.get_payload()
            inner = groups[0] if isinstance(groups, list) and groups else part
            text = inner.as_string() if isinstance(inner, Message) else str(groups)
            found = re.search(r"^feedback-type:\s*([\w-]+)", text, re.IGNORECASE | re.MULTILINE)
            return found[1].lower() if found else "abuse"
    return ""


def _feedback_in_prose(message: Message, prose: str) -> str:
    """Complaints that come without the part that RFC 5965 asks for: their first lines, or a provider's notification."""
    # Outlook.com's feedback loop forwards the message under this subject and no other sign.
    if _header(message, "Subject").lower().startswith("complaint about message from"):
        return "abuse"
    if re.search(r'"notificationType\\?"\s*:\s*\\?"Complaint', prose) or _header(message, "X-HmXmrOriginalRecipient"):
        return "abuse"
    if re.search(r"^feedback-type:\s*abuse", prose, re.IGNORECASE | re.MULTILINE):
        return "abuse"
    if re.search(r"this is an (?:email )?abuse report for an (?:email )?message", prose, re.IGNORECASE):
        return "abuse"
    return ""


def _automatic(message: Message) -> bool:
    """Whether a machine wrote it: RFC 3834's header, an empty return path, or a sender that is one."""
    if _header(message, "Auto-Submitted").lower().startswith("auto-") or message["X-Failed-Recipients"]:
        return True
    sender = _header(message, "From").lower()
    return _header(message, "Return-Path") == "<>" or bool(
        re.search(
            r"mailer.?daemon|postmaster|post_master|mail (?:delivery|administrator)"
            r"|(?:mail|delivery)[ -](?:sub)?system|no-?reply|mmdf",
            sender,
        )
        or sender.endswith("<>")
    )


def _is_answer(message: Message) -> bool:
    """Whether it is a reader's automatic reply (RFC 3834), not a server's report."""
    subject = _header(message, "Subject").lower()
    if _header(message, "X-Autoreply") or _header(message, "X-Autorespond"):
        return True
    return bool(
        re.search(
            r"\b(?:auto(?:matic)?[ -]?(?:reply|response|answer)|out of (?:the )?office|vacation|away from|on holiday|abwesen)",
            subject,
        )
    ) or (
        _header(message, "Auto-Submitted").lower().startswith("auto-replied")
        and not re.search(r"mailer.?daemon|postmaster|mail.delivery", _header(message, "From").lower())
        and bool(re.match(r"(?:re|auto|aw|sv):", subject))
    )
