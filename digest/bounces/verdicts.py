"""The verdict on a message that came back; pure, and never by a first digit alone."""

import re
from dataclasses import dataclass

from digest.bounces import causes, reports
from digest.bounces.causes import VERDICTS, Cause
from digest.bounces.failures import STATUS, Failure
from digest.bounces.reports import Report
from digest.models import Bounce

Verdict = Bounce.Verdict

_GRAVITY = [Verdict.IGNORE, Verdict.SOFT, Verdict.SENDER_FAULT, Verdict.SUPPRESS, Verdict.COMPLAINT]
_DONE = {"delivered", "deliverable", "relayed", "expanded"}
# Codes that name the address or the mailbox beyond doubt, whatever the words around them.
_CERTAIN = {
    "1.1": Cause.UNKNOWN_USER,
    "1.2": Cause.UNKNOWN_HOST,
    "1.10": Cause.UNKNOWN_USER,
    "1.6": Cause.MOVED,
    "1.7": Cause.SENDER,
    "1.8": Cause.SENDER,
    "2.2": Cause.FULL,
}
_BLAMES_SENDER = {
    Cause.AUTHENTICATION, Cause.REPUTATION, Cause.CONTENT, Cause.POLICY, Cause.RATE, Cause.SENDER, Cause.SIZE,
}  # fmt: skip
# What is said beside "5.1.1" by servers that have no other code, when they say nothing of an unknown mailbox as well.
_OUTWEIGHS = {Cause.REPUTATION, Cause.CONTENT, Cause.RATE}
_DROPS = {cause for cause, verdict in VERDICTS.items() if verdict is Verdict.SUPPRESS}
# Codes that say no more than that something failed.
_VAGUE = {"", "5.0.0", "5.3.0", "5.5.0"}
# What a refusal before any recipient was named is about, when its words do not tell.
_AT_STAGE = {"MAIL": Cause.SENDER, "CONNECT": Cause.REPUTATION}
# These carriers say "unknown user" of subscribers who filter their mail; the second then leaves the address out.
_SAYS_UNKNOWN_WHEN_FILTERED = re.compile(r"\bdocomo\.ne\.jp\b|\b550:? : User unknown\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the enhanced status code behind it ("" when there is none), whom it concerns, and why in a few plain words."""

    verdict: Bounce.Verdict
    status: str
    recipients: tuple[str, ...]
    why: str


def classify(octets: bytes) -> Judgement:
    """Judge a message that came back: a complaint, the gravest of its failures, or nothing to act on."""
    return judge(reports.read(octets))


def judge(report: Report) -> Judgement:
    """The verdict on a report."""
    if report.feedback:
        return _of_feedback(report)
    if report.answer:
        why = "an automatic reply, which says that somebody has left" if report.left else "a reader's automatic reply"
        return Judgement(Verdict.IGNORE, "", report.recipients, why)
    if not report.failures:
        return Judgement(Verdict.IGNORE, "", (), "not a report")
    judged = [(*of_failure(failure), failure) for failure in report.failures]
    verdict, why, failure = max(judged, key=lambda each: _GRAVITY.index(each[0]))
    return Judgement(verdict, failure.status, report.recipients, why)


def _of_feedback(report: Report) -> Judgement:
    match report.feedback:
        case "not-spam":
            return Judgement(Verdict.IGNORE, "", report.recipients, "a reader says that it is not spam")
        case "auth-failure" | "dkim" | "dmarc":
            return Judgement(Verdict.SENDER_FAULT, "", report.recipients, "a report that authentication failed (RFC 6591)")
        case kind:
            return Judgement(Verdict.COMPLAINT, "", report.recipients, f"a complaint (RFC 5965): {kind}")


def of_failure(failure: Failure) -> tuple[Bounce.Verdict, str]:
    """The verdict on one recipient's failure, and why."""
    if failure.action in _DONE:
        return Verdict.IGNORE, f"it was {failure.action}"
    cause = cause_of(failure)
    if cause is None:
        return (Verdict.SOFT, "no reason that we know") if failure.action or failure.code else (Verdict.IGNORE, "not a report")
    verdict = VERDICTS[cause]
    trying = failure.status.startswith("4.") or (not failure.status and (failure.code or 500) < 500)
    # A relay that gave up in the end was told all the while to come later, not that nobody is there.
    waited = not failure.diagnostic and (failure.code or 500) < 500 and not failure.status.startswith("5.")
    # "450 mailbox unavailable" is said of one that is locked, too, however long the relay went on asking.
    later = cause is Cause.UNKNOWN_USER and (failure.code or 500) < 500 and not failure.status.startswith(("5.", "4.1."))
    temporary = failure.action == "delayed" or waited or later or (trying and failure.action != "failed")
    if temporary and verdict is Verdict.SUPPRESS:
        return Verdict.SOFT, f"{cause}, for now"
    return verdict, str(cause)


def cause_of(failure: Failure) -> Cause | None:
    """Words that blame the sender, then codes that leave no doubt, then other words, then other codes.

    "User unknown" alone is not enough to drop a reader for good: servers say it of mailboxes that filter, too. It takes a
    status of the address class, or a refusal of RCPT itself.
    """
    words = failure.diagnostic or failure.reply or failure.prose
    spoken = causes.from_words(words)
    if spoken is None:
        # What the relay says around it: that it gave up means less than the subject of a code.
        spoken = causes.from_words(failure.prose)
        clear = causes.surely_unknown(failure.prose) or causes.plainly_unknown(failure.prose) or spoken is Cause.UNKNOWN_HOST
        if (failure.diagnostic or failure.reply) and spoken in _DROPS and not clear:
            spoken = None
        if spoken is Cause.EXPIRED and failure.status.startswith("5."):
            spoken = causes.from_status(failure.status) or spoken
    elif spoken is Cause.SYSTEM and failure.reply and failure.status.startswith("5.") and causes.surely_unknown(failure.prose):
        # The relay's last line sums up what its own delivery agent said before.
        spoken = Cause.UNKNOWN_USER
    detail = failure.status[2:]
    if detail == "4.1" and causes.surely_unknown(words):
        # Exchange Online, of addresses that its directory does not know; "access denied" means the recipient's here.
        return Cause.UNKNOWN_USER
    if failure.command in {"MAIL", "CONNECT"}:
        later = (failure.code or 500) < 500 and spoken in {Cause.FULL, Cause.SYSTEM, Cause.EXPIRED}
        return spoken if spoken in _BLAMES_SENDER or later else _AT_STAGE[failure.command]
    if spoken in _BLAMES_SENDER and detail not in _CERTAIN:
        return spoken
    later = failure.status.startswith("4.") and spoken in {Cause.SYSTEM, Cause.EXPIRED}
    if detail.startswith("7.") and not later and spoken not in {Cause.FULL, Cause.DISABLED, Cause.UNKNOWN_HOST}:
        # Where the server gave no code of its own, the relay made 5.7.1 of three digits.
        guessed = failure.code is not None and not STATUS.search(failure.diagnostic or failure.reply)
        plain = causes.plainly_unknown(words) or (failure.command == "RCPT" and (guessed or causes.surely_unknown(words)))
        return Cause.UNKNOWN_USER if spoken is Cause.UNKNOWN_USER and plain else Cause.POLICY
    if detail in _CERTAIN:
        if _outweighed(failure, words, spoken):
            return spoken
        return spoken if spoken in {Cause.FULL, Cause.DISABLED, Cause.AUTHENTICATION, Cause.MOVED} else _CERTAIN[detail]
    if spoken is Cause.UNKNOWN_USER and detail == "2.1" and causes.vague(words):
        return Cause.DISABLED  # the code is said of mailboxes that are there
    if spoken is Cause.UNKNOWN_USER and not _supported(failure, words):
        return Cause.FILTERED
    return spoken or causes.from_status(failure.status)


def _outweighed(failure: Failure, words: str, spoken: Cause | None) -> bool:
    """Whether words that blame us weigh more than a code that names the mailbox.

    They are the server's own, and say nothing of an unknown mailbox as well. Where the server gave no enhanced code, the one
    beside its words is a relay's guess from three digits.
    """
    own = failure.diagnostic or failure.reply
    if not own or causes.unknown(words):
        return False
    guessed = failure.code is not None and not STATUS.search(own)
    return spoken in _OUTWEIGHS or (guessed and spoken in _BLAMES_SENDER)


def _supported(failure: Failure, words: str) -> bool:
    """Whether more than a phrase says that the mailbox does not exist."""
    if causes.surely_unknown(words) or causes.surely_unknown(failure.prose):
        return True
    if _SAYS_UNKNOWN_WHEN_FILTERED.search(words) and failure.command != "RCPT":
        return False
    # The relay says in its own words, too, that there is no such address.
    if failure.command != "DATA" and causes.told_outright(failure.prose):
        return True
    # A relay that reports 550 without choosing a status passes on what it heard; one that chose x.0.0 knew no better.
    passed_on = bool(failure.diagnostic) and failure.code == 550 and not failure.status
    # Whoever tells of a lasting refusal in words less worn than "user unknown" says what they know.
    told = not failure.command and failure.status in _VAGUE and failure.action == "failed"
    told = told and not causes.worn(words, replied=failure.code is not None)
    return failure.status[2:].startswith("1.") or failure.command == "RCPT" or passed_on or told
