"""Papers as BibTeX entries, for reference managers."""

import re
import unicodedata
from collections.abc import Iterable

from digest.models import Paper, PaperIdentifier

# What TeX would take for a command; everything beyond ASCII stays, for today's BibTeX readers take UTF-8.
_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
})  # fmt: skip
_SMALL = frozenset({"a", "an", "and", "for", "from", "in", "of", "on", "the", "to", "with"})


def bibliography(papers: Iterable[Paper]) -> str:
    """One entry for each paper, in their order, keys made unique by a letter. Prefetch `identifiers`."""
    entries, taken = [], set[str]()
    for paper in papers:
        key = wanted = _key(paper)
        letters = iter("bcdefghijklmnopqrstuvwxyz")
        while key in taken:
            # Beyond 26 papers of one author, year and word the paper's own number tells them apart.
            letter = next(letters, f"-{paper.pk}")
            key = f"{wanted}{letter}"
        taken.add(key)
        entries.append(_entry(key, paper))
    return "\n".join(entries)


def _entry(key: str, paper: Paper) -> str:
    names = {each.kind: each.value for each in paper.identifiers.all()}
    arxiv = names.get(PaperIdentifier.Kind.ARXIV, "")
    fields = {
        # A second pair of braces keeps capitals: BibTeX styles lower those of titles.
        "title": "{" + _plain(paper.title) + "}",
        "author": " and ".join(_plain(name) for name in paper.authors),
        "year": str(paper.announced_at.year),
        "eprint": arxiv,
        "archivePrefix": "arXiv" if arxiv else "",
        "primaryClass": paper.categories[0] if arxiv and paper.categories else "",
        "doi": _plain(names.get(PaperIdentifier.Kind.DOI, "")),
        "url": paper.url.replace("{", "%7B").replace("}", "%7D"),
        "note": _plain(paper.journal_reference),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@misc{{{key},", *lines, "}", ""])


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(_SPECIAL)


def _key(paper: Paper) -> str:
    """`lovelace2026koopman`: the first author's family name, the year, the first word of the title that says something."""
    name = paper.authors[0] if paper.authors else ""
    family = name.partition(",")[0] if "," in name else name.split()[-1] if name.split() else ""
    words = [word for word in map(_ascii, paper.title.split()) if word and word not in _SMALL]
    return f"{_ascii(family) or 'anonymous'}{paper.announced_at.year}{words[0] if words else 'paper'}"


def _ascii(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unicodedata.normalize("NFKD", text.casefold()))
