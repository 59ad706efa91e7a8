"""Addresses inside running text, and what they lead to."""

import re
from urllib.parse import urlsplit

from digest.sources.entries import Link, LinkKind

_ADDRESS = re.compile(r"""https?://[^\s<>"'{}|\\^`\u201c\u201d\u2019]+""", re.IGNORECASE)
_CODE_HOSTS = (
    "github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "sr.ht", "huggingface.co", "colab.research.google.com",
    "anonymous.4open.science", "gitee.com", "pypi.org", "modelscope.cn", "zenodo.org", "kaggle.com",
)  # fmt: skip
_PAGE_HOSTS = (
    "github.io",
    "gitlab.io",
    "sites.google.com",
    "netlify.app",
    "vercel.app",
    "pages.dev",
    "readthedocs.io",
    "web.app",
)
_PAGE_WORDS = re.compile(r"\b(?:project|web|demo|home)[ -]?(?:page|site)|\bvideos?\b|\bdemos?\b", re.IGNORECASE)
_CODE_WORDS = re.compile(r"\b(?:code|implementation|repository|source|dataset|software|package|library)\b", re.IGNORECASE)
_LOOK_BACK = 90


def absolute(url: str) -> str:
    """The address without space around it, or nothing unless it is an absolute http(s) one that a browser could follow."""
    url = url.strip()
    if len(url) > 1000 or not url.isprintable() or " " in url or "\\" in url:
        return ""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ""
    return url if parts.scheme in {"http", "https"} and host else ""


def kind_of(url: str, before: str = "") -> LinkKind:
    """What an address leads to, by its host, or else by the words before it."""
    host = (urlsplit(url).hostname or "").removeprefix("www.")
    if any(host == known or host.endswith(f".{known}") for known in _PAGE_HOSTS):
        return "project"
    if any(host == known or host.endswith(f".{known}") for known in _CODE_HOSTS):
        return "code"
    said = [(match.end(), "project") for match in _PAGE_WORDS.finditer(before)]
    said += [(match.end(), "code") for match in _CODE_WORDS.finditer(before)]
    kind = max(said)[1] if said else "other"
    return "project" if kind == "project" else "code" if kind == "code" else "other"


def links_in(text: str) -> tuple[Link, ...]:
    """The links in running text, each once, in order; the full stop after an address is not part of it."""
    if "://" not in text:
        return ()
    found: dict[str, Link] = {}
    for match in _ADDRESS.finditer(text):
        url = match[0].rstrip(".,;:!?*_~$")
        while url.endswith((")", "]")) and url.count(url[-1]) > url.count("(" if url[-1] == ")" else "["):
            url = url[:-1].rstrip(".,;:!?")
        if url := absolute(url):
            before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
            found.setdefault(url, Link(kind_of(url, before.rpartition(". ")[2]), url))
    return tuple(found.values())
