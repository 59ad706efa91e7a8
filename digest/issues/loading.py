"""From rows to contents: everything a batch of issues says, in a number of queries that does not depend on the batch's size."""

import datetime as dt
import functools
import weakref
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from django.conf import settings
from django.db import connection

from digest.channel import Channel, Row, Statement, numbers
from digest.issues import gist
from digest.issues.contents import Choice, Contents, PaperText, paper_text
from digest.issues.gist import Gist
from digest.issues.places import page_url
from digest.messages import inert
from digest.models import Delivery, Paper, PaperTopic
from subscriptions import tokens
from subscriptions.models import Subscription

# One look per issue, instants in seconds: what is the same for thousands of readers is made into words once.
_ROWS = """
    SELECT issue.id, issue.subscription_id, issue.number, extract(epoch FROM issue.due_at)::bigint, issue.gist,
        CASE issue.gist WHEN '' THEN issue.slate::text END, CASE issue.gist WHEN '' THEN issue.receipt::text END,
        subscription.cadence, subscription.format, extract(epoch FROM subscription.next_issue_at)::bigint,
        subscriber.address, subscriber.name, subscriber.time_zone, subscriber.token_generation,
        (SELECT string_agg(lower(value), E'\\n') FROM subscriptions_interest interest
         WHERE interest.subscription_id = subscription.id AND kind = 'author' AND NOT excluded)
    FROM digest_issue issue
    JOIN subscriptions_subscription subscription ON subscription.id = issue.subscription_id
    JOIN subscriptions_subscriber subscriber ON subscriber.id = subscription.subscriber_id
    WHERE issue.id = ANY($1)
"""
_READ = Statement(b"letters", _ROWS)
# The connections that have planned it. Planned anew for each batch, it takes twice the time, and reads all of a table of ten
# thousand for the hundred it wants.
_planned: weakref.WeakSet[Any] = weakref.WeakSet()
# Half the time of calling the class; the fields stand in its order.
_choice: Callable[[tuple[PaperText, tuple[str, ...], str, frozenset[str], int]], Choice] = partial(tuple.__new__, Choice)
_NOBODY: frozenset[str] = frozenset()


class Letter(NamedTuple):
    """An issue's contents and the reader they go to."""

    contents: Contents
    name: str
    address: str
    text_only: bool


class _Row(NamedTuple):
    """What the query finds; `followed` are the names of authors in lower case, a line each."""

    issue: int
    subscription: int
    number: int | None
    due_at: int
    gist: str
    slate: str | None
    receipt: str | None
    cadence: str
    format: str
    next_issue_at: int | None
    address: str
    name: str
    time_zone: str
    generation: int
    followed: str | None


Rows = Mapping[int, _Row]
"""What letters are made of, by issue."""


class Reader:
    """Reads what the letters of issues are made of, while whoever asked goes on: `begin`, then `finished` whenever `channel` is
    readable."""

    def __init__(self) -> None:
        self.channel = Channel()

    def begin(self, deliveries: Iterable[Delivery]) -> None:
        """Ask for what the letters of these are made of. Raises django.db.OperationalError."""
        self.channel.ask(_READ, [numbers([each.issue_id for each in deliveries if each.issue_id is not None])])

    def finished(self) -> Rows | None:
        """What was asked for, or None while the database is still at it. Raises django.db.OperationalError."""
        answer = self.channel.answer()
        return None if answer is None else {row.issue: row for row in map(_row, answer)}


class _Signers(NamedTuple):
    """What signs the tokens of a message."""

    unsubscribe: Callable[..., str]
    message: Callable[..., str]
    issue: Callable[..., str]


class Texts:
    """The texts of papers, kept for as long as a run lasts and never more than `limit` of them, the oldest going first."""

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self._texts: dict[int, PaperText] = {}

    def of(self, gists: Iterable[Gist]) -> Mapping[int, PaperText]:
        """The texts by paper, among them those that these issues show, at the revisions chosen or later ones.

        A paper that has been merged away keeps its last text; one that was erased has none.
        """
        known = self._texts
        missing = set()
        for each in gists:
            for choice in each.choices:
                text = known.get(choice[0])
                if text is None or text.revision < choice[1]:
                    missing.add(choice[0])
            missing.update([paper for paper in each.near if paper not in known])
        while len(known) + len(missing) > self._limit and known:
            del known[next(iter(known))]
        if missing:
            known.update(_load(missing))
        return known


def _load(ids: Collection[int]) -> dict[int, PaperText]:
    topics: dict[int, list[str]] = defaultdict(list)
    rows = PaperTopic.objects.filter(paper__in=ids).order_by("paper_id", "-score", "topic_id")
    for paper, name in rows.values_list("paper_id", "topic__name"):
        topics[paper].append(name)
    return {
        paper.pk: paper_text(
            paper_id=paper.pk,
            revision=paper.revision,
            title=paper.title,
            page_url=page_url(paper.pk),
            url=paper.url,
            pdf_url=paper.pdf_url,
            links=paper.links,
            abstract=paper.abstract,
            authors=paper.authors,
            topics=topics[paper.pk],
            upvotes=paper.upvotes,
        )
        for paper in Paper.objects.filter(pk__in=ids)
    }


@functools.lru_cache(maxsize=1_000)
def _zone(name: str, default: str) -> ZoneInfo:
    """The reader's zone; the default one when the name is not (or no longer) in the tz database."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(default)


@functools.lru_cache(maxsize=5_000)
def _local(seconds: int, zone: ZoneInfo) -> dt.datetime:
    """The instant, in seconds since 1970, in the reader's zone."""
    return dt.datetime.fromtimestamp(seconds, zone)


@functools.lru_cache(maxsize=20_000)
def _lines(said: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(inert.line, said))


def _choices(chosen: Iterable[Sequence[Any]], texts: Mapping[int, PaperText], followed: str | None) -> tuple[Choice, ...]:
    names = frozenset(followed.split("\n")) if followed else _NOBODY
    found = texts.get
    return tuple(
        [
            _choice(
                (
                    paper,
                    _lines(tuple(said)),
                    slot,
                    frozenset([name for name in paper.authors if name.lower() in names]) if names else _NOBODY,
                    interest,
                )
            )
            for paper_id, _, slot, interest, said in chosen
            if (paper := found(paper_id)) is not None
        ]
    )


def _gist(row: _Row) -> Gist:
    return gist.read(row.gist or gist.write(orjson.loads(row.slate or "[]"), orjson.loads(row.receipt or "{}")))


class Letters(Mapping[int, Letter]):
    """The letter of each delivery of an issue, by the delivery's id, made when it is first looked up: to make a hundred at once
    takes as long as the relay needs for ten messages. A paper erased since is left out of its issue.
    """

    def __init__(self, deliveries: Sequence[Delivery], texts: Texts, rows: Rows | None = None) -> None:
        """`rows`: what a Reader has read for these and perhaps others; without it the database is asked now."""
        self._rows = _rows([each.issue_id for each in deliveries if each.issue_id is not None]) if rows is None else rows
        self._issues = {
            each.id: each.issue_id for each in deliveries if each.issue_id is not None and each.issue_id in self._rows
        }
        self._gists = {issue: _gist(self._rows[issue]) for issue in self._issues.values()}
        self._found = texts.of(self._gists.values())
        self._signers = _Signers(*map(tokens.signer, (tokens.Scope.UNSUBSCRIBE, tokens.Scope.MESSAGE, tokens.Scope.ISSUE)))
        self._zone = settings.DEFAULT_TIME_ZONE
        self._made: dict[int, Letter] = {}

    def __getitem__(self, delivery: int) -> Letter:
        made = self._made.get(delivery)
        if made is None:
            issue = self._issues[delivery]
            made = _letter(self._rows[issue], self._gists[issue], self._found, self._signers, self._zone)
            self._made[delivery] = made
        return made

    def __contains__(self, delivery: object) -> bool:
        return delivery in self._issues

    def __iter__(self) -> Iterator[int]:
        return iter(self._issues)

    def __len__(self) -> int:
        return len(self._issues)


def _rows(issues: list[int]) -> Rows:
    with connection.cursor() as cursor:
        if connection.connection not in _planned:
            cursor.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE letters (bigint[]) AS {_ROWS}")
            _planned.add(connection.connection)
        cursor.execute("EXECUTE letters (%s)", [issues])
        return {row[0]: _Row._make(row) for row in cursor.fetchall()}


def _row(said: Row) -> _Row:
    """A row from PostgreSQL's texts."""
    (
        issue,
        subscription,
        number,
        due,
        words,
        slate,
        receipt,
        cadence,
        form,
        following,
        address,
        name,
        zone,
        generation,
        followed,
    ) = (None if each is None else each.decode() for each in said)
    return _Row(
        int(issue or 0),
        int(subscription or 0),
        None if number is None else int(number),
        int(due or 0),
        words or "",
        slate,
        receipt,
        cadence or "",
        form or "",
        None if following is None else int(following),
        address or "",
        name or "",
        zone or "",
        int(generation or 0),
        followed,
    )


def _letter(row: _Row, said: Gist, texts: Mapping[int, PaperText], signers: _Signers, default_zone: str) -> Letter:
    zone = _zone(row.time_zone, default_zone)
    contents = Contents(
        date=_local(row.due_at, zone),
        number=row.number,
        cadence=row.cadence,
        topics=_lines(tuple(said.topics)),
        trending_only=said.trending_only,
        choices=_choices(said.choices, texts, row.followed),
        near=tuple([texts[each] for each in said.near if each in texts]),
        considered=said.new,
        missing_days=said.missing_days,
        next_at=None if row.next_issue_at is None else _local(row.next_issue_at, zone),
        unsubscribe_token=signers.unsubscribe(row.subscription),
        message_token=signers.message(row.subscription, row.generation),
        issue_token=signers.issue(row.issue, row.generation),
        away_since=dt.date.fromisoformat(said.away_since) if said.away_since else None,
        learned=tuple(said.learned.items()),
    )
    return Letter(contents, inert.line(row.name), row.address, row.format == Subscription.Format.TEXT)
