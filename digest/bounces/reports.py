"""What a returned message says, taken apart: machine-readable parts first (RFC 3464, RFC 5965), prose after them."""

import base64
import email
import email.errors
import email.header
import email.parser
import json
import logging
import quopri
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any

from flufl.bounce import all_failures

from digest.bounces import causes, phrases

# It writes down each detector that it runs.
logging.getLogger("flufl.bounce").setLevel(logging.WARNING)
# More than this is what came back with a report, not the report. Nobody writes words of 200 letters; hostile messages do.
_LONGEST_MESSAGE = 5_000_000
_LONGEST_TEXT = 60_000
_DEEPEST = 20
_RUN = re.compile(r"(\S{200})\S+")
_STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_CODE = re.compile(r"(?<![\d.])([45][0-5]\d)(?=[\s-])(?!-\d)")
# A server's whole reply: its code, and the enhanced status with it.
_REPLY = re.compile(r"(?<![\d.])[45][0-5]\d[ -]#?[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
# A reply's code where a reply begins: at a line's start, after a colon or an arrow.
_ALONE = re.compile(r"(?:^|[:>\"'(]|said)[ \t]*[45][0-5]\d[ -](?!\d+-\d)\S", re.MULTILINE)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+")
# A paragraph for each recipient, as qmail, Exim and Postfix write them.
_EACH = re.compile(r"^[ \t]*<?([\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+)>?:?(?=[ \t]*$|:? )", re.MULTILINE)
_FIELDS = re.compile(r"^final-recipient:.*\n(?:[\w-]+:.*\n|[ \t]+\S.*\n)+", re.IGNORECASE | re.MULTILINE)
# What a report in prose tells of the refusal itself ends where the next paragraph or the relay's own comment begins.
_SAID = re.compile(r"(?:(?!\n[ \t]*\n|\n-{2}|\n[ \t]*giving up).)*", re.IGNORECASE | re.DOTALL)
_TAGS = re.compile(
    r"<(?:style|script)\b(?:(?!<(?:style|script)\b).)*?</(?:style|script)>|</?[a-z][^<>]{0,2000}>", re.IGNORECASE | re.DOTALL
)
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
    (re.compile(r"\bRCPT TO response|SMTP:RCPT\b|\[RCPT_TO\]|command RCPT\b"), "RCPT"),
)
_COMMAND = re.compile(
    r"(?:>>> ?|in reply to |response to |error after |after |did not like our |during |while (?:talking|sending|in) |\()"
    r"(?:the )?(?:end of )?(MAIL|RCPT|DATA)\b"
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
    message = _parsed(octets)
    feedback = _feedback(message)
    whole = _prose(message)
    prose = _until_original(_RUN.sub(r"\1", whole))
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
        feedback=feedback or _feedback_in_prose(message, whole, prose),
        recipients=tuple(dict.fromkeys(each.recipient for each in failures if each.recipient)),
        automatic=_automatic(message),
        answer=_is_answer(message),
        left=phrases.LEFT.search(prose) is not None,
        subject=_header(message, "Subject"),
    )


def addressed_to(octets: bytes) -> list[str]:
    """The addresses a message came to, as the headers that servers add say; the most trustworthy first."""
    message = _parsed(octets)
    named = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
    return [address for name in named for address in _ADDRESS.findall(_header(message, name))]


def _parsed(octets: bytes) -> Message:
    """The message; one that is nested deeper than Python goes is left in one piece under its headers."""
    try:
        return email.message_from_bytes(octets[:_LONGEST_MESSAGE])
    except RecursionError:
        return email.parser.BytesHeaderParser().parsebytes(octets[:_LONGEST_MESSAGE])


def _header(message: Message, name: str) -> str:
    """A header as text, its encoded words decoded as far as they can be."""
    raw = message.get(name, "")
    parts = []
    try:
        # Not str(raw): that puts "?" for the octets of a header that nobody encoded.
        decoded = email.header.decode_header(raw)
    except email.errors.HeaderParseError:
        decoded = [(str(raw), None)]
    for value, charset in decoded:
        parts.append(value if isinstance(value, str) else _decode(value, charset or "ascii"))
    return _RUN.sub(r"\1", " ".join("".join(parts)[:_LONGEST_TEXT].split()))


def _decode(octets: bytes, charset: str) -> str:
    try:
        return octets.decode(charset, "replace")
    except (LookupError, ValueError):  # not a charset, or one (idna) that cannot replace
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
    begins = next((found.start() for found in phrases.ORIGINAL.finditer(text) if text[: found.start()].strip()), len(text))
    return text[:begins]


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """The parts of a message, without those of a message that it carries."""
    if message.get_content_maintype() == "multipart" and message.is_multipart() and depth < _DEEPEST:
        for part in message.get_payload():
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)
    else:
        yield message


def _from_status_parts(message: Message, prose: str) -> Iterator[Failure]:
    """The recipients of message/delivery-status parts (RFC 3464, 2.3), each with its diagnostic and the prose beside it."""
    for part in _parts(message):
        if part.get_content_type() not in {"message/delivery-status", "message/global-delivery-status"}:
            continue
        for group in _groups(part):
            if group["Final-Recipient"] or group["Original-Recipient"] or group["Action"]:
                yield _from_group(group, prose)


def _groups(part: Message) -> list[Message]:
    """The groups of fields of a part made for machines, whatever encoding it came in (RFC 6533 allows base64)."""
    groups = part.get_payload()
    parsed = [each for each in groups if isinstance(each, Message)] if isinstance(groups, list) else []
    encoding = str(part.get("Content-Transfer-Encoding", "")).strip().lower()
    if encoding not in {"base64", "quoted-printable"} and part.get_content_type() == "message/delivery-status":
        return parsed
    # Python takes apart only message/delivery-status, and that undecoded; the rest it leaves as a message with its body.
    octets = b"\n\n".join(each.as_bytes() for each in parsed)
    if encoding == "base64":
        octets = _from_base64(octets)
    elif encoding == "quoted-printable":
        octets = quopri.decodestring(octets)
    return [email.message_from_bytes(each) for each in re.split(rb"\r?\n(?:[ \t]*\r?\n)+", octets.strip())]


def _from_base64(octets: bytes) -> bytes:
    """Whatever whole groups of four there are: a part may have been cut off."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", octets)
    return base64.b64decode(
        letters[: len(letters) // 4 * 4] + {2: letters[-2:] + b"==", 3: letters[-3:] + b"="}.get(len(letters) % 4, b"")
    )


def _from_forwarded(message: Message, prose: str) -> Iterator[Failure]:
    """The same of a report that somebody's machine sent on as an attachment, one level down."""
    for part in _parts(message):
        inner = part.get_payload() if part.get_content_type() == "message/rfc822" else None
        for each in inner if isinstance(inner, list) else []:
            if isinstance(each, Message) and each.get_content_type() == "multipart/report":
                yield from _from_status_parts(each, prose)


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
    if not _automatic(message) and not _reads_like_a_report(message, prose):
        return []
    starts = [found for found in _EACH.finditer(prose) if _CODE.search(prose, found.end()) or re.fullmatch("<.*>:", found[0])]
    if len(starts) > 1:
        ends = [*(found.start() for found in starts[1:]), len(prose)]
        return [failure(found[1], "", "", "", prose[found.end() : end]) for found, end in zip(starts, ends, strict=True)]
    named = _header(message, "X-Failed-Recipients")
    first = named.split(",")[0].strip() or next(iter(_ADDRESS.findall(prose)), "")
    says_so = named or phrases.UNDELIVERED.search(f"{_header(message, 'Subject')}\n{prose}")
    warns = phrases.DELAYED.search(prose)
    only = failure(first, "failed" if says_so and not warns else "", "", "", f"{prose} {named}")
    # Machines write of other things, too: of quarantines, of statistics, of lists. A report says that something did not arrive.
    if not (says_so or warns or only.status or only.command or _REPLY.search(prose) or _ALONE.search(prose)):
        return []
    return [only] if only.action or only.status or only.code or causes.from_words(only.prose) else []


def _from_old_formats(message: Message) -> list[Failure]:
    """What flufl.bounce knows of formats that nothing above reads. It tells whom, seldom why, so nobody is dropped for it."""
    if not _automatic(message):
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
    coded = bool(_STATUS.search(prose) or _CODE.search(prose))
    return bool(_REPLY.search(prose)) or (coded and bool(phrases.UNDELIVERED.search(_header(message, "Subject"))))


def failure(recipient: str, action: str, status: str, diagnostic: str, prose: str) -> Failure:
    """Join what is known of one recipient. A status in the server's own words is more precise than a relay's general one."""
    diagnostic = _RUN.sub(r"\1", diagnostic)
    own = _STATUS.search(diagnostic) or _STATUS.search(prose)
    said = _STATUS.search(status)
    best = said[1] if said else ""
    if own and (not best or best.endswith(".0.0")) and own[1][0] == (best[:1] or own[1][0]):
        best = own[1]
    code = _CODE.search(diagnostic) or _CODE.search(prose)
    reply = _SAID.match(prose, code.start()) if code and not diagnostic else None
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
        " ".join(reply[0].split()) if reply else "",
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


def _feedback_in_prose(message: Message, whole: str, prose: str) -> str:
    """Complaints that come without the part that RFC 5965 asks for: their first lines, or a provider's notification."""
    # Outlook.com's feedback loop forwards the message under this subject and no other sign.
    if _header(message, "Subject").lower().startswith("complaint about message from"):
        return "abuse"
    if re.search(r'"notificationType\\?"\s*:\s*\\?"Complaint', whole) or _header(message, "X-HmXmrOriginalRecipient"):
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
    """Whether it is a reader's automatic reply (RFC 3834) or a machine's question, not a server's report."""
    subject = _header(message, "Subject")
    if message["X-Autoreply"] or message["X-Autorespond"] or message["X-List-Administrivia"]:
        return True
    if message.get_content_type() == "multipart/report":
        kind = str(message.get_param("report-type", "")).lower()
        return kind in {"disposition-notification", "tlsrpt"} or (kind == "" and bool(phrases.ANSWERS.search(subject)))
    if phrases.ANSWERS.search(subject):
        return True
    return (
        bool(phrases.ANSWERING.match(subject))
        and not message["X-Failed-Recipients"]
        and not phrases.DAEMON.search(_header(message, "From"))
    )
