"""Which terms of a score are worth saying."""

from collections.abc import Sequence

from digest.ranking.configuration import Configuration
from digest.ranking.slates import Reason, Term

SMALLEST_SHARE = 0.1
"""A term below this share of the largest explains nothing."""


def reasons_of(terms: Sequence[Term], slot: str, configuration: Configuration) -> tuple[Reason, ...]:
    """The largest terms in words, each with its term's handle.

    What the reader asked for comes first; attention is mentioned when there is room; age only when nothing else can be said.
    """
    own = [term for term in terms if term.value > 0 and term.handle]
    largest = max((term.value for term in own), default=0.0)
    said = [Reason(term.words, term.handle) for term in own if term.value >= SMALLEST_SHARE * largest][: configuration.reasons]
    if len(said) < configuration.reasons:
        said += [Reason(term.words, "") for term in terms if term.name == "trending" and term.value > 0]
    if not said:
        said = [Reason(term.words, "") for term in terms if term.value > 0]
    if slot == "serendipity":
        said = [Reason(f"outside your topics, {reason.text}", reason.handle) for reason in said]
    return tuple(said[: configuration.reasons])
