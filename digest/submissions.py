"""Papers that readers bring: recognised, looked up at arXiv, shown to their submitter, public after an editor's yes.

submit -> (known: its page) | a row -> look_up (arXiv) -> an editor: approve -> papers.store | decline, with a reason
"""

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from django.db import transaction

from digest import papers, text
from digest.models import Paper, PaperIdentifier, Source, Submission
from digest.papers import identity
from digest.sources import arxiv_ids, wire
from digest.sources.entries import Entry, Feed, ParseError
from digest.sources.fetch import Client, FetchFailed
from digest.sources.politeness import Busy
from subscriptions.models import Subscriber

EACH_DAY = 5
_ATTEMPTS = 5
_OK = 200
_API = "https://export.arxiv.org/api/query?id_list={}&max_results=1"
Read = Callable[[str, bytes, str], Feed]
"""Reads a document of a format: `sources.pool.Pool.read`."""


class SubmissionRefused(ValueError):
    """It cannot be taken; the text is a sentence for the person who typed it."""


@dataclass(frozen=True)
class Submitted:
    """`known`: the paper is here already. `new`: a submission waits. `again`: this person brought it before."""

    outcome: Literal["known", "new", "again"]
    paper: Paper | None = None
    submission: Submission | None = None


def name_of(typed: str) -> identity.Name:
    """What the world calls the paper behind an arXiv id, a DOI or an address. Raises SubmissionRefused."""
    given = typed.strip()
    if found := arxiv_ids.split(given):
        return PaperIdentifier.Kind.ARXIV.value, found[0]
    if given.lower().startswith(("10.", "doi:")) and (doi := identity.doi(given)):
        given = f"https://doi.org/{doi}"
    address = given if "://" in given else f"https://{given}"
    named = identity.from_url(address) if "." in given and " " not in given else None
    if named is None:
        raise SubmissionRefused(
            "This is no arXiv id and no address. Please give one such as 2603.01234 or https://arxiv.org/abs/2603.01234."
        )
    return named


def submit(subscriber: Subscriber, typed: str, title: str, authors: tuple[str, ...], now: dt.datetime) -> Submitted:
    """Take what someone brought. Raises SubmissionRefused when it names no paper, or no title while arXiv will give none.

    `title` and `authors` serve what is not at arXiv; arXiv's own words come before them.
    """
    kind, value = name_of(typed)
    if (paper := _stored(kind, value)) is not None:
        return Submitted("known", paper)
    at_arxiv = kind == PaperIdentifier.Kind.ARXIV
    title = " ".join(title.split())
    if not at_arxiv and not title:
        raise SubmissionRefused("It is not at arXiv, so nobody tells us its title. Please type that too.")
    said = {} if at_arxiv else _kept(_typed(kind, value, title, authors))
    with transaction.atomic():
        submission, new = Submission.objects.get_or_create(
            subscriber=subscriber,
            kind=kind,
            value=value,
            defaults={
                "title": "" if at_arxiv else title[:1000],
                "entry": said,
                "state": Submission.State.ASKED if at_arxiv else Submission.State.WAITING,
                "created_at": now,
            },
        )
        if submission.state == Submission.State.FAILED:
            submission.state, submission.reason, submission.attempts = Submission.State.ASKED, "", 0
            submission.save(update_fields=["state", "reason", "attempts"])
    return Submitted("new" if new else "again", submission=submission)


def look_up(submission: Submission, now: dt.datetime, client: Client, read: Read) -> Submission:
    """Ask arXiv about a submission that waits for its metadata; it waits on when the network fails, five times at most."""
    try:
        fetched = client.get(_API.format(submission.value), now)
        error = "" if fetched.status == _OK else f"it answered {fetched.status}"
        found = () if error else read(Source.Format.ARXIV_API.value, fetched.body, fetched.url).entries
    except Busy:
        return submission
    except (FetchFailed, ParseError) as failed:
        error, found = str(failed), ()
    if error:
        submission.attempts += 1
        if submission.attempts >= _ATTEMPTS:
            submission.state, submission.reason = Submission.State.FAILED, f"arXiv could not be asked: {error}"[:300]
        submission.save(update_fields=["attempts", "state", "reason"])
        return submission
    entry = next((each for each in found if each.arxiv_id == submission.value and each.title), None)
    if entry is None:
        submission.state, submission.reason = Submission.State.FAILED, f"arXiv has no paper {submission.value}."
    else:
        submission.state = Submission.State.WAITING
        submission.entry = _kept(entry)
        submission.title = text.clean(entry.title)[:1000]
    submission.save(update_fields=["state", "reason", "entry", "title"])
    return submission


def look_up_waiting(now: dt.datetime, client: Client, read: Read, limit: int) -> int:
    """Ask arXiv about up to `limit` submissions; returns how many got an answer, be it that there is no such paper."""
    answered = 0
    for submission in Submission.objects.unread()[:limit]:
        answered += look_up(submission, now, client, read).state != Submission.State.ASKED
    return answered


def entry_of(submission: Submission) -> Entry | None:
    """What is known of a submission, as a source would say it; None before the archive has answered."""
    if not submission.entry:
        return None
    return wire.loads(json.dumps(submission.entry["feed"]).encode()).entries[0]


def approve(submission: Submission, by: str, now: dt.datetime) -> Paper:
    """Make the paper public: it is stored and listed now. Everyone who brought it is told the same.

    Raises SubmissionRefused when nothing is known of it yet, when it was decided before, or when it cannot be stored.
    """
    with transaction.atomic():
        locked = _undecided(submission)
        entry = entry_of(locked)
        if entry is None:
            raise SubmissionRefused("Nothing is known of it yet. Wait until arXiv has answered.")
        source, _ = Source.objects.get_or_create(
            slug="readers",
            defaults={"name": "Brought by readers", "format": Source.Format.SYNDICATION, "active": False},
        )
        stored = papers.store([entry], source, now)
        paper = _stored(locked.kind, locked.value)
        if paper is None:
            why = stored.refused[0].why if stored.refused else "it was not stored"
            raise SubmissionRefused(f"It cannot be stored: {why}.")
        same = Submission.objects.filter(kind=locked.kind, value=locked.value).exclude(state=Submission.State.DECLINED)
        same.update(state=Submission.State.APPROVED, paper=paper, reason="", decided_at=now, decided_by=by[:150])
    return paper


def decline(submission: Submission, by: str, reason: str, now: dt.datetime) -> None:
    """Say no, with a reason that its submitter reads. Raises SubmissionRefused without one, or when it was decided before."""
    if not reason.strip():
        raise SubmissionRefused("Please say why; its submitter reads it.")
    with transaction.atomic():
        locked = _undecided(submission)
        locked.state, locked.reason = Submission.State.DECLINED, " ".join(reason.split())[:300]
        locked.decided_at, locked.decided_by = now, by[:150]
        locked.save(update_fields=["state", "reason", "decided_at", "decided_by"])


def _undecided(submission: Submission) -> Submission:
    locked = Submission.objects.select_for_update().get(pk=submission.pk)
    if locked.state in {Submission.State.APPROVED, Submission.State.DECLINED}:
        raise SubmissionRefused(f"It was {locked.get_state_display()} before, by {locked.decided_by}.")
    return locked


def _stored(kind: str, value: str) -> Paper | None:
    found = PaperIdentifier.objects.filter(kind=kind, value=value).select_related("paper__merged_into").first()
    return None if found is None else found.paper.merged_into or found.paper


def _typed(kind: str, value: str, title: str, authors: tuple[str, ...]) -> Entry:
    doi = value if kind == PaperIdentifier.Kind.DOI else ""
    return Entry(title=title, authors=authors, url=f"https://doi.org/{doi}" if doi else value, doi=doi, trust=0)


def _kept(entry: Entry) -> dict[str, object]:
    return {"feed": json.loads(wire.dumps(Feed((entry,))))}
