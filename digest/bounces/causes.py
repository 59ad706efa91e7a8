"""What reports mean: causes, told from servers' words and from enhanced status codes, and the verdict each calls for."""

import enum
import re
from pathlib import Path

from digest.models import Bounce


class Cause(enum.StrEnum):
    """Why a message came back; the values are plain words for the ledger."""

    UNKNOWN_USER = "the mailbox does not exist"
    UNKNOWN_HOST = "the domain does not exist or takes no mail"
    MOVED = "the mailbox has moved away"
    FULL = "the mailbox is full"
    DISABLED = "the mailbox takes nothing at present"
    FILTERED = "the recipient's own filter refused it"
    EXPIRED = "nobody answered in time"
    SYSTEM = "the receiving system has a fault of its own"
    AUTHENTICATION = "the sender could not be authenticated"
    REPUTATION = "the sender is blocked or has a bad reputation"
    POLICY = "the message goes against a policy"
    CONTENT = "the message was taken for spam or for harmful"
    SENDER = "the sender's address was refused"
    SIZE = "the message is too large"
    RATE = "too much was sent at once"


VERDICTS = {
    Cause.UNKNOWN_USER: Bounce.Verdict.SUPPRESS,
    Cause.UNKNOWN_HOST: Bounce.Verdict.SUPPRESS,
    Cause.MOVED: Bounce.Verdict.SUPPRESS,
    Cause.FULL: Bounce.Verdict.SOFT,
    Cause.DISABLED: Bounce.Verdict.SOFT,
    Cause.FILTERED: Bounce.Verdict.SOFT,
    Cause.EXPIRED: Bounce.Verdict.SOFT,
    Cause.SYSTEM: Bounce.Verdict.SOFT,
    Cause.AUTHENTICATION: Bounce.Verdict.SENDER_FAULT,
    Cause.REPUTATION: Bounce.Verdict.SENDER_FAULT,
    Cause.POLICY: Bounce.Verdict.SENDER_FAULT,
    Cause.CONTENT: Bounce.Verdict.SENDER_FAULT,
    Cause.SENDER: Bounce.Verdict.SENDER_FAULT,
    Cause.SIZE: Bounce.Verdict.SENDER_FAULT,
    Cause.RATE: Bounce.Verdict.SENDER_FAULT,
}


def _patterns() -> list[tuple[Cause, re.Pattern[str]]]:
    """The words of `words.txt`, in its order; a cause may come twice, with plainer words first."""
    words: list[tuple[Cause, list[str]]] = []
    for line in Path(__file__).with_name("words.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            words.append((Cause[line.strip("[]")], []))
        elif line and not line.startswith("#"):
            words[-1][1].append(line)
    return [(cause, re.compile("|".join(lines), re.IGNORECASE)) for cause, lines in words]


_PATTERNS = _patterns()

_STATUSES = {
    "1.1": Cause.UNKNOWN_USER,
    "1.2": Cause.UNKNOWN_HOST,
    "1.3": Cause.UNKNOWN_USER,
    "1.6": Cause.MOVED,
    "1.7": Cause.SENDER,
    "1.8": Cause.SENDER,
    "1.9": Cause.POLICY,
    "1.10": Cause.UNKNOWN_USER,
    "2.1": Cause.DISABLED,
    "2.2": Cause.FULL,
    "2.3": Cause.SIZE,
    "2.4": Cause.POLICY,
    "3.4": Cause.SIZE,
    "4.1": Cause.EXPIRED,
    "4.2": Cause.EXPIRED,
    "4.4": Cause.UNKNOWN_HOST,
    "4.6": Cause.SYSTEM,
    "4.7": Cause.EXPIRED,
}
_SUBJECTS = {
    "1": Cause.FILTERED,
    "2": Cause.FILTERED,
    "3": Cause.SYSTEM,
    "4": Cause.EXPIRED,
    "5": Cause.POLICY,
    "6": Cause.CONTENT,
    "7": Cause.POLICY,
}


# Links, addresses and a gateway's own footer say nothing by themselves, whatever words they are made of.
_NAMES = re.compile(
    r"(?:has been|was|is) (?:scanned|checked)\b[^.\n]{0,120}|https?://\S+|<?[\w.!#$%&'*+/=?^`{|}~-]+@[\w-]+(?:\.[\w-]+)+>?",
    re.IGNORECASE,
)
_BLOCKLISTS = re.compile(
    r"https?://[\w.-]*\b(?:spamhaus|spamcop|sorbs|uribl|surbl|abuseat|uceprotect|senderscore|barracudacentral|dnsbl|rbl)\.\S+",
    re.IGNORECASE,
)
# Words that can mean nothing but a mailbox that is not there.
_SURELY_UNKNOWN = re.compile(
    r"requested action not taken: mailbox (?:un|not )available|recipient name is not recogni[sz]ed|(?:^|local: )unknown user: "
    r"|does(?:n.t| not) have an? .{0,40}\baccount|not our (?:user|customer)|adresse? (?:destinataire|d.au moins).{0,20}invalide"
    r"|\(bad-mailbox\)|\bbad[_-]recipient\b|ディレクトリ.{0,10}(?:見つか|あ)りません|mailbox not found"
    r"|no mailbox here by that name|recipient address rejected: access denied"
    r"|non-?existent (?:user|mail ?box|recipient|account|address)"
    r"|no (?:such (?:account|mail ?box)|(?:longer an? )?account here)|no such user\b.*존재|never existed"
    r"|(?:account|mail ?box|user name|user|recipient|rcpt|address|person|that name)\b.{0,30}"
    r"(?:does not|do not|doe?s?n.t|not) exist|\b(?:in)?existe? (?:pas|plus|nicht)|existiert nicht|inexist|bestaat niet"
    r"|nie istnieje|neexistuje|no existe\b|n[aã]o existe|non esiste|не существует|не найден|нет такого|не знайдено"
    r"|존재하지 않|不存在|存在しません|見つかりません|找不到"
    r"|\(user not found\)|unroutea?ble address|nicht bekannt|unknown (?:in|to) (?:the |our )?(?:directory"
    r"|system)|no mail ?box of that|no longer accepts mail|previously bounced"
    r"|not one of our (?:address|user|mailbox)"
    r"|not listed in|no such person|account .{0,30}(?:terminated|deleted)|recipnotfound|adr\.(?:ex)?recip",
    re.IGNORECASE,
)


# Of these, what some say under a status of the security class (5.7.x), which others keep for those who are blocked.
_PLAINLY_UNKNOWN = re.compile(
    r"no such (?:user|account|mailbox)\b|unknown (?:recipient|user)\b|(?:user|recipient) unknown"
    r"|no mailbox here by that name|recipient address rejected: access denied"
    r"|non-?existent (?:user|mail ?box|recipient|account|address)"
    r"|mail-? ?box (?:was )?not found|no mail ?box found",
    re.IGNORECASE,
)


# Unknown or out of order: the code beside it has to tell.
_VAGUE = re.compile(r"\b(?:un|not )available\b|previously bounced", re.IGNORECASE)
_WORN = re.compile(r"\buser unknown\b|\bunknown user\b(?! account)|recipient not found", re.IGNORECASE)

_OUTRIGHT = re.compile(
    r"invalid (?:user |recipient |mailbox |e-?mail )?address"
    r"|address(?:es)? (?:not found|could ?n[o.']t be found|was ?n[o.']t found|is not valid|is unknown)",
    re.IGNORECASE,
)


def _plain(text: str) -> str:
    """The words outside links and addresses; a link to a blocklist says that the list was asked."""
    return _NAMES.sub("(who)", _BLOCKLISTS.sub("(blocklist)", text))


def from_words(text: str) -> Cause | None:
    """The first cause whose words the text holds, outside links and addresses."""
    plain = _plain(text)
    return next((cause for cause, pattern in _PATTERNS if pattern.search(plain)), None)


def vague(text: str) -> bool:
    """Whether the words may be said of a mailbox that is there but out of order, too."""
    return _VAGUE.search(text) is not None


def worn(text: str, *, replied: bool) -> bool:
    """Whether the words are those that servers also say of mailboxes that filter; some of them only in a reply with a code."""
    return _WORN.search(text) is not None or (replied and "no such user" in text.lower())


def told_outright(text: str) -> bool:
    """Whether a relay says in its own words that there is no such address, whatever it heard from the server."""
    return _OUTRIGHT.search(_plain(text)) is not None


def unknown(text: str) -> bool:
    """Whether the words, among others, speak of a mailbox that does not exist."""
    plain = _plain(text)
    return any(pattern.search(plain) for cause, pattern in _PATTERNS if cause is Cause.UNKNOWN_USER)


def surely_unknown(text: str) -> bool:
    """Whether the words leave no doubt that the mailbox does not exist."""
    return _SURELY_UNKNOWN.search(_plain(text)) is not None


def plainly_unknown(text: str) -> bool:
    """Whether the words say that the mailbox does not exist, and nothing else could be meant by a status of another class."""
    return _PLAINLY_UNKNOWN.search(_plain(text)) is not None


def from_status(status: str) -> Cause | None:
    """The cause that an enhanced status code names (RFC 3463 and its registry); None for x.0.0 and for "" ."""
    detail = status[2:]
    if detail in _STATUSES:
        return _STATUSES[detail]
    return _SUBJECTS.get(detail.partition(".")[0])
