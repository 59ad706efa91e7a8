"""How to cite a paper: BibTeX, RIS, and the meta tags that reference managers and scholarly search engines read.

BibTeX fields as in "BibTeXing" (Patashnik, 1988) and arXiv's own `eprint` convention; RIS as in Research Information Systems'
format of 2011; `citation_*` names as in Google Scholar's inclusion guidelines (the Highwire Press tags).
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from digest.models import Paper, PaperIdentifier

_TEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip
_VERBATIM = str.maketrans({"{": "%7B", "}": "%7D", "\\": "%5C", " ": "%20"})
# Authors that are no persons.
_BODIES = re.compile(r"\b(?:and|collaboration|consortium|group|team)\b", re.IGNORECASE)
_SMALL = frozenset({
    "a", "an", "and", "are", "as", "at", "by", "for", "from", "how", "in", "is", "of", "on", "or", "the", "to", "towards",
    "what", "when", "with",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Citation:
    """What a reference says. `day` is that of the announcement; whatever is unknown is empty."""

    paper_id: int
    title: str
    authors: tuple[str, ...]
    day: dt.date
    abstract: str = ""
    url: str = ""
    pdf_url: str = ""
    doi: str = ""
    arxiv_id: str = ""
    category: str = ""
    journal: str = ""

    @property
    def key(self) -> str:
        """`lovelace2026koopman`: the first author's last name, the year, the first telling word of the title."""
        last = _ascii(_last_name(self.authors[0])) if self.authors else ""
        words = [_ascii(word) for word in self.title.split()]
        telling = next((word for word in words if word and word not in _SMALL), "")
        return f"{last or 'paper'}{self.day.year}{telling or self.paper_id}"


def of(paper: Paper) -> Citation:
    """A stored paper's citation; one query unless its identifiers are at hand."""
    names = {name.kind: name.value for name in sorted(paper.identifiers.all(), key=lambda name: name.pk, reverse=True)}
    arxiv_id = names.get(PaperIdentifier.Kind.ARXIV, "")
    return Citation(
        paper_id=paper.pk,
        title=paper.title,
        authors=tuple(paper.authors),
        day=paper.announced_at.astimezone(dt.UTC).date(),
        abstract=paper.abstract,
        url=f"https://arxiv.org/abs/{arxiv_id}" if arxiv_id else paper.url,
        pdf_url=paper.pdf_url,
        doi=names.get(PaperIdentifier.Kind.DOI, ""),
        arxiv_id=arxiv_id,
        category=paper.categories[0] if paper.categories else "",
        journal=paper.journal_reference,
    )


def bibtex(citations: Iterable[Citation]) -> str:
    """One entry for each, with keys that differ; UTF-8, special characters escaped."""
    entries, used = [], set[str]()
    for citation in citations:
        key = citation.key
        for letter in "abcdefghijklmnopqrstuvwxyz":
            if key not in used:
                break
            key = f"{citation.key}{letter}"
        if key in used:
            key = f"{citation.key}{citation.paper_id}"
        used.add(key)
        entries.append(_entry(citation, key))
    return "\n".join(entries)


def _entry(citation: Citation, key: str) -> str:
    fields = {
        # The second pair of braces keeps capitals, which styles lower.
        "title": f"{{{_tex(citation.title)}}}",
        "author": " and ".join(_tex_name(name) for name in citation.authors),
        "year": str(citation.day.year),
        "month": f"{citation.day:%b}".lower(),
        "journal": _tex(citation.journal),
        "doi": citation.doi.translate(_VERBATIM),
        "eprint": citation.arxiv_id,
        "archivePrefix": "arXiv" if citation.arxiv_id else "",
        "primaryClass": citation.category if citation.arxiv_id else "",
        "url": citation.url.translate(_VERBATIM),
    }
    # A month is one of BibTeX's own macros (jan to dec) and takes no braces.
    lines = [f"  {name} = {value if name == 'month' else f'{{{value}}}'}" for name, value in fields.items() if value]
    return f"@{'article' if citation.journal else 'misc'}{{{key},\n" + ",\n".join(lines) + "\n}\n"


def ris(citations: Iterable[Citation]) -> str:
    """One record for each; lines end with CRLF, as the format asks."""
    records = []
    for citation in citations:
        lines = [
            ("TY", "JOUR" if citation.journal else "UNPB"),
            ("TI", citation.title),
            *(("AU", _inverted(name)) for name in citation.authors),
            ("PY", str(citation.day.year)),
            ("DA", f"{citation.day:%Y/%m/%d}"),
            ("JO", citation.journal or (f"arXiv:{citation.arxiv_id}" if citation.arxiv_id else "")),
            ("AB", citation.abstract),
            ("DO", citation.doi),
            ("UR", citation.url),
            ("L1", citation.pdf_url),
        ]
        records += [f"{tag}  - {' '.join(value.split())}\r\n" for tag, value in lines if value] + ["ER  - \r\n"]
    return "".join(records)


def meta_tags(citation: Citation) -> list[tuple[str, str]]:
    """Names and contents of `citation_*` meta tags, in the order they should stand."""
    tags = [
        ("citation_title", citation.title),
        *(("citation_author", _inverted(name)) for name in citation.authors),
        ("citation_publication_date", f"{citation.day:%Y/%m/%d}"),
        ("citation_online_date", f"{citation.day:%Y/%m/%d}"),
        ("citation_journal_title", citation.journal),
        ("citation_doi", citation.doi),
        ("citation_arxiv_id", citation.arxiv_id),
        ("citation_pdf_url", citation.pdf_url),
        ("citation_abstract_html_url", citation.url),
    ]
    return [(name, content) for name, content in tags if content]


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)


def _tex_name(name: str) -> str:
    """A name for BibTeX, which splits the field at the word "and" and each name at commas; braces make one word of it."""
    whole = _tex(name)
    return f"{{{whole}}}" if _BODIES.search(name) or name.count(",") > 1 else whole


def _last_name(name: str) -> str:
    return name.partition(",")[0] if "," in name else name.split()[-1] if name.split() else ""


def _inverted(name: str) -> str:
    """`Ada Lovelace` -> `Lovelace, Ada`; a name with a comma, and that of a body, stand as they are."""
    parts = name.split()
    return name if "," in name or len(parts) < 2 or _BODIES.search(name) else f"{parts[-1]}, {' '.join(parts[:-1])}"


def _ascii(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.lower())
