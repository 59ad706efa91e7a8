"""The messages of tests/data/bounces: blocks of a text file, with a few marks for what a text file cannot hold."""

import base64
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "bounces"
_BLOCK = re.compile(r"^=== ([\w-]+) \| (.+)\n", re.MULTILINE)
_ENCODED = re.compile(r"^@(base64|qp|raw) (\S+)\n(.*?)^@end\n", re.MULTILINE | re.DOTALL)
_ORIGINAL = (
    "Return-Path: <bounces@papers.example.org>\nFrom: Paper Round <digest@papers.example.org>\nTo: ada@example.org\n"
    "Message-ID: <issue-abcdefgh234567@papers.example.org>\nSubject: Papers\n\n"
    "On a filter for spam: user unknown, mailbox full, blacklist.\n"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A message and the verdict that a careful sender would give."""

    verdict: str
    name: str
    octets: bytes


def cases(name: str) -> list[Case]:
    """The messages of a file of the folder."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    ends = [*(each.start() for each in found[1:]), len(text)]
    return [Case(each[1], each[2], _octets(text[each.end() : end])) for each, end in zip(found, ends, strict=True)]


def refusals(path: Path) -> list[tuple[str, str, str, str]]:
    """Provider, verdict, status and reply of each line of a table."""
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    return [(provider, verdict, status, said) for provider, verdict, status, said in rows]


def _octets(block: str) -> bytes:
    return b"".join(_encoded(block.replace("@original\n", _ORIGINAL)))


def _encoded(block: str) -> Iterator[bytes]:
    done = 0
    for found in _ENCODED.finditer(block):
        yield block[done : found.start()].encode()
        octets = found[3].encode(found[2])
        match found[1]:
            case "base64":
                yield base64.encodebytes(octets)
            case "qp":
                yield quopri.encodestring(octets)
            case _:
                yield octets
        done = found.end()
    yield block[done:].encode()
