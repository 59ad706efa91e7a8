"""What kind of message came back: a machine's report, a reader's automatic reply, a complaint."""

import re
from email.message import Message

from digest.bounces import phrases
from digest.bounces.anatomy import header, parts


def feedback(message: Message) -> str:
    """The Feedback-Type of a message/feedback-report part (RFC 5965), lower-cased, "" when there is none."""
    for part in parts(message):
        if part.get_content_type() == "message/feedback-report":
            groups = part.get_payload()
            inner = groups[0] if isinstance(groups, list) and groups else part
            # As octets: a text would be decoded by whatever charset a stranger names.
            text = inner.as_bytes().decode("latin-1") if isinstance(inner, Message) else str(groups)
            found = re.search(r"^feedback-type:\s*([\w-]+)", text, re.IGNORECASE | re.MULTILINE)
            return found[1].lower() if found else "abuse"
    return ""


def feedback_in_prose(message: Message, whole: str, prose: str) -> str:
    """Complaints that come without the part that RFC 5965 asks for: their first lines, or a provider's notification."""
    # Outlook.com's feedback loop forwards the message under this subject and no other sign.
    if header(message, "Subject").lower().startswith("complaint about message from"):
        return "abuse"
    if re.search(r'"notificationType\\?"\s*:\s*\\?"Complaint', whole) or header(message, "X-HmXmrOriginalRecipient"):
        return "abuse"
    if re.search(r"^feedback-type:\s*abuse", prose, re.IGNORECASE | re.MULTILINE):
        return "abuse"
    if re.search(r"this is an (?:email )?abuse report for an (?:email )?message", prose, re.IGNORECASE):
        return "abuse"
    return ""


def automatic(message: Message) -> bool:
    """Whether a machine wrote it: RFC 3834's header, an empty return path, or a sender that is one."""
    if header(message, "Auto-Submitted").lower().startswith("auto-") or message["X-Failed-Recipients"]:
        return True
    if str(message.get_param("report-type", "")).lower() == "delivery-status":
        return True
    sender = header(message, "From").lower()
    returned = header(message, "Return-Path").lower()
    return (
        returned == "<>"
        or "mailer-daemon" in returned
        or bool(
            re.search(
                r"mailer.?daemon|postmaster|post_master|mail (?:delivery|administrator)"
                r"|(?:mail|delivery)[ -](?:sub)?system|no-?reply|mmdf|\bmdaemon@|\bndr@",
                sender,
            )
            or sender.endswith("<>")
        )
    )


def is_answer(message: Message) -> bool:
    """Whether it is a reader's automatic reply (RFC 3834) or a machine's question, not a server's report."""
    subject = header(message, "Subject")
    if phrases.RETURNED.search(subject) and automatic(message) and message.get_content_type() != "multipart/report":
        return False  # the rest is the subject of what came back
    if message["X-Autoreply"] or message["X-Autorespond"] or message["X-List-Administrivia"]:
        return True
    if message.get_content_type() == "multipart/report":
        kind = str(message.get_param("report-type", "")).lower()
        if kind == "disposition-notification":
            # Dovecot's delivery agent says in this form, too, that it refused a message.
            return "(rejected)" not in header(message, "Auto-Submitted").lower()
        return kind == "tlsrpt" or (kind == "" and bool(phrases.ANSWERS.search(subject)))
    if phrases.ANSWERS.search(subject):
        return True
    return (
        bool(phrases.ANSWERING.match(subject))
        and not message["X-Failed-Recipients"]
        and not phrases.DAEMON.search(header(message, "From"))
    )
