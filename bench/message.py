"""One message: the press against rendering, inlining and building everything anew for each reader.

    python bench/message.py [--papers 5000] [--readers 3000] [--rounds 7] [--shown 12] [--json]

Both sides get the same readers, each with 12 papers drawn evenly from all of them and reasons, name, address, number and tokens
of their own, and make a whole message of some 45 KB, text and HTML. The slow way is what a Django project does by the book:
Jinja2 renders the whole message, css-inline inlines it, `EmailMultiAlternatives` builds and serialises it: in quoted-printable,
which every relay takes and which the press makes too (`slow_way`), or in eight bits, Django's choice while no line is over 998
octets, for relays that offer 8BITMIME (`slow_way_8bit`). The ways alternate; the ratio is the median of the rounds' ratios of
CPU seconds per message. Blocks are printed before the clock starts, and that time is reported by itself. Messages of both ways
are read back by the stdlib's parser and compared; the exit status is 1 when they differ.
"""

import argparse
import datetime as dt
import email
import email.policy
import functools
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.charset import QP, Charset
from pathlib import Path
from typing import Any, cast
from zoneinfo import ZoneInfo

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.surroundings import ENVIRONMENT

if __name__ == "__main__":
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    import django

    django.setup()

from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEMultipart

from digest.issues import whole
from digest.issues.contents import Choice, Contents, Link, PaperText
from digest.issues.press import Press
from digest.messages import Heading, Mailbox, headers, sender
from subscriptions import tokens

_QUOTED = Charset("utf-8")
_QUOTED.body_encoding = QP
_NOW = dt.datetime(2026, 3, 16, 6, 1, tzinfo=dt.UTC)
_PARIS = ZoneInfo("Europe/Paris")
_DATE = _NOW.astimezone(_PARIS)
_NEXT = (_NOW + dt.timedelta(days=7)).astimezone(_PARIS)
_SEED = 20260316
_SLOW_MESSAGES_A_ROUND = 25
_WORDS = [
    *("learning", "model", "dynamics", "control", "operator", "linear", "transformer", "attention", "diffusion", "policy"),
    *("reward", "state", "space", "causal", "kernel", "neural", "network", "robust", "sample", "efficient", "flow"),
    *("representation", "latent", "variational", "inference", "gradient", "optimal", "transport", "manifold", "spectral"),
    *("koopman", "eigenvalue", "horizon", "planning", "exploration", "offline", "imitation", "contrastive", "memory"),
]
_NAMES = ("Ada Lovelace", "Emmy Noether", "Sofya Kovalevskaya", "Maryam Mirzakhani", "José Muñoz", "王小明", "Łukasz Nowak")


@dataclass(frozen=True, slots=True)
class Reader:
    """What a row of the database says about a reader and the issue."""

    subscription: int
    name: str
    address: str
    number: int
    topics: tuple[str, ...]
    slate: tuple[Choice, ...]
    near: tuple[PaperText, ...]
    considered: int


def _sentence(draw: random.Random) -> str:
    words = [draw.choice(_WORDS) for _ in range(draw.randint(12, 24))]
    return " ".join(words).capitalize() + ("." if draw.random() < 0.9 else " with 𝒪(√n) ≤ ε.")


def papers(count: int, draw: random.Random) -> list[PaperText]:
    """Made-up papers with abstracts of some 1,200 characters."""
    return [
        PaperText(
            id=number,
            revision=1,
            title=" ".join(draw.choice(_WORDS) for _ in range(9)).title(),
            url=f"https://arxiv.example.org/abs/2603.{number:05}",
            abstract=" ".join(_sentence(draw) for _ in range(9)),
            authors=tuple(draw.sample(_NAMES, draw.randint(1, 6))),
            topics=tuple(word.title() for word in draw.sample(_WORDS, 2)),
            upvotes=draw.randint(0, 90),
            links=(
                Link("PDF", f"https://arxiv.example.org/pdf/2603.{number:05}"),
                Link("Code", f"https://code.example.org/{number}"),
            ),
        )
        for number in range(1, count + 1)
    ]


@functools.cache
def _signers() -> tuple[Callable[..., str], ...]:
    """Of the three tokens in a message; a batch looks them up once, as here."""
    return tuple(map(tokens.signer, (tokens.Scope.UNSUBSCRIBE, tokens.Scope.MESSAGE, tokens.Scope.ISSUE)))


@functools.cache
def _reasons(first: str, second: str, terms: int) -> tuple[str, ...]:
    """One and the same to all who have them, as loading makes them."""
    return (f"matches “{first} {second}” ({terms} terms)",)


def readers(count: int, stock: Sequence[PaperText], shown: int, draw: random.Random) -> list[Reader]:
    """Readers whose papers are drawn evenly from all of them."""
    return [
        Reader(
            subscription=number,
            name=draw.choice(_NAMES),
            address=f"reader{number}@example.org",
            number=draw.randint(1, 200),
            topics=tuple(word.title() for word in draw.sample(_WORDS, 3)),
            slate=tuple(
                Choice(paper, _reasons(draw.choice(_WORDS), draw.choice(_WORDS), draw.randint(1, 9)), interest=number)
                for paper in draw.sample(stock, shown)
            ),
            near=tuple(draw.sample(stock, 3)),
            considered=draw.randint(50, 900),
        )
        for number in range(1, count + 1)
    ]


def contents(reader: Reader) -> Contents:
    """The reader's issue, links signed."""
    unsubscribe, message, issue = _signers()
    return Contents(
        date=_DATE,
        number=reader.number,
        cadence="weekly",
        topics=reader.topics,
        trending_only=False,
        choices=reader.slate,
        near=reader.near,
        considered=reader.considered,
        missing_days=0,
        next_at=_NEXT,
        unsubscribe_token=unsubscribe(reader.subscription),
        message_token=message(reader.subscription, 0),
        issue_token=issue(reader.number, 0),
    )


def fast(press: Press, reader: Reader) -> bytes:
    """The product's way."""
    issue = contents(reader)
    heading = Heading(
        sender=sender("Paper Round <digest@papers.example.org>", "DIGEST_FROM"),
        to=Mailbox(reader.name, reader.address),
        subject=press.subject(issue),
        date=_NOW,
        message_id=f"<issue-{reader.subscription}@papers.example.org>",
        unsubscribe_url=issue.unsubscribe_url,
        list_id="Paper Round <digest.papers.example.org>",
        feedback_id="20260316:weekly:digest:paper-round",
    )
    return press.message(issue, heading)


def slow(reader: Reader, *, quoted: bool = True) -> bytes:
    """By the book: everything anew for each reader."""
    issue = contents(reader)
    rendered = whole.render(issue, text_only=False)
    message = EmailMultiAlternatives(
        rendered.subject,
        rendered.text,
        "Paper Round <digest@papers.example.org>",
        [f'"{reader.name}" <{reader.address}>'],
        headers={
            "Date": headers.date(_NOW),
            "Message-ID": f"<issue-{reader.subscription}@papers.example.org>",
            "List-Id": "Paper Round <digest.papers.example.org>",
            "List-Unsubscribe": f"<{issue.unsubscribe_url}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Feedback-ID": "20260316:weekly:digest:paper-round",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "OOF, AutoReply",
        },
    )
    if quoted:
        message.encoding = _QUOTED
    message.attach_alternative(rendered.html or "", "text/html")
    return cast(SafeMIMEMultipart, message.message()).as_bytes(linesep="\r\n")


def read(content: bytes) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What the stdlib's parser finds in a message: header fields by name, then type and words of each part."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    own = {"content-type", "content-transfer-encoding", "mime-version"}
    fields = {name.lower(): str(value).strip() for name, value in message.items() if name.lower() not in own}
    parts = [part for part in message.walk() if not part.is_multipart()]
    return fields, [(part.get_content_type(), str(part.get_content()).replace("\r\n", "\n")) for part in parts]


def _cost(make: Callable[[Reader], bytes], some: Sequence[Reader]) -> float:
    start = time.process_time()
    for reader in some:
        make(reader)
    return (time.process_time() - start) / len(some)


def measure(paper_count: int, reader_count: int, shown: int, rounds: int) -> dict[str, Any]:
    """Alternate the two ways and compare; times in microseconds of CPU per message."""
    draw = random.Random(_SEED)
    crowd = readers(reader_count, papers(paper_count, draw), shown, draw)
    press = Press()
    start = time.process_time()
    press.prepare(contents(each) for each in crowd)
    prepared = time.process_time() - start
    same = all(read(fast(press, each)) == read(slow(each)) for each in crowd[:10])
    sizes = [len(fast(press, each)) for each in crowd]
    rows: list[tuple[float, float, float]] = []
    for turn in range(rounds):
        few = [crowd[(turn * _SLOW_MESSAGES_A_ROUND + each) % len(crowd)] for each in range(_SLOW_MESSAGES_A_ROUND)]
        rows.append(
            (
                _cost(lambda each: fast(press, each), crowd),
                _cost(slow, few),
                _cost(lambda each: slow(each, quoted=False), few),
            )
        )
    own, quoted_way, plain_way = ([row[way] for row in rows] for way in range(3))
    ratios = {
        name: sorted(other / one for one, other in zip(own, way, strict=True))
        for name, way in (("slow_way", quoted_way), ("slow_way_8bit", plain_way))
    }
    return {
        "ratio": {name: round(statistics.median(each), 1) for name, each in ratios.items()},
        "spread": {name: [round(each[0], 1), round(each[-1], 1)] for name, each in ratios.items()},
        "same_message": same,
        "messages_per_s_and_core": round(1 / statistics.median(own)),
        "us_per_message": {
            "press": round(statistics.median(own) * 1e6, 1),
            "slow_way": round(statistics.median(quoted_way) * 1e6, 1),
            "slow_way_8bit": round(statistics.median(plain_way) * 1e6, 1),
        },
        "octets_per_message": round(statistics.mean(sizes)),
        "set_up_s": round(prepared, 2),
        "papers": paper_count,
        "readers": reader_count,
        "rounds": rounds,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--papers", type=int, default=5000)
    parser.add_argument("--readers", type=int, default=3000)
    parser.add_argument("--shown", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    found = measure(chosen.papers, chosen.readers, chosen.shown, chosen.rounds)
    if chosen.json:
        print(json.dumps(found))
    else:
        for way, ratio in found["ratio"].items():
            low, high = found["spread"][way]
            costs = f"{found['us_per_message']['press']} us against {found['us_per_message'][way]} us of CPU per message"
            print(f"{ratio} times the {way.replace('_', ' ')} ({low} to {high} in {found['rounds']} rounds): {costs}")
        print(f"{found['messages_per_s_and_core']} messages/s and core, {found['octets_per_message']} octets each")
        print(f"{found['set_up_s']} s to print {found['papers']} papers, once a run")
        print("the stdlib reads the same in both" if found["same_message"] else "THE TWO WAYS DIFFER")
    return 0 if found["same_message"] else 1


if __name__ == "__main__":
    sys.exit(main())
