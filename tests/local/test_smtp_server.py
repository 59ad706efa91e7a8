"""The local inbox takes every message and keeps it octet for octet."""

import smtplib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from digest.local import ports
from digest.local.kept import Inbox

MESSAGE = (
    b"From: Paper Round <digest@papers.example.org>\r\nTo: ada@example.org\r\nSubject: Koopman\r\n"
    b"Message-ID: <issue-1@papers.example.org>\r\n\r\n.a line that begins with a dot\r\ncaf\xc3\xa9\r\n"
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "not there yet" / "inbox"


@pytest.fixture
def port(directory: Path) -> Iterator[int]:
    with ports.listen() as listening:
        command = [sys.executable, "-m", "digest.local.smtp_server", str(listening.fileno()), str(directory)]
        with subprocess.Popen(command, pass_fds=[listening.fileno()]) as server:
            yield ports.number(listening)
            server.terminate()
            assert server.wait() == 0


def test_a_message_is_kept_as_it_was_sent(port: int, directory: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
        client.sendmail("bounces@papers.example.org", ["ada@example.org"], MESSAGE, ["BODY=8BITMIME"])
    (line,) = Inbox(directory).lines(0, 10)
    kept = Inbox(directory).source(line.key)
    assert kept == b"Return-Path: <bounces@papers.example.org>\r\nDelivered-To: ada@example.org\r\n" + MESSAGE


def test_each_recipient_has_a_copy(port: int, directory: Path) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=120) as client:
        client.sendmail("bounces@papers.example.org", ["ada@example.org", "bernard@example.org"], MESSAGE, ["BODY=8BITMIME"])
    inbox = Inbox(directory)
    assert {line.recipient for line in inbox.lines(0, 10)} == {"ada@example.org", "bernard@example.org"}
    assert [len(keys) for keys in inbox.by_message_id().values()] == [2]
