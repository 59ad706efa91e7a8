"""A mailbox read over IMAP (RFC 9051): what came back is marked, or moved, once it is committed, and never before.

Nothing is remembered here from one visit to the next: what is taken bears our keyword (or \\Seen where a server keeps no
keywords), so a mailbox that is renumbered (a new UIDVALIDITY) loses nothing and brings nothing twice.
"""

import datetime as dt
import imaplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from imapclient import SEEN, IMAPClient
from imapclient.exceptions import IMAPClientError

from digest.intake.taking import LARGEST, Taken, take

KEYWORD = b"PaperRoundTaken"
_SECONDS = 60
_EXAMPLE = "imaps://bounces%40papers.example.org:secret@imap.example.org/INBOX?move=Archive"


class Unclear(ValueError):
    """The mailbox's address cannot be understood; the text says what to write instead."""


class Unreachable(OSError):
    """The mailbox cannot be read now; the text says why, in one line."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """Where to read. `move` is the folder that taken messages go to, or nothing: then they stay, marked."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    move: str = ""
    tls: bool = True

    @classmethod
    def parse(cls, url: str) -> "Mailbox":
        """`imaps://name:password@host[:port]/FOLDER[?move=FOLDER]`, name and password percent-encoded. Raises Unclear.

        `imap://` is spoken to this very machine only.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Unclear(f"BOUNCES_IMAP_URL cannot be read ({error}); for example {_EXAMPLE}") from error
        local = parts.hostname in {"127.0.0.1", "::1", "localhost"}
        if parts.scheme not in {"imaps", "imap"} or (parts.scheme == "imap" and not local):
            raise Unclear(f"BOUNCES_IMAP_URL does not begin with imaps://; for example {_EXAMPLE}")
        if not parts.hostname or not parts.username or not parts.password:
            raise Unclear(f"BOUNCES_IMAP_URL lacks a host, a name or a password; for example {_EXAMPLE}")
        tls = parts.scheme == "imaps"
        return cls(
            parts.hostname, port or (993 if tls else 143), unquote(parts.username), unquote(parts.password),
            unquote(parts.path.strip("/")) or "INBOX", parse_qs(parts.query).get("move", [""])[0], tls,
        )  # fmt: skip


def visit(mailbox: Mailbox, now: dt.datetime, limit: int = 500) -> Iterator[Taken]:
    """Take what is new, oldest first and at most `limit`; yields what became of each as soon as it is marked.

    Raises Unreachable. A message that cannot be taken now (the relay does not pass an answer on) stays new and keeps no other
    from being taken; its OSError is raised at the end. A database that is away ends the visit.
    """
    untaken: OSError | None = None
    with _reached(mailbox) as client:
        keyword = _marks_with_a_keyword(client, mailbox)
        found = client.search(["NOT", "KEYWORD", KEYWORD] if keyword else ["UNSEEN"])
        for uid in sorted(found)[:limit]:
            octets = _octets(client, uid)
            if octets is None:
                continue  # somebody else took it away meanwhile
            try:
                taken = take(octets, now)
            except OSError as error:
                untaken = error
                continue
            client.add_flags([uid], [KEYWORD, SEEN] if keyword else [SEEN], silent=True)
            if mailbox.move:
                _move(client, uid, mailbox.move)
            yield taken
    if untaken is not None:
        raise untaken


@contextmanager
def _reached(mailbox: Mailbox) -> Iterator[IMAPClient]:
    try:
        context = ssl.create_default_context() if mailbox.tls else None
        with IMAPClient(mailbox.host, mailbox.port, ssl=mailbox.tls, ssl_context=context, timeout=_SECONDS) as client:
            client.login(mailbox.username, mailbox.password)
            yield client
    except (IMAPClientError, imaplib.IMAP4.error) as error:
        raise Unreachable(f"{mailbox.host} says: {' '.join(str(error).split())[:300]}") from error


def _marks_with_a_keyword(client: IMAPClient, mailbox: Mailbox) -> bool:
    """Select the folder; whether it keeps keywords that clients invent (`\\*`) or has ours already."""
    flags = client.select_folder(mailbox.folder).get(b"PERMANENTFLAGS", ())
    return b"\\*" in flags or KEYWORD in flags


def _octets(client: IMAPClient, uid: int) -> bytes | None:
    """The message, or as much of it as is ever read; fetching it marks nothing."""
    # One octet more than is taken, so that `take` can tell that there was more.
    fetched = client.fetch([uid], [f"BODY.PEEK[]<0.{LARGEST + 1}>"]).get(uid, {})
    return next((value for name, value in fetched.items() if name.startswith(b"BODY[]")), None)


def _move(client: IMAPClient, uid: int, folder: str) -> None:
    if client.has_capability("MOVE"):
        client.move([uid], folder)
        return
    client.copy([uid], folder)
    client.delete_messages([uid], silent=True)
    if client.has_capability("UIDPLUS"):
        # Without it, only expunging everything is left, which is for the mailbox's owner to do.
        client.uid_expunge([uid])
