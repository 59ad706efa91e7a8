"""All that the ranking was given for an issue, stored so that it can be ranked again: papers once each, then by reference."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.db import connection

from digest import corpus, ranking
from digest.issues import configurations
from digest.models import CandidateList, Issue, PaperState

_SEPARATORS = (",", ":")
_LISTS = ("authors", "categories", "keywords")


class NeverRanked(LookupError):
    """The issue was skipped before any paper was looked at."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """The arguments of `ranking.rank` for one issue."""

    papers: Sequence[ranking.Paper]
    profile: ranking.Profile
    configuration: ranking.Configuration
    now: float
    model: ranking.ContentModel | None

    def prepared(self) -> ranking.Prepared:
        """The papers ready to be ranked."""
        return ranking.prepare(self.papers, self.configuration, self.now, self.model)

    def rank(self) -> ranking.Slate:
        """The slate they make."""
        return self.prepared().rank([self.profile])[0]


def inputs_of(issue: Issue) -> Inputs:
    """What the issue was made from; NeverRanked when it was made from nothing."""
    return all_inputs([issue])[0]


def all_inputs(issues: Sequence[Issue]) -> list[Inputs]:
    """`inputs_of` of several, the papers of all read at once; their candidates and configurations should be at hand."""
    wanted: set[int] = set()
    for issue in issues:
        if issue.candidates is None:
            raise NeverRanked(f"Issue {issue.pk} was never ranked: {issue.delivery.reason}.")
        wanted |= {*issue.candidates.state_ids, *(state for _, _, state, _ in issue.profile["votes"])}
    states = read_states(wanted)
    return [_inputs(issue, issue.candidates.state_ids if issue.candidates else [], states) for issue in issues]


def _inputs(issue: Issue, state_ids: Sequence[int], states: Mapping[int, ranking.Paper]) -> Inputs:
    return Inputs(
        papers=[states[each] for each in state_ids],
        profile=ranking.Profile(
            key=issue.subscription_id,
            interests=tuple(ranking.Interest(*each) for each in issue.profile["interests"]),
            votes=tuple(ranking.Vote(handle, kind, states[state], at) for handle, kind, state, at in issue.profile["votes"]),
            seen=frozenset(issue.profile["seen"]),
            size=issue.profile["size"],
            minutes=issue.profile["minutes"],
            listed_from=issue.profile["listed_from"],
        ),
        configuration=configurations.read(issue.configuration),
        now=issue.window_end.timestamp(),
        model=corpus.read(issue.content_model_id) if issue.content_model_id else None,
    )


def replay(issue: Issue) -> ranking.Slate:
    """Rank the issue again from what was frozen; the same slate, bit for bit, as long as the ranking's code is the same."""
    return inputs_of(issue).rank()


def store_states(papers: Iterable[ranking.Paper]) -> Mapping[int, int]:
    """Store different papers as they are; the ids of their states by the papers' own. Equal states are stored once."""
    encoded = {paper.id: _encode(paper) for paper in papers}
    states = _store(encoded)
    return {id_: states[digest] for id_, (digest, _) in encoded.items()}


def store_candidates(papers: Sequence[ranking.Paper]) -> int:
    """Store a list of different candidates; the id of its row. Equal lists are stored once."""
    encoded = {paper.id: _encode(paper) for paper in papers}
    digests = [digest for digest, _ in encoded.values()]
    whole = hashlib.blake2b(b"".join(digests), digest_size=32).digest()
    found = CandidateList.objects.filter(digest=whole).values_list("pk", flat=True).first()
    if found is not None:
        return found
    states = _store(encoded)
    row, _ = CandidateList.objects.get_or_create(digest=whole, defaults={"state_ids": [states[each] for each in digests]})
    return row.pk


def profile_json(profile: ranking.Profile, states: Mapping[int, int]) -> dict[str, Any]:
    """A profile for its issue; `states` are those of the papers voted on."""
    return {
        "interests": [[each.handle, each.kind, each.value, each.label, each.excluded] for each in profile.interests],
        "votes": [[each.handle, each.kind, states[each.paper.id], each.at] for each in profile.votes],
        "seen": sorted(profile.seen),
        "size": profile.size,
        "minutes": profile.minutes,
        "listed_from": profile.listed_from,
    }


def _store(encoded: Mapping[int, tuple[bytes, bytes]]) -> Mapping[bytes, int]:
    """Paper id -> (digest, content) into the table; the ids of the rows by digest."""
    by_digest = {digest: (id_, content) for id_, (digest, content) in encoded.items()}
    known = _known(by_digest)
    # In the order of their digests, so that two publishers that store the same cannot wait for each other in a circle.
    missing = sorted(by_digest.keys() - known.keys())
    if missing:
        with connection.cursor() as cursor:
            cursor.execute(
                """INSERT INTO digest_paperstate (digest, paper_id, content)
                   SELECT * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[]) ON CONFLICT (digest) DO NOTHING""",
                [
                    missing,
                    [by_digest[each][0] for each in missing],
                    [zlib.compress(by_digest[each][1], level=6) for each in missing],
                ],
            )
        known |= _known(missing)
    return known


def _encode(paper: ranking.Paper) -> tuple[bytes, bytes]:
    """The digest of all that the ranking sees of a paper, and that as JSON."""
    values = [_plain(getattr(paper, field.name)) for field in fields(paper)]
    content = json.dumps(values, ensure_ascii=False, separators=_SEPARATORS).encode()
    return hashlib.blake2b(content, digest_size=32).digest(), content


def _plain(value: Any) -> Any:
    return dict(sorted(value.items())) if isinstance(value, Mapping) else value


def _known(digests: Iterable[bytes]) -> dict[bytes, int]:
    rows = PaperState.objects.filter(digest__in=list(digests)).values_list("digest", "pk")
    return {bytes(digest): id_ for digest, id_ in rows}


def read_states(ids: Iterable[int]) -> Mapping[int, ranking.Paper]:
    names = [field.name for field in fields(ranking.Paper)]
    states = {}
    for id_, content in PaperState.objects.filter(pk__in=list(ids)).values_list("pk", "content"):
        values = dict(zip(names, json.loads(zlib.decompress(content)), strict=True))
        states[id_] = ranking.Paper(**{**values, **{name: tuple(values[name]) for name in _LISTS}})
    return states
