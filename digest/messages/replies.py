"""What comes back to the address a digest was sent from: machines answering, the word unsubscribe, and people.

`read` decides from the message alone and touches nothing.
"""

import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum

_MACHINES = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply|bounces?|auto-?reply)\b", re.IGNORECASE)
_AWAY = re.compile(
    r"(auto(matic|matisch)?\W{0,2}(reply|response|antwort|generated)|out of (the )?office|on (vacation|leave)|abwesen|réponse "
    r"automatique|absence du bureau|respuesta autom|risposta automatica|fuera de la oficina)",
    re.IGNORECASE,
)
# The word in the languages in which most people write mail. Those without spaces between words know no word boundary.
_STOP = re.compile(
    r"\b(unsubscribe|abmelden|abbestellen|désabonner|désinscrire|desabonner|desinscrire|me désabonne|cancelar suscripción"
    r"|darme de baja|dar de baja|desuscribir(?:me)?|anular suscripción|cancelar (?:a )?(?:inscrição|assinatura)|descadastrar"
    r"|annulla(?:re)? (?:l[’'])?iscrizione|disiscriver(?:e|mi)|disiscrivimi|afmelden|uitschrijven|avregistrera|afmeld|avmeld"
    r"|wypisz|wypisać|rezygnuję|отписаться|отпишите|відписатися|aboneliğ?i iptal)\b"
    r"|退订|退訂|取消订阅|取消訂閱|配信停止|購読解除|配信解除|구독 ?취소|수신 ?거부"
    r"|إلغاء الاشتراك|لغو اشتراک|הסר אותי|הסרה מרשימה",
    re.IGNORECASE,
)
# Words around the word: more than these and a person has something to say that a machine should not answer by acting.
_MOST_WORDS = 6
_REFUSAL = re.compile(r"\b(not|don['’]?t|never|nicht|nie|pas|jamais|no|nunca|não|non|niet|inte|ikke|не)\b", re.IGNORECASE)
_QUOTE = re.compile(
    r"^\s*(>|On .{1,200}wrote:|Am .{1,200}schrieb|Le .{1,200}a écrit|El .{1,200}escribió|Il .{1,200}ha scritto"
    r"|Op .{1,200}schreef|Em .{1,200}escreveu|.{1,200}пишет:|-{2,}|_{4,}|From:|Von:|De ?:|Da:|Van:|От:|发件人|寄件者|差出人)",
    re.IGNORECASE,
)
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,200}>")


class Kind(StrEnum):
    """What a reply is."""

    AUTOMATIC = "automatic"
    UNSUBSCRIBE = "unsubscribe"
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply, whom it is from, which messages of ours it may answer (nearest first), and why it is what it is."""

    kind: Kind
    sender: str
    answers: tuple[str, ...]
    why: str


def _automatic(message: EmailMessage, sender: str) -> str | None:
    """Why a machine wrote this (RFC 3834 section 5, RFC 5230 section 4.6, and what the world does besides), or None."""
    if (submitted := str(message.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()) != "no":
        return f"Auto-Submitted: {submitted}"
    if str(message.get("Return-Path", "")).strip() == "<>":
        return "empty return path"
    if message.get_content_type() in {"multipart/report", "message/delivery-status"}:
        return message.get_content_type()
    if (precedence := str(message.get("Precedence", "")).strip().lower()) in {"bulk", "list", "junk", "auto_reply"}:
        return f"Precedence: {precedence}"
    for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-Failed-Recipients", "List-Id"):
        if name in message:
            return name
    if not sender or _MACHINES.match(sender):
        return f"sent by {sender or 'nobody'}"
    if _AWAY.search(str(message.get("Subject", ""))):
        return "subject of an absence"
    return None


def _own_words(message: EmailMessage) -> str:
    """What the writer typed above what is quoted."""
    part = message.get_body(("plain",))
    if part is None:
        return ""
    try:
        text = str(part.get_content())
    except (LookupError, UnicodeError):
        return ""
    kept: list[str] = []
    for line in text.splitlines():
        if _QUOTE.match(line):
            break
        kept.append(line)
    return " ".join(" ".join(kept).split())


def _asks_to_stop(words: str) -> bool:
    return bool(_STOP.search(words)) and len(words.split()) <= _MOST_WORDS and not _REFUSAL.search(words)


def read(content: bytes) -> Reply:
    """What a message to us is. It may be anything: nothing in it is trusted, and unreadable parts count as silence."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    sender = parseaddr(str(message.get("From", "")))[1].lower()
    named = _MESSAGE_ID.findall(str(message.get("In-Reply-To", "")))
    named += reversed(_MESSAGE_ID.findall(str(message.get("References", ""))))
    answers = tuple(dict.fromkeys(named))[:20]
    if why := _automatic(message, sender):
        return Reply(Kind.AUTOMATIC, sender, answers, why)
    words, subject = _own_words(message), " ".join(str(message.get("Subject", "")).split())
    if _asks_to_stop(words):
        return Reply(Kind.UNSUBSCRIBE, sender, answers, f"says {words!r}")
    # `mailto:` links and old habits put the word into the subject of an empty message; `Re:` quotes a subject of ours.
    if not words and _asks_to_stop(subject) and not subject.lower().startswith("re:"):
        return Reply(Kind.UNSUBSCRIBE, sender, answers, f"is headed {subject!r}")
    return Reply(Kind.PERSON, sender, answers, "written by hand")
