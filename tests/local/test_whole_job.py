"""The whole job, from the saved page to the inbox, by the command that a newcomer runs."""

from pathlib import Path

import pytest

from digest.local.kept import Inbox
from tests.local.runs import run

READERS = {"ada@example.org", "bernard@example.org", "chandra@example.org"}


def _messages(home: Path) -> list[tuple[str, str]]:
    """Recipient and Message-ID of every message in the inbox."""
    return sorted((line.recipient, line.message_id) for line in Inbox(home / "inbox").lines(0, 100))


def _digests(home: Path) -> dict[str, str]:
    """The text part of each reader's digest."""
    inbox = Inbox(home / "inbox")
    lines = [line for line in inbox.lines(0, 100) if line.message_id.startswith("<issue-")]
    opened = {line.recipient: inbox.open(line.key) for line in lines}
    return {recipient: message.text or "" for recipient, message in opened.items() if message}


@pytest.mark.long
def test_three_readers_get_their_digest_once_however_often_it_runs(home: Path) -> None:
    with run(home, "--once") as first:
        assert first.end() == 0, first.output
    delivered = _messages(home)
    digests = _digests(home)
    assert set(digests) == READERS
    assert "Koopman" in digests["bernard@example.org"]
    assert len(set(digests.values())) == 3
    # A confirmation and a digest for each of the three.
    assert [recipient for recipient, _ in delivered] == sorted([*READERS, *READERS])
    assert len({message_id for _, message_id in delivered}) == 6
    for reader in READERS:
        assert f"{reader} signed up, got a confirmation and confirmed." in first.output
    assert "no year; its papers are listed as of" in first.output
    assert "3 of 3 digests published in this run" in first.output

    # The page has one date, so its papers grow old: the same job with the page's own day finds them known already.
    with run(home, "--once", "--date", "2026-03-13") as second:
        assert second.end() == 0, second.output
    assert _messages(home) == delivered
    assert "0 of 3 digests published in this run" in second.output
    for reader in READERS:
        assert f"Nothing new for {reader}:" in second.output
