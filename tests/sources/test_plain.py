"""Ordinary feeds are read by us, and come out as feedparser would have read them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from digest.environment import BASE
from digest.sources import plain, syndication
from digest.sources.entries import Feed, ParseError

FEEDS = BASE / "tests" / "data" / "feeds" / "syndication"
_NAMES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
    ' xmlns:prism="http://prismstandard.org/namespaces/1.2/basic/"'
)
_IN_ITEMS = (
    "<title>Bounds &amp;amp; $n &lt; m$</title>", "<title> a  title </title>", "<title>Ã©tude, Müller – 語</title>", "<title/>",
    '<title type="html">&lt;b&gt;x&lt;/b&gt;</title>', "<link>https://journal.example.org/?a=1&amp;b=2</link>",
    "<link>/relative</link>", "<link>http:///slashes.example.org/</link>", "<link>https://e.example.org/?a&amp;lt;b</link>",
    "<guid>https://journal.example.org/1</guid>", '<guid isPermaLink="false">doi:10.1234/abc.5</guid>',
    '<guid isPermaLink="TRUE">x</guid>', "<guid/>", "<description>&lt;p&gt;Short\x85 one.&lt;/p&gt;</description>",
    "<description>Code at https://github.com/a/b, and some words more than the others have.</description>",
    "<description>with <b>markup</b></description>",
    "<content:encoded><![CDATA[<p>we do & more > less</p>]]></content:encoded>",
    "<dc:creator>Lovelace, A., Turing, A. M. (X, Y)</dc:creator>", "<dc:creator>Grace Hopper</dc:creator>", "<dc:creator/>",
    "<author>ada@example.org (Ada Lovelace)</author>", "<author>Ada Lovelace</author>",
    "<pubDate>Fri, 13 Mar 2026 00:00:00 GMT</pubDate>", "<pubDate>Fri, 13 Mar 2026 07:00:00 -0430</pubDate>",
    "<pubDate>13 Mar 2026 07:00 +0100</pubDate>", "<pubDate>Tue, 31 Feb 2026 00:00:00 GMT</pubDate>", "<pubDate>soon</pubDate>",
    "<dc:date>2026-03-12</dc:date>", "<dc:date>2026-03-12T10:00:00.5+01:00</dc:date>", "<dc:date>2026-13-12T1:00:00Z</dc:date>",
    "<category>ML</category>", '<category domain="x">stat.ML</category>', "<category/>", "<dc:subject> a b </dc:subject>",
    "<dc:identifier>doi:10.1101/x.y</dc:identifier>", "<prism:doi>10.1111/z.1</prism:doi>", "<prism:volume>3</prism:volume>",
    '<enclosure url="https://journal.example.org/1.pdf" type="application/pdf" length="3"/>', "<!-- nothing -->",
    '<source url="https://other.example.org/">other</source>', "<dc:title>Another</dc:title>", "<dc:rights>ours</dc:rights>",
)  # fmt: skip
_IN_ENTRIES = (
    "<title>T &amp;lt; U</title>", '<title type="html">&lt;i&gt;x&lt;/i&gt;</title>',
    '<title type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">x</div></title>', "<id>tag:example.org,2026:1</id>",
    "<id>https://doi.org/10.1234/q.7</id>", '<link href="https://journal.example.org/1"/>', '<link href="/relative"/>',
    '<link rel="alternate" type="text/html" href="https://journal.example.org/2"/>',
    '<link rel="related" type="application/pdf" href="https://journal.example.org/2.pdf"/>',
    '<link rel="self" href="https://journal.example.org/s"/>', "<summary>a summary</summary>",
    '<summary type="html">&lt;p&gt;a summary that is longer&lt;/p&gt;</summary>', "<content>content</content>",
    '<content type="html">&lt;p&gt;the longest content of them all&lt;/p&gt;</content>', '<content src="x"/>',
    "<author><name>Ada Lovelace</name></author>", "<author><email>a@example.org</email></author>", "<author>Plain</author>",
    "<author><name>Alan Turing</name><email>a@example.org</email></author>", '<category term="cs.LG" scheme="x"/>',
    '<category term="b"/>', "<category/>", "<published>2026-03-12T10:00:00Z</published>", "<updated>2026-03-13</updated>",
    "<updated>2026-03-13T10:00:00+02:00</updated>", "<rights>ours</rights>", "<contributor><name>C</name></contributor>",
)  # fmt: skip
_IN_CHANNELS = (
    "<title>A journal</title>", "<title>Another</title>", "<language>en</language>", "<link>https://journal.example.org/</link>",
    "<image><title>A picture</title><url>https://journal.example.org/i.png</url></image>", "<dc:title>A third</dc:title>",
    "<skipDays><day>Sunday</day></skipDays>",
)  # fmt: skip


def _some(parts: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(parts), max_size=7).map("".join)


@st.composite
def _feeds(draw: st.DrawFn) -> bytes:
    head = draw(_some(_IN_CHANNELS))
    kind = draw(st.sampled_from(["rss", "rdf", "atom"]))
    inside = [draw(_some(_IN_ENTRIES if kind == "atom" else _IN_ITEMS)) for _ in range(draw(st.integers(0, 3)))]
    if kind == "atom":
        entries = "".join(f"<entry>{each}</entry>" for each in inside)
        return f'<feed xmlns="http://www.w3.org/2005/Atom"><title>A journal</title>{entries}</feed>'.encode()
    if kind == "rss":
        items = "".join(f"<item>{each}</item>" for each in inside)
        return f'<?xml version="1.0"?><rss version="2.0" {_NAMES}><channel>{head}{items}</channel></rss>'.encode()
    items = "".join(f'<item rdf:about="https://journal.example.org/{n}">{each}</item>' for n, each in enumerate(inside))
    names = f'xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {_NAMES}'
    return f'<?xml version="1.0" encoding="UTF-8"?><rdf:RDF {names}><channel>{head}</channel>{items}</rdf:RDF>'.encode()


def _by_feedparser(body: bytes) -> Feed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain, "read", lambda body: None)
        return syndication.read(body)


@settings(max_examples=400, deadline=None)
@given(_feeds())
def test_a_feed_is_the_same_whoever_reads_it(body: bytes) -> None:
    try:
        expected = _by_feedparser(body)
    except ParseError:
        assert plain.read(body) is None
    else:
        assert syndication.read(body) == expected


@pytest.mark.parametrize("name", ["atom.xml", "biorxiv.rdf", "empty.rss"])
def test_ordinary_feeds_need_no_feedparser(name: str) -> None:
    assert plain.read((FEEDS / name).read_bytes()) is not None


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("atom.xml", 'encoding="utf-8"', 'encoding="iso-8859-1"'),
        ("atom.xml", "<feed ", '<feed xml:base="https://journal.example.org/" '),
        ("atom.xml", "</feed>", ""),
        ("biorxiv.rdf", "http://purl.org/dc/elements/1.1/", "HTTP://purl.org/dc/elements/1.1/"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_feedparser(name: str, old: str, new: str) -> None:
    body = (FEEDS / name).read_text(encoding="utf-8").replace(old, new).encode()
    assert plain.read(body) is None
    assert syndication.read(body).entries == _by_feedparser(body).entries


@pytest.mark.parametrize(
    ("old", "new", "flaw", "whole"),
    [
        ("</entry></feed>", "", "it breaks off before its end; one entry could be read", False),
        ("A &lt;b", "A & b &lt;b", "it is not well-formed XML (not well-formed (invalid token) in line 2); one entry", True),
        ('"utf-8"', '"klingon"', "its encoding is not what it says: document declared as klingon", True),
    ],
)
def test_what_feedparser_puts_up_with_is_told(old: str, new: str, flaw: str, whole: bool) -> None:
    found = syndication.read((FEEDS / "atom.xml").read_text(encoding="utf-8").replace(old, new).encode())
    assert found.flaw.startswith(flaw)
    assert (found.whole, len(found.entries)) == (whole, 1)


def test_an_empty_feed_is_one_only_if_it_has_its_end() -> None:
    body = (FEEDS / "empty.rss").read_bytes()
    assert syndication.read(body).entries == ()
    with pytest.raises(ParseError, match="it breaks off before its end; 0 entries could be read"):
        syndication.read(body[: body.index(b"</channel>")])
