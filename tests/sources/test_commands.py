"""The operator's commands for sources."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from digest.models import Source
from digest.sources import opml
from digest.sources.entries import ParseError


def _outlines() -> st.SearchStrategy[opml.Outline]:
    name = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp", "Cn"]), min_size=1, max_size=20)
    return st.builds(
        opml.Outline,
        slug=st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True),
        name=name,
        format=st.sampled_from(["arxiv", "huggingface", "syndication", "arxiv-api", "arxiv-oai"]),
        url=st.from_regex(r"https://[a-z]{1,9}\.example\.org/[a-z0-9?=&+]{0,20}", fullmatch=True),
        hours=st.integers(1, 168),
        active=st.booleans(),
    )


@given(st.lists(_outlines(), min_size=1, max_size=5, unique_by=lambda outline: outline.url))
def test_a_list_of_sources_survives_its_opml(outlines: list[opml.Outline]) -> None:
    assert opml.parse(opml.write(outlines, "Sources & more")) == outlines


def test_a_plain_list_from_elsewhere_is_understood() -> None:
    body = b"""<opml version="1.0"><body><outline text="Folder">
      <outline text="A  journal" xmlUrl="https://journal.example.org/rss"/>
      <outline title="arXiv" xmlUrl="https://rss.arxiv.org/rss/cs.LG"/></outline></body></opml>"""
    journal, arxiv = opml.parse(body)
    assert (journal.slug, journal.format, journal.active) == ("a-journal", "syndication", True)
    assert arxiv.format == "arxiv"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "it is empty"),
        (b"<rss/>", "it is not OPML"),
        (b"<opml><body/></opml>", "no outline in it has an xmlUrl"),
        (b'<opml><outline text="A" xmlUrl="javascript:alert(1)"/></opml>', "the address of 'A' is not an absolute http(s) one"),
    ],
)
def test_what_is_no_list_is_refused_in_one_line(body: bytes, says: str) -> None:
    with pytest.raises(ParseError) as caught:
        opml.parse(body)
    assert says in str(caught.value)


@pytest.mark.django_db
def test_sources_go_out_and_come_in_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("load_seeds")
    capsys.readouterr()
    file = tmp_path / "sources.opml"
    count = Source.objects.count()
    call_command("sources", "export", str(file), "--json")
    assert json.loads(capsys.readouterr().out) == {"file": str(file), "sources": count}
    Source.objects.filter(slug="biorxiv").delete()
    Source.objects.filter(slug="medrxiv").update(url="https://elsewhere.example.org/")
    call_command("sources", "import", str(file), "--json")
    assert json.loads(capsys.readouterr().out)["added"] == ["biorxiv", "medrxiv-2"]
    call_command("sources", "import", str(file), "--json")
    assert json.loads(capsys.readouterr().out)["added"] == []


@pytest.mark.django_db
def test_the_list_shows_how_each_source_fares(capsys: pytest.CaptureFixture[str]) -> None:
    Source.objects.create(slug="a", name="A", format="syndication", url="https://a.example.org/", failures=3)
    Source.objects.create(slug="b", name="B", format="page", active=False, stopped_because="410 on 2026-03-13: gone for good")
    call_command("sources", "list")
    said = capsys.readouterr().out
    assert "no success yet, 3 failures in a row, due now" in said
    assert "stopped (410 on 2026-03-13: gone for good)" in said
    call_command("sources", "activate", "b")
    assert Source.objects.get(slug="b").stopped_because == ""


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["poll", "none"], "There is no source 'none'"),
        (["poll", "files"], "has no address to ask"),
        (["backfill", "none", "--since", "2026-03-01"], "There is no source 'none'"),
        (["backfill", "journal", "--since", "2999-03-01"], "--since 2999-03-01 is after"),
        (["backfill", "journal", "--since", "2026-03-01"], "A journal has no archive that can be read"),
        (["sources", "activate", "none"], "There is no source 'none'"),
        (["sources", "import", "/nowhere.opml"], "/nowhere.opml: No such file or directory"),
        (["ingest", "--source", "none", "file"], "There is no source 'none'"),
    ],
)
def test_a_mistake_is_one_line_that_names_it(arguments: list[str], says: str) -> None:
    Source.objects.create(slug="files", name="Files", format="page")
    Source.objects.create(slug="journal", name="A journal", format="syndication", url="https://j.example.org/")
    with pytest.raises(CommandError) as caught:
        call_command(*arguments)
    assert says in str(caught.value)
