"""What the inbox's pages read from a Maildir."""

import os
from pathlib import Path

import pytest

from digest.local.kept import Inbox, for_a_frame

MULTIPART = b"""\
Delivered-To: ada@example.org
From: Paper Round <digest@papers.example.org>
To: ada@example.org
Subject: =?utf-8?q?Schr=C3=B6dinger_bridges?=
Message-ID: <issue-1@papers.example.org>
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary=x

--x
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

caf=C3=A9
--x
Content-Type: text/html; charset=utf-8

<html><head><title>t</title></head><body>one</body></html>
--x--
""".replace(b"\n", b"\r\n")


def _keep(inbox: Path, name: str, content: bytes, moment: int) -> None:
    (inbox / "new").mkdir(parents=True, exist_ok=True)
    path = inbox / "new" / name
    path.write_bytes(content)
    os.utime(path, (moment, moment))


def test_an_inbox_that_does_not_exist_yet_is_empty(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "none")
    assert (inbox.count(), inbox.lines(0, 10), inbox.open("1")) == (0, [], None)


def test_the_newest_message_comes_first(tmp_path: Path) -> None:
    _keep(tmp_path, "1.old", b"Subject: old\r\n\r\n", 1)
    _keep(tmp_path, "2.new", b"Subject: new\r\n\r\n", 2)
    assert [line.subject for line in Inbox(tmp_path).lines(0, 10)] == ["new", "old"]
    assert [line.subject for line in Inbox(tmp_path).lines(1, 2)] == ["old"]


def test_a_message_opens_with_its_parts_decoded(tmp_path: Path) -> None:
    _keep(tmp_path, "1.a", MULTIPART, 1)
    opened = Inbox(tmp_path).open("1.a")
    assert opened is not None
    assert opened.subject == "Schrödinger bridges"
    assert opened.text is not None
    assert opened.text.strip() == "café"
    assert opened.html is not None
    assert "one" in opened.html
    assert opened.octets == len(MULTIPART)


@pytest.mark.parametrize("name", ["../../etc/passwd", "1", "1.a:2,S", ""])
def test_only_a_message_of_the_inbox_is_opened(tmp_path: Path, name: str) -> None:
    _keep(tmp_path, "1.a", MULTIPART, 1)
    assert Inbox(tmp_path).source(name) is None


def test_an_unknown_charset_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    _keep(tmp_path, "1.a", b"Content-Type: text/plain; charset=x-none\r\n\r\nplain\r\n", 1)
    opened = Inbox(tmp_path).open("1.a")
    assert opened is not None
    assert (opened.text or "").strip() == "plain"
    assert opened.html is None


def test_links_in_the_frame_open_beside_the_page() -> None:
    framed = for_a_frame("<!doctype html><html><head lang=en><title>t</title></head><body><header>h</header></body></html>")
    assert framed.startswith(b'<!doctype html><html><head lang=en><base target="_blank"><title>')
    assert framed.count(b"<base") == 1
