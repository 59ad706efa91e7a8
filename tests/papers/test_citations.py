"""How a paper is cited."""

import datetime as dt
import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from digest import citations
from digest.citations import Citation

FLOWS = Citation(
    paper_id=7,
    title="The 50% rule & Koopman_learning of {chaotic} flows",
    authors=("Ada Lovelace", "The Sun and Moon Collaboration"),
    day=dt.date(2026, 3, 13),
    abstract="We learn λ₁.\nIt works.",
    url="https://arxiv.org/abs/2603.01234",
    pdf_url="https://arxiv.org/pdf/2603.01234",
    doi="10.1000/x_y",
    arxiv_id="2603.01234",
    category="math.DS",
)


def test_bibtex_escapes_what_tex_would_take_for_its_own() -> None:
    assert (
        citations.bibtex([FLOWS])
        == r"""@misc{lovelace202650,
  title = {{The 50\% rule \& Koopman\_learning of \{chaotic\} flows}},
  author = {Ada Lovelace and {The Sun and Moon Collaboration}},
  year = {2026},
  month = mar,
  doi = {10.1000/x_y},
  eprint = {2603.01234},
  archivePrefix = {arXiv},
  primaryClass = {math.DS},
  url = {https://arxiv.org/abs/2603.01234}
}
"""
    )


def test_what_appeared_in_a_journal_is_an_article() -> None:
    published = replace(FLOWS, journal="Chaos 36 (2026) 1")
    assert citations.bibtex([published]).startswith("@article{")
    assert "TY  - JOUR\r\n" in citations.ris([published])


def test_keys_differ_within_one_file() -> None:
    keys = re.findall(r"@misc\{([^,]+),", citations.bibtex(replace(FLOWS, paper_id=each) for each in range(40)))
    assert keys[:3] == ["lovelace202650", "lovelace202650a", "lovelace202650b"]
    assert len(set(keys)) == 40


def test_ris_has_one_tag_on_each_line() -> None:
    lines = citations.ris([FLOWS]).split("\r\n")
    assert lines[0] == "TY  - UNPB"
    assert lines[-2:] == ["ER  - ", ""]
    assert "AU  - Lovelace, Ada" in lines
    assert "AB  - We learn λ₁. It works." in lines
    assert all(re.match(r"[A-Z][A-Z0-9]  - ", line) for line in lines[:-1])


def test_meta_tags_name_each_author_once_and_leave_out_what_is_unknown() -> None:
    tags = citations.meta_tags(replace(FLOWS, doi="", pdf_url=""))
    assert [content for name, content in tags if name == "citation_author"] == [
        "Lovelace, Ada",
        "The Sun and Moon Collaboration",
    ]
    assert not {"citation_doi", "citation_pdf_url"} & {name for name, _ in tags}
    assert ("citation_publication_date", "2026/03/13") in tags


@given(st.text(max_size=80), st.lists(st.text(max_size=30), max_size=4))
def test_whatever_a_feed_said_braces_stay_balanced(title: str, authors: list[str]) -> None:
    entry = citations.bibtex([replace(FLOWS, title=title, authors=tuple(authors))])
    depth = 0
    for sign in re.findall(r"\\[{}\\]|[{}]", entry):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0


@given(st.text(max_size=80), st.lists(st.text(max_size=30), max_size=4))
def test_a_key_is_plain_letters_and_digits(title: str, authors: list[str]) -> None:
    assert re.fullmatch(r"[a-z0-9]+", replace(FLOWS, title=title, authors=tuple(authors)).key)
