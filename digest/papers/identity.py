"""Which names the world has for a paper, and when two announcements mean the same work."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from digest import text
from digest.sources import arxiv_ids
from digest.sources.entries import Entry

Name = tuple[str, str]

_DOI = re.compile(r"(?:https?://)?(?:(?:dx\.)?doi\.org/|doi:\s*)?(10\.\d{4,9}/\S+)", re.IGNORECASE)
_ARXIV_DOI = "10.48550/arxiv."
_ARXIV_HOSTS = frozenset(
    {"arxiv.org", "export.arxiv.org", "browse.arxiv.org", "ar5iv.org", "ar5iv.labs.arxiv.org", "alphaxiv.org"}
)
_ARXIV_PATH = re.compile(r"/(?:abs|pdf|html|format|ps|src|e-print|overview|papers)/(.+?)(?:\.pdf)?/?")
_DOI_IN_PATH = re.compile(r"/(?:content|doi(?:/(?:abs|full|pdf|epdf))?)/(10\.\d{4,9}/.+)")
_PREPRINT_VERSION = re.compile(r"v(\d{1,3})(?:\.(?:full|abstract|article|full-text|supplementary).*)?$")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_TRACKING = re.compile(r"utm_.*|fbclid|gclid|mc_cid|mc_eid|rss|ref|ref_src|source|cmp|igshid", re.IGNORECASE)


def doi(value: str) -> str:
    """A DOI in lower case without its resolver, or nothing when there is none."""
    match = _DOI.fullmatch(unquote(value.strip())) if "%" in value else _DOI.fullmatch(value.strip())
    if match is None:
        return ""
    found = match[1].lower().rstrip(".,;")
    return found.rstrip(")") if found.count(")") > found.count("(") else found


def from_url(url: str) -> Name | None:
    """What an address names: an arXiv identifier, a DOI, or itself in canonical form.

    Canonical: https, host in lower case without `www.`, without default port, tracking parameters and last slash, the query
    sorted. The front page of a site names no paper.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    if host in _ARXIV_HOSTS or (host == "huggingface.co" and parts.path.startswith("/papers/")):
        match = _ARXIV_PATH.fullmatch(parts.path)
        if match and (found := arxiv_ids.split(match[1])):
            return "arxiv", found[0]
    if host in {"doi.org", "dx.doi.org"} and (named := doi(parts.path[1:])):
        return _doi_name(named)
    if match := _DOI_IN_PATH.fullmatch(parts.path):
        named = doi(match[1])
        if host in {"biorxiv.org", "medrxiv.org"}:
            named = _PREPRINT_VERSION.sub("", named)
        if named:
            return _doi_name(named)
    query = urlencode(
        sorted(pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not _TRACKING.fullmatch(pair[0]))
    )
    path = parts.path.rstrip("/")
    if not path and not query:
        return None
    netloc = host if port in {None, 80, 443} else f"{host}:{port}"
    fragment = "" if parts.fragment.startswith(":~:") else parts.fragment
    canonical = urlunsplit(("https", netloc, path, query, fragment))
    return ("url", canonical) if len(canonical) <= 1000 else None


def _doi_name(value: str) -> Name:
    if value.startswith(_ARXIV_DOI) and (found := arxiv_ids.split(value.removeprefix(_ARXIV_DOI))):
        return "arxiv", found[0]
    return "doi", value


def version_in(url: str) -> int | None:
    """The version that a bioRxiv or medRxiv address names (`...123456v2`)."""
    if "rxiv.org/content/" not in url:
        return None
    match = _PREPRINT_VERSION.search(urlsplit(url).path)
    return int(match[1]) if match else None


def title_hash(clean_title: str) -> str:
    """A hash that case, accents, punctuation and spacing do not change."""
    folded = clean_title.casefold()
    if folded.isascii():
        kept = "".join(_ASCII_WORD.findall(folded))
    else:
        kept = "".join(char for char in unicodedata.normalize("NFKD", folded) if char.isalnum())
    kept = kept or clean_title
    return hashlib.blake2b(kept.encode("utf-8", "replace"), digest_size=16).hexdigest()


def strong_names(entry: Entry) -> set[Name]:
    """The entry's identifiers that stand on their own: DOI, arXiv identifier, canonical address."""
    names: set[Name] = set()
    if entry.arxiv_id and (found := arxiv_ids.split(entry.arxiv_id)):
        names.add(("arxiv", found[0]))
    if named := doi(entry.doi):
        names.add(_doi_name(named))
    if entry.url and (address := from_url(entry.url)):
        names.add(address)
    return {name for name in names if len(name[1]) <= 1000}


def identifiers(entry: Entry) -> set[Name]:
    """Every name the entry gives its paper, as (kind, value): doi, arxiv, url, and the hash of its title.

    The title counts only when one side has no other name; see `same_people` for what else it takes.
    """
    return strong_names(entry) | {("title", title_hash(text.clean(entry.title)))}


def first_author(authors: Iterable[str]) -> str:
    """The first author's family name, folded, or nothing: what two lists of the same authors agree on."""
    name = next(iter(authors), "")
    family = name.partition(",")[0] if "," in name else name.split()[-1] if name.split() else ""
    folded = unicodedata.normalize("NFKD", family.casefold())
    return "".join(char for char in folded if char.isalnum())


def same_people(one: str, other: str) -> bool:
    """Whether two first authors may be one: the same, or one of them not known."""
    return not one or not other or one == other
