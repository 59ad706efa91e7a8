"""Papers: recognised by any of their names, stored once, merged when they turn out to be one, and offered to issues."""

from digest.papers.candidates import Candidates, as_ranked, candidates, eligible, successors
from digest.papers.drafts import Refusal
from digest.papers.identity import identifiers
from digest.papers.locks import LISTING_LOCK, publishing_lock
from digest.papers.merging import settle
from digest.papers.retopic import retopic
from digest.papers.storing import Stored, store
from digest.papers.versions import Changed, Revision, changed, revisions

__all__ = [
    "LISTING_LOCK",
    "Candidates",
    "Changed",
    "Refusal",
    "Revision",
    "Stored",
    "as_ranked",
    "candidates",
    "changed",
    "eligible",
    "identifiers",
    "publishing_lock",
    "retopic",
    "revisions",
    "settle",
    "store",
    "successors",
]
