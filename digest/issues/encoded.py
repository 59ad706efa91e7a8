"""Sentences of an issue as its message has them: encoded, and remembered, for they come back from reader to reader."""

import functools

from digest.issues import blocks, wording
from digest.issues.contents import Contents
from digest.messages import markup, typeset
from digest.messages.holes import Pattern, filling, number, pattern, plain_filling


@functools.lru_cache(maxsize=2_000)
def in_text(sentence: str) -> bytes:
    """The sentence wrapped."""
    return filling(typeset.wrapped(sentence))


@functools.lru_cache(maxsize=20_000)
def in_html(sentence: str) -> bytes:
    """The sentence escaped."""
    return filling(markup.text(sentence))


@functools.lru_cache(maxsize=5_000)
def stop_in_text(sentence: str) -> tuple[bytes, bytes]:
    """What stands before and after the number of the footnote."""
    return around(pattern(blocks.stop_text(sentence, number("note"))))


@functools.lru_cache(maxsize=5_000)
def topics(topics: tuple[str, ...]) -> tuple[bytes, bytes]:
    """What an issue is for, in text and in HTML."""
    phrase = wording.for_topics(topics)
    return filling(typeset.wrapped(phrase)), filling(markup.text(phrase))


def receipt(contents: Contents) -> tuple[bytes, bytes]:
    """In text and in HTML, which are the same as long as it fits on a line."""
    outcome, considered = wording.outcome(contents), str(contents.considered)
    html = considered.encode() + in_html(outcome)
    return html if len(considered) + len(outcome) <= typeset.COLUMNS else in_text(considered + outcome), html


@functools.lru_cache(maxsize=5_000)
def interest(number: int) -> bytes:
    """The id in a link; empty for 0, which is no interest."""
    return plain_filling(str(number)) if number else b""


def around(made: Pattern) -> tuple[bytes, bytes]:
    """What stands before and after the one hole of a pattern."""
    before, after = made.pieces
    return before, after
