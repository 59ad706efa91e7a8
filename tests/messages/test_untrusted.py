"""Text that means harm, in every place where a stranger's text can stand, comes out inert."""

import email
import email.policy
from html.parser import HTMLParser
from typing import Any

import pytest

from digest.issues import specimen, whole
from digest.issues.press import Press
from digest.messages import Heading, Mailbox
from tests.messages import people
from tests.web.vectors import VECTORS as MARKUP

VECTORS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg/onload=alert(1)>',
    "'\"--></style></title><script>alert(1)</script>",
    "<!--cut--><!--[if mso]><script>x</script><![endif]-->",
    "<a href='javascript:alert(1)'>x</a>",
    "</td></tr></table><h1>Your account is closed</h1>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#x3c;script&#x3e;",
    "{{ 7 * 7 }} {% raw %} {{ self.__init__.__globals__ }} {# #}",
    "${7*7} #{7*7} <%= 7*7 %> %(reason)b %s %d %% {0.__class__}",
    "Papers\r\nBcc: eve@example.net\r\n\r\n<html>",
    "Papers\nContent-Type: text/html\n\n--=_paper-round--\n.\nQUIT",
    "=?utf-8?q?=0D=0ABcc:_eve@example.net?= =?utf-8?b?PHNjcmlwdD4=?=",
    "safe\u202egnp.tpircs\u202c \u2066x\u2069 \u200f \u061c",
    "pa\u200byp\u2060al \U000e0041\U000e007f \ufeff\u00ad",
    "\ufdd0reason\ufdd1 \ufdd0papers\ufdd1 \ufdd2n0\ufdd1 \ufdd0unknown\ufdd1",
    "nul \x00 bell \x07 escape \x1b[31m delete \x7f c1 \x85 \x9b",
    ".\n..\nFrom here\n>From there",
    "a" * 5000,
    "ﷺ" * 300,
    "Z" + "\u0301" * 500 + "algo",
    "“quoted” “<b>”</b> “” “a “b” c”",
    "*bold* _it_ [link](https://evil.example.net) https://evil.example.net/?q=<x>",
    "data:text/html,<script>alert(1)</script>",
    "раураl.com аррӏе.com",
]
ADDRESSES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "//example.net/x",
    "https://example.org@evil.example.net/", "https://example.org/\"onmouseover=\"alert(1)", "https://example.org/'><script>",
    "https://example.org/%0d%0aBcc:x", "https://example.org/\r\nBcc: x", "https://xn--e1awd7f.example.org/ \u202e", "ht\ttps://x",
]  # fmt: skip
_UNSEEN = set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200b\u200f\x00\x07\x1b\x7f\ufdd0")
SAFE_TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "br", "h1", "h2", "a", "strong",
    "span",
}  # fmt: skip


class _Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def _message(case: dict[str, Any], name: str = "Ada") -> tuple[str, str, str, bytes]:
    press, contents = Press(), specimen.contents(case)
    own = Mailbox("Paper Round", "digest@papers.example.org")
    heading = Heading(
        own, Mailbox(name, "ada@example.org"), press.subject(contents), people.NOW, "<issue-1@papers.example.org>"
    )
    content = press.message(contents, heading)
    message = email.message_from_bytes(content, policy=email.policy.default)
    text, html = [part.get_content() for part in message.walk() if not part.is_multipart()]
    assert not message.defects
    assert set(message.keys()) == {
        "From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Auto-Submitted", "X-Auto-Response-Suppress",
        "Content-Type",
    }  # fmt: skip
    assert whole.render(contents, text_only=False).html == html.replace("\r\n", "\n")
    return str(message["Subject"]), text, html, content


def _paper(text: str) -> dict[str, Any]:
    return {
        "title": text, "abstract": text, "authors": [text, "Ada", "Emmy", "Grace", "Lise"], "topics": [text], "reasons": [text],
        "followed": [], "upvotes": 1, "interest": 7, "url": "https://example.org/x",
    }  # fmt: skip


@pytest.mark.parametrize("vector", [*VECTORS, *MARKUP], ids=range(len(VECTORS) + len(MARKUP)))
def test_hostile_text_comes_out_as_text(vector: str) -> None:
    subject, text, html, content = _message({"topics": [vector], "papers": [_paper(vector)] * 2, "near": [_paper(vector)]})
    seen = _Seen(html)
    assert seen.tags <= SAFE_TAGS
    assert html.count("<h1") == 1
    assert not any(name.startswith("on") for name in seen.attributes)
    assert set(seen.links) <= {
        "https://example.org/x",
        "https://papers.example.org/papers/901/",
        "https://papers.example.org/preferences/5.0.aaaaaaaaaaaaaaaaaaaaaa/",
        "https://papers.example.org/preferences/5.0.aaaaaaaaaaaaaaaaaaaaaa/#pause",
        "https://papers.example.org/preferences/5.0.aaaaaaaaaaaaaaaaaaaaaa/#size",
        "https://papers.example.org/unsubscribe/5.aaaaaaaaaaaaaaaaaaaaaa/",
        "https://papers.example.org/issues/3c.0.aaaaaaaaaaaaaaaaaaaaaa/",
        "https://papers.example.org/feedback/5.0.aaaaaaaaaaaaaaaaaaaaaa/interest/7/",
        *(
            f"https://papers.example.org/feedback/5.0.aaaaaaaaaaaaaaaaaaaaaa/{paper}/{vote}/"
            for paper in (1, 2)
            for vote in ("more", "less", "save")
        ),
    }
    for words in (subject, text, html):
        assert not _UNSEEN.intersection(words)
    assert "\n" not in subject
    lines = content.split(b"\r\n")
    assert all(len(line) <= 998 and not line.startswith(b".") for line in lines)
    assert content.count(b"--=_paper-round--\r\n") == 1


def test_template_syntax_stays_as_it_was_typed() -> None:
    _, text, html, _ = _message({"papers": [_paper("{{ 7 * 7 }} %(reason)b {% raw %}")]})
    for words in (text, html):
        assert "{{ 7 * 7 }} %(reason)b {% raw %}" in words


@pytest.mark.parametrize("address", ADDRESSES)
def test_hostile_addresses_lead_nowhere(address: str) -> None:
    paper = {**_paper("A paper"), "url": address, "pdf_url": address, "links": [{"kind": "code", "url": address}]}
    _, text, html, _ = _message({"papers": [paper]})
    seen = _Seen(html)
    ours = ("https://papers.example.org/", "https://example.org/%", "https://example.org/'")
    assert all(link.startswith(ours) for link in seen.links)
    assert not any(letter in link for link in seen.links for letter in '<>" \r\n')
    assert not any(name.startswith("on") for name in seen.attributes)
    assert "javascript:" not in text.lower()


def test_a_hostile_name_stays_within_its_field() -> None:
    name = 'Ada", Bcc: <eve@example.net> =?utf-8?q?=0A?= (comment)'
    _, _, _, content = _message({"papers": [_paper("A paper")]}, name)
    (to,) = email.message_from_bytes(content, policy=email.policy.default)["To"].addresses
    assert to.addr_spec == "ada@example.org"


def test_a_host_of_lookalike_letters_shows_that_it_is_not_the_one_it_looks_like() -> None:
    lookalike = "https://\u0430rxiv.example.org/abs/1"  # CYRILLIC SMALL LETTER A
    _, text, html, _ = _message({"papers": [{**_paper("A paper"), "url": lookalike}]})
    assert "[1] https://xn--rxiv-43d.example.org/abs/1" in text
    assert 'href="https://xn--rxiv-43d.example.org/abs/1"' in html
    assert lookalike not in text + html


def test_an_author_of_lookalike_letters_is_not_taken_for_the_one_who_is_followed() -> None:
    paper = {**_paper("A paper"), "authors": ["Ad\u0430 Lovelace", "Ada Lovelace"], "followed": ["Ada Lovelace"]}
    _, text, html, _ = _message({"papers": [paper]})
    assert "Ad\u0430 Lovelace, *Ada Lovelace*" in text
    assert "Ad\u0430 Lovelace, <strong>Ada Lovelace</strong>" in html
