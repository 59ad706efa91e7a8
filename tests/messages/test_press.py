"""The press makes, octet for octet but for soft line breaks, the message that rendering it whole would make."""

import email
import email.policy
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.issues import specimen, whole
from digest.issues.contents import Choice, Contents, Link, PaperText
from digest.issues.press import HTML_LIMIT, Press
from digest.messages import Heading, Mailbox, compose, inert, templates
from tests.messages import people
from tests.messages.test_golden import CASES

LINES = st.text(max_size=200).map(inert.line)
TITLES = LINES.filter(bool)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=900).map(inert.line)
NAMES = st.sampled_from(["Ada Lovelace", "王小明", "محمد بن موسى", "O'Neil & Sons <x>", "Łukasz *Star*"])
PAPERS = st.builds(
    PaperText,
    id=st.integers(1, 2**62),
    revision=st.integers(1, 3),
    title=TITLES,
    url=st.sampled_from(["https://arxiv.example.org/abs/1?a=b&c=%20", "https://papers.example.org/papers/1/"]),
    abstract=TEXTS,
    authors=st.lists(NAMES, max_size=6).map(tuple),
    topics=st.lists(TITLES, max_size=3).map(tuple),
    upvotes=st.integers(0, 2000),
    links=st.lists(st.just(Link("Code", "https://code.example.org/.x?y=%3D")), max_size=4).map(tuple),
)
CHOICES = st.builds(
    Choice,
    paper=PAPERS,
    reasons=st.lists(TITLES, max_size=3).map(tuple),
    slot=st.sampled_from(["match", "trending", "serendipity"]),
    followed=st.frozensets(NAMES, max_size=2),
    interest=st.sampled_from([0, 0, 7, 8, 2**62]),
)


def _heading(contents: Contents) -> Heading:
    return Heading(
        sender=Mailbox("Paper Round", "digest@papers.example.org"),
        to=Mailbox("Ada", "ada@example.org"),
        subject=whole.subject(contents),
        date=people.NOW,
        message_id="<issue-1@papers.example.org>",
        unsubscribe_url=contents.unsubscribe_url,
        list_id="Paper Round <digest.papers.example.org>",
    )


def _read(content: bytes) -> list[Any]:
    """Everything that the stdlib's parser finds: header fields, types, words."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.walk())
    return [
        [list(each.items()) for each in parts],
        [each.get_content() for each in parts if not each.is_multipart()],
        [each.defects for each in parts],
    ]


def _same(contents: Contents, *, text_only: bool) -> None:
    press = Press()
    heading = _heading(contents)
    assert press.subject(contents) == heading.subject
    fast = press.message(contents, heading, text_only=text_only)
    contents = press.fitted(contents)
    assert whole.subject(contents) == heading.subject
    assert _read(fast) == _read(compose(whole.render(contents, text_only=text_only), heading))
    lines = fast.split(b"\r\n")
    assert all(len(line) <= 998 and not line.startswith(b".") for line in lines)
    header = fast.partition(b"\r\n\r\n")[0].count(b"\r\n") + 1
    assert all(len(line) <= 76 for line in lines[header:])
    assert b"\n" not in fast.replace(b"\r\n", b"")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_golden_issues_come_out_of_the_press_as_they_are_rendered_whole(case: Any) -> None:
    known = json.loads(case.read_text())
    _same(specimen.contents(known), text_only=known.get("text_only", False))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    st.lists(CHOICES, max_size=4, unique_by=lambda each: each.paper.id),
    st.lists(PAPERS, max_size=2, unique_by=lambda each: each.id),
    st.booleans(),
    st.booleans(),
)
def test_any_issue_comes_out_of_the_press_as_it_is_rendered_whole(
    choices: list[Choice], near: list[PaperText], trending: bool, text_only: bool
) -> None:
    _same(people.contents(*choices, near=tuple(near), trending_only=trending), text_only=text_only)


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 50), st.sampled_from(["A word. ", "ß" * 9 + ". ", "<&>. ", "面向机器人。"]), st.integers(1, 990))
def test_the_html_stays_below_its_limit_whatever_the_papers(count: int, sentence: str, title: int) -> None:
    choices = [
        people.choice(
            number,
            paper=people.paper(number, title="<" * title, abstract=sentence * 300),
            reasons=tuple(f"matches “{sentence.strip()}{each}”" for each in range(40)),
        )
        for number in range(1, count + 1)
    ]
    press = Press()
    contents = press.fitted(people.contents(*choices, topics=("<&>" * 30,) * 12))
    html = whole.render(contents, text_only=False).html
    assert html is not None
    assert len(html.encode()) <= HTML_LIMIT
    assert len(contents.choices) + len(contents.rest) == count


def test_readers_at_one_instant_in_two_zones_read_their_own_hours() -> None:
    press = Press()
    for zone, shown in (
        ("Asia/Tokyo", b"Monday 23 March 2026, 15:00"),
        ("America/Los_Angeles", b"Sunday 22 March 2026, 23:00"),
    ):
        known = people.contents(people.choice(1))
        assert known.next_at is not None
        here = ZoneInfo(zone)
        contents = known._replace(date=known.date.astimezone(here), next_at=known.next_at.astimezone(here))
        assert shown in press.message(contents, _heading(contents)).replace(b"=\r\n", b"")


def test_papers_of_a_template_of_ones_own_come_out_as_they_are_rendered_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "email" / "_base"
    folder.mkdir(parents=True)
    (folder / "_paper.html.jinja").write_text(
        "<tr><td>{{ votes[2][1] }} {{ reason }} {{ stop_url }} {{ paper.title }} {{ votes[0][1] }}</td></tr>", encoding="utf-8"
    )
    (folder / "_paper.txt.jinja").write_text("[{{ note }}] {{ reason }} {{ paper.title }} {{ number }}", encoding="utf-8")
    ours = templates._environment()
    loaders = [jinja2.FileSystemLoader(tmp_path), *([ours.loader] if ours.loader else [])]
    theirs = ours.overlay(loader=jinja2.ChoiceLoader(loaders))
    monkeypatch.setattr(templates, "_environment", lambda: theirs)
    _same(people.contents(people.choice(1), people.choice(2, reasons=(), interest=0)), text_only=False)


def test_a_paper_at_a_new_revision_is_printed_anew() -> None:
    press = Press()
    for revision, title in ((1, "First words"), (2, "Second words")):
        contents = people.contents(people.choice(1, paper=people.paper(1, title, revision=revision)))
        assert title.encode() in press.message(contents, _heading(contents))
