"""A message to oneself: what arrived tells what no record in DNS can, such as whether the relay signs at all."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import parseaddr

import dkim

from digest.preflight.domains import related, tags
from digest.preflight.findings import Finding, Level
from digest.preflight.world import World

# RFC 8058, 4: a one-click link counts only under a signature that covers both fields.
_COVERED = {"list-unsubscribe", "list-unsubscribe-post"}
_RESULT = re.compile(r"\b(spf|dkim|dmarc)=(\w+)")
_COMMENT = re.compile(r"\([^()]*\)")
_ENCRYPTED = re.compile(r"\bwith (ESMTPS|ESMTPSA|SMTPS|UTF8SMTPSA?)\b|\bversion=TLS|\bTLSv?1", re.IGNORECASE)


def received(world: World, octets: bytes) -> Iterator[Finding]:
    """Check a message of ours as it arrived: signatures, what the receiver made of it, one-click fields, encryption."""
    message = email.message_from_bytes(octets, policy=email.policy.default)
    domain = parseaddr(str(message["From"] or ""))[1].rpartition("@")[2].lower()
    if not domain:
        mend = "Save the message as your mailbox got it (show original, download), header and all."
        yield Finding("message", Level.FATAL, "the file holds no message with a From field", mend)
        return
    yield from _signatures(world, octets, message, domain)
    yield from _results(message)
    yield from _one_click(message)
    # A receiver's topmost Received field tells how the relay's connection to it was.
    hop = next((str(each) for each in message.get_all("Received", []) if "127.0.0.1" not in str(each)), "")
    if hop and not _ENCRYPTED.search(hop):
        mend = "Have the relay use TLS towards receivers: Gmail asks bulk senders for it."
        yield Finding("TLS to the receiver", Level.WARNING, "the last hop does not say that it was encrypted", mend)
    elif hop:
        yield Finding("TLS to the receiver", Level.FINE, "the last hop was encrypted")


def _signatures(world: World, octets: bytes, message: EmailMessage, domain: str) -> Iterator[Finding]:
    signatures = [tags(str(each)) for each in message.get_all("DKIM-Signature", [])]
    good = [each for index, each in enumerate(signatures) if _holds(world, octets, index)]
    aligned = [each for each in good if related(world, each.get("d", "").lower(), domain)]
    if not aligned:
        why = "carries no signature" if not signatures else "carries no signature that holds"
        why = f"is signed for {', '.join(each.get('d', '?') for each in good)} alone" if good else why
        mend = f"Have the relay sign with DKIM for {domain}, or set DKIM_KEYS, and let nothing alter messages after that."
        yield Finding("DKIM of a message", Level.FATAL, f"a message from {domain} {why}", mend)
        return
    best = aligned[0]
    covered = {name.strip().lower() for name in best.get("h", "").split(":")}
    if not covered >= _COVERED:
        mend = "Have the signature cover List-Unsubscribe and List-Unsubscribe-Post (RFC 8058), or receivers ignore one-click."
        yield Finding("DKIM of a message", Level.FATAL, f"the signature of {best['d']} leaves out the one-click fields", mend)
    else:
        yield Finding("DKIM of a message", Level.FINE, f"signed for {best['d']} with {best.get('s', '?')}")


def _holds(world: World, octets: bytes, index: int) -> bool:
    def ask(name: bytes, timeout: int = 5) -> bytes | None:
        return "".join(world.txt(name.decode().rstrip("."))).encode() or None

    try:
        return bool(dkim.DKIM(octets).verify(index, dnsfunc=ask))
    except dkim.DKIMException:
        return False


def _results(message: EmailMessage) -> Iterator[Finding]:
    """What the receiver says it found (RFC 8601); the topmost field is its own."""
    said = message.get_all("Authentication-Results", [])
    results: dict[str, str] = {}
    for method, result in _RESULT.findall(_COMMENT.sub("", str(said[0])) if said else ""):
        # A message with two signatures has two results, and one that holds is enough.
        results[method] = "pass" if results.get(method) == "pass" else result
    failed = [f"{name}={result}" for name, result in results.items() if result != "pass"]
    if failed:
        mend = "See the findings about SPF, DKIM and DMARC; if those are fine, the relay sends otherwise than they say."
        yield Finding("receiver", Level.FATAL, f"the receiver found {', '.join(failed)}", mend)
    elif results:
        yield Finding("receiver", Level.FINE, f"the receiver found {', '.join(f'{name}=pass' for name in results)}")
    else:
        mend = "Send to a mailbox at Gmail, Yahoo or Microsoft, which say what they found."
        yield Finding("receiver", Level.WARNING, "the receiver did not say what it found", mend)


def _one_click(message: EmailMessage) -> Iterator[Finding]:
    link, post = str(message["List-Unsubscribe"] or ""), str(message["List-Unsubscribe-Post"] or "")
    if "<https://" not in link or post.strip() != "List-Unsubscribe=One-Click":
        mend = "Let nothing between here and there remove or rewrite List-Unsubscribe fields."
        yield Finding("one-click fields", Level.FATAL, "the message arrived without its one-click fields", mend)
    else:
        yield Finding("one-click fields", Level.FINE, "the message arrived with its one-click fields")
