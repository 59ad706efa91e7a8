"""Bringing people along from elsewhere: a CSV file, its columns mapped, looked at dry before anything is written.

Nothing is sent by an import: no confirmation, no welcome. A person's first digest comes at their own hour, once the pause that
the operator chose has ended. How consent was obtained is asked, and kept as each person's record of consent. Whoever is
suppressed, or has left before, stays out.
"""

import csv
import datetime as dt
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from subscriptions import consent, interests, jobs, mailboxes, schedule, suppression
from subscriptions.models import Consent, Job, Subscriber, Subscription, Topic

KIND = "import"
LARGEST = 200 * 1024 * 1024
BATCH = 500
FIELDS: Mapping[str, str] = {
    "address": "Address",
    "name": "Name",
    "time_zone": "Time zone",
    "cadence": "Cadence (daily, weekly, monthly)",
    "weekday": "Weekday (0 is Monday)",
    "hour": "Hour (0 to 23)",
    "topics": "Topics (slugs or names, separated by ;)",
    "keywords": "Key terms (separated by ;)",
    "authors": "Authors (separated by ;)",
}
_GUESSES = {
    "email": "address", "e-mail": "address", "email address": "address", "mail": "address", "full name": "name",
    "timezone": "time_zone", "tz": "time_zone", "frequency": "cadence", "tags": "keywords", "interests": "keywords",
}  # fmt: skip


class ImportRefused(ValueError):
    """The file or its columns cannot be used; the text says why, and how to mend it."""


@dataclass(frozen=True)
class Row:
    """One line, understood: a sign-up, or why it is none."""

    number: int
    signup: consent.SignUp | None
    why: str = ""
    end: int = 0
    """Where the next line begins, in characters."""


@dataclass
class Difference:
    """What an import would do: counts by outcome, and the first lines of each for the eye."""

    counts: dict[str, int] = field(default_factory=dict)
    examples: dict[str, list[str]] = field(default_factory=dict)
    unknown_topics: set[str] = field(default_factory=set)

    def add(self, outcome: str, words: str) -> None:
        self.counts[outcome] = self.counts.get(outcome, 0) + 1
        shown = self.examples.setdefault(outcome, [])
        if len(shown) < 20:
            shown.append(words)


def decode(octets: bytes) -> str:
    """The file's text: UTF-8, with or without its mark. ImportRefused for anything else, or more than LARGEST octets."""
    if len(octets) > LARGEST:
        raise ImportRefused(f"The file has {len(octets):,} octets; {LARGEST:,} are the most. Split it.")
    try:
        text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportRefused(
            f'The file is not UTF-8: octet {error.start + 1:,} does not belong. Save it as "CSV UTF-8" and try again.'
        ) from error
    if "\0" in text:
        raise ImportRefused('The file holds NUL characters, so it is no CSV. Save the sheet as "CSV UTF-8" and try again.')
    return text


def columns(text: str) -> dict[str, str]:
    """The file's column names, each with the field that it seems to mean, or "".

    ImportRefused for a file without a first line.
    """
    names, _ = next(_records(text), ([], 0))
    if not any(name.strip() for name in names):
        raise ImportRefused("The file is empty. Its first line names the columns: address, name, topics …")
    if len(set(names)) < len(names):
        raise ImportRefused("Two columns have the same name. Give each its own.")
    return {name: _guess(name) for name in names}


def _guess(name: str) -> str:
    plain = name.strip().lower().replace("_", " ")
    return _GUESSES.get(plain) or (plain.replace(" ", "_") if plain.replace(" ", "_") in FIELDS else "")


def rows(text: str, mapping: Mapping[str, str], line: int = 1, offset: int = 0) -> Iterator[Row]:
    """The lines behind `line`, which ends at `offset`, by the mapping column -> field.

    ImportRefused when no column is the address, or two are the same field.
    """
    wanted = [name for name in mapping.values() if name]
    if wanted.count("address") != 1:
        raise ImportRefused("Say which one column holds the address.")
    if len(set(wanted)) < len(wanted) or not set(wanted) <= set(FIELDS):
        raise ImportRefused("Two columns cannot be the same field.")
    names, first = next(_records(text), ([], 0))
    for number, (values, end) in enumerate(_records(text, offset or first), start=line + 1):
        if any(value.strip() for value in values):
            yield replace(_understood(number, names, values, mapping), end=end)


def _records(text: str, offset: int = 0) -> Iterator[tuple[list[str], int]]:
    """The records from `offset` on, each with where it ends. A record may span lines, which the reader takes one by one."""
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:4096].split("\n", 1)[0], delimiters=",;\t")
    except csv.Error:
        dialect = csv.excel  # a single column has no delimiter to be found
    lines = io.StringIO(text, newline="")
    lines.seek(offset)
    try:
        # `readline` and not the file's own iteration, which reads ahead of `tell`.
        for values in csv.reader(iter(lines.readline, ""), dialect):
            yield values, lines.tell()
    except csv.Error as error:
        raise ImportRefused(f"The file is no CSV that can be read: {error}.") from error


def _understood(number: int, names: Sequence[str], values: Sequence[str], mapping: Mapping[str, str]) -> Row:
    if len(values) > len(names):
        return Row(number, None, f"{len(values)} values for {len(names)} columns; a value with a comma stands in quotes")
    given = {mapping.get(name, ""): value.strip() for name, value in zip(names, values, strict=False)}
    try:
        address = mailboxes.parse(given["address"]).address
        zone = schedule.zone(given.get("time_zone") or settings.DEFAULT_TIME_ZONE).key
        cadence = given.get("cadence", "").lower() or Subscription.Cadence.WEEKLY.value
        if cadence not in Subscription.Cadence.values:
            return Row(number, None, f"the cadence {cadence!r} is none of {', '.join(Subscription.Cadence.values)}")
        weekday = _whole(given.get("weekday", ""), "weekday", 6, 0)
        hour = _whole(given.get("hour", ""), "hour", 23, 7)
    except ValueError as error:
        return Row(number, None, str(error))
    return Row(
        number,
        consent.SignUp(
            address=address, name=given.get("name", "")[:120], time_zone=zone, cadence=cadence, weekday=weekday, hour=hour,
            topics=_several(given.get("topics", "")), keywords=_several(given.get("keywords", "")),
            authors=_several(given.get("authors", "")), method=KIND,
        ),
    )  # fmt: skip


def _whole(text: str, name: str, most: int, default: int) -> int:
    if not text:
        return default
    if not text.isdecimal() or int(text) > most:
        raise ValueError(f"the {name} {text!r} is no number from 0 to {most}")
    return int(text)


def _several(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(";") if each.strip())


def compare(text: str, mapping: Mapping[str, str]) -> Difference:
    """What importing would do to whom; writes nothing."""
    found = Difference()
    topics = _topics()
    seen: set[bytes] = set()
    for batch in _batches(rows(text, mapping)):
        for row, outcome, why in _judged(batch, seen):
            found.add(outcome, f"line {row.number}" + (f": {why}" if why else ""))
            if row.signup is not None:
                found.unknown_topics.update(each for each in row.signup.topics if each.lower() not in topics)
    return found


def begin(text: str, mapping: Mapping[str, str], how: str, start: dt.datetime, by: User, now: dt.datetime, network: str) -> Job:
    """Start the import as a job. ImportRefused unless `how` says in a sentence how consent was obtained."""
    if len(how.strip()) < 20:
        raise ImportRefused("Say in a sentence how these people agreed to get this: where, when, and to which words.")
    total = sum(1 for _ in rows(text, mapping))
    arguments = {"mapping": dict(mapping), "how": how.strip(), "start": start.isoformat()}
    return jobs.start(KIND, arguments, by, now, total=total, payload=gzip.compress(text.encode()), network=network)


@jobs.kind(KIND)
def step(job: Job, now: dt.datetime) -> jobs.Batch:
    """Import the next batch of lines."""
    text = gzip.decompress(bytes(job.payload or b"")).decode()
    waiting = rows(text, job.arguments["mapping"], job.cursor.get("line", 1), job.cursor.get("offset", 0))
    batch = next(_batches(waiting), [])
    if not batch:
        return jobs.Batch(0, {}, None)
    start = dt.datetime.fromisoformat(job.arguments["start"])
    counts: dict[str, int] = {}
    notes: list[str] = []
    for row, outcome, why in _judged(batch, set()):
        counts[outcome] = counts.get(outcome, 0) + 1
        if outcome == "new" and row.signup is not None:
            unknown = _import(row.signup, job.arguments["how"], start, now)
            notes += [f"line {row.number}: no topic {', '.join(unknown)}"] if unknown else []
        elif outcome != "has a digest":
            notes.append(f"line {row.number}: {why or outcome}")
    return jobs.Batch(len(batch), counts, {"line": batch[-1].number, "offset": batch[-1].end}, tuple(notes))


def _batches(found: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in found:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _judged(batch: Sequence[Row], seen: set[bytes]) -> Iterator[tuple[Row, str, str]]:
    """Each line with what becomes of it: new, has a digest, has left, suppressed, twice in the file, refused."""
    hashes = {row.number: suppression.mailbox_hash(row.signup.address) for row in batch if row.signup is not None}
    suppressed = suppression.standing(hashes.values())
    known = {
        bytes(hashed): live
        for hashed, live in Subscriber.objects.filter(mailbox_hash__in=list(hashes.values())).values_list(
            "mailbox_hash", "subscriptions__next_issue_at"
        )
        if live is not None
    }
    left = _departed(hashes.values())
    for row in batch:
        hashed = hashes.get(row.number)
        if hashed is None:
            yield row, "refused", row.why
        elif hashed in seen:
            yield row, "twice in the file", ""
        elif hashed in suppressed:
            yield row, "suppressed", ""
        elif hashed in known:
            yield row, "has a digest", ""
        elif hashed in left:
            yield row, "has left before", ""
        else:
            yield row, "new", ""
        if hashed is not None:
            seen.add(hashed)


def _departed(hashes: Iterable[bytes]) -> set[bytes]:
    """Those whose last word was to leave or to be erased: only they themselves can come back."""
    events = Consent.objects.filter(mailbox_hash__in=list(hashes)).order_by("pk").values_list("mailbox_hash", "event")
    last = {bytes(hashed): event for hashed, event in events}
    return {hashed for hashed, event in last.items() if event in {Consent.Event.UNSUBSCRIBED, Consent.Event.ERASED}}


def _import(signup: consent.SignUp, how: str, start: dt.datetime, now: dt.datetime) -> tuple[str, ...]:
    """Write one person: confirmed, with a digest that rests until `start`. Returns topics that do not exist."""
    slugs = _topics()
    known = tuple(slugs[each.lower()] for each in signup.topics if each.lower() in slugs)
    unknown = tuple(each for each in signup.topics if each.lower() not in slugs)
    with transaction.atomic():
        subscriber, _ = Subscriber.objects.select_for_update().get_or_create(
            mailbox_hash=suppression.mailbox_hash(signup.address),
            defaults={"address": signup.address, "name": signup.name, "time_zone": signup.time_zone, "created_at": now},
        )
        subscriber.status, subscriber.confirmed_at = Subscriber.Status.CONFIRMED, subscriber.confirmed_at or now
        subscriber.save(update_fields=["status", "confirmed_at"])
        subscription = Subscription(
            subscriber=subscriber, cadence=signup.cadence, weekday=signup.weekday, hour=signup.hour, size=signup.size,
            format=signup.format, created_at=now, paused_until=start,
        )  # fmt: skip
        subscription.next_issue_at = consent.next_issue_at(subscription, now)
        subscription.save()
        interests.replace(subscription, interests.Wishes(known, signup.keywords, signup.authors))
        consent.record(subscriber, Consent.Event.CONFIRMED, KIND, how, now, "")
    return unknown


def _topics() -> dict[str, str]:
    """Slugs of topics, by slug and by name in lower case."""
    found: dict[str, str] = {}
    for slug, name in Topic.objects.values_list("slug", "name"):
        found[slug] = found[name.lower()] = slug
    return found
