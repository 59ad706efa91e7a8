"""Invented announcements with the sentences of the shipped page, a little TeX, and numbers of their own."""

import datetime as dt
import json
import random
from xml.sax.saxutils import escape

from digest.environment import BASE
from digest.sources import page

DAY = dt.date(2026, 3, 13)
_TEX = (r"$\mathcal{O}(n^{2/3})$", r"\emph{in-context}", r"$x_{i+1} \leq \alpha$", 'Schr\\"odinger', "5--10\\%", "&", "<", "")
_NAMES = (
    "Ada Lovelace",
    "Alan M. Turing",
    "Grace Hopper",
    "Emmy Noether",
    "Sofia Kovalevskaya",
    "Paul Erd\\H{o}s",
    "S. Ramanujan",
)
_CATEGORIES = ("cs.LG", "stat.ML", "math.DS", "cs.RO", "cs.CL", "quant-ph", "astro-ph.SR", "q-bio.NC")


class Announcements:
    """Feeds of papers that were never given before, the same ones on every run."""

    def __init__(self) -> None:
        shipped = page.parse((BASE / "seeds" / "daily-papers-03-13.txt").read_bytes(), today=DAY)
        self._papers = [(entry.title, entry.abstract.split(". ")) for entry in shipped]
        self._random = random.Random(7)
        self._number = 0

    def _paper(self) -> dict[str, str]:
        self._number += 1
        month, number = divmod(self._number, 90_000)
        title, said = self._random.choice(self._papers)
        chosen = self._random.sample(said, min(7, len(said)))
        # Two of five abstracts on arXiv hold TeX or an entity.
        if self._random.random() < 0.4:
            chosen[1] += f" {self._random.choice(_TEX)}"
        return {
            "id": f"26{month + 1:02}.{number + 10_000:05}",
            "title": f"{title} ({self._number})",
            "abstract": ". ".join(chosen),
            "authors": ", ".join(self._random.sample(_NAMES, 4)),
            "category": self._random.choice(_CATEGORIES),
        }

    def arxiv(self, count: int) -> bytes:
        """A day of arXiv's announcements as RSS."""
        items = "".join(
            f"<item><title>{escape(it['title'])}</title><link>https://arxiv.org/abs/{it['id']}</link>"
            f"<description>arXiv:{it['id']}v1 Announce Type: new \nAbstract: {escape(it['abstract'])}</description>"
            f'<guid isPermaLink="false">oai:arXiv.org:{it["id"]}v1</guid><category>{it["category"]}</category>'
            "<pubDate>Fri, 13 Mar 2026 00:00:00 -0400</pubDate><arxiv:announce_type>new</arxiv:announce_type>"
            "<dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights>"
            f"<dc:creator>{escape(it['authors'])}</dc:creator></item>\n"
            for it in (self._paper() for _ in range(count))
        )
        return (
            "<?xml version='1.0' encoding='UTF-8'?>\n<rss xmlns:arxiv=\"http://arxiv.org/schemas/atom\""
            ' xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel><title>updates on arXiv.org</title>'
            "<link>http://rss.arxiv.org/rss/cs</link><pubDate>Fri, 13 Mar 2026 00:00:00 -0400</pubDate>"
            f"<skipDays><day>Saturday</day><day>Sunday</day></skipDays>{items}</channel></rss>"
        ).encode()

    def syndication(self, count: int) -> bytes:
        """A journal's RSS, which feedparser reads for us."""
        items = "".join(
            f"<item><title>{escape(it['title'])}</title><link>https://journal.example.org/{it['id']}</link>"
            f"<description>{escape('<p>' + escape(it['abstract']) + '</p>')}</description>"
            f"<dc:creator>{escape(it['authors'])}</dc:creator><pubDate>Fri, 13 Mar 2026 00:00:00 GMT</pubDate></item>\n"
            for it in (self._paper() for _ in range(count))
        )
        return (
            '<?xml version="1.0"?><rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
            f"<title>A journal</title><link>https://journal.example.org/</link>{items}</channel></rss>"
        ).encode()

    def huggingface(self, count: int) -> bytes:
        """A day of Daily Papers."""
        listed = [
            {
                "paper": {
                    "id": it["id"],
                    "title": it["title"],
                    "summary": it["abstract"],
                    "authors": [{"name": name, "hidden": False} for name in it["authors"].split(", ")],
                    "publishedAt": "2026-03-12T00:00:00.000Z",
                    "upvotes": self._random.randrange(200),
                    "ai_keywords": ["flow matching", "world model"],
                }
            }
            for it in (self._paper() for _ in range(count))
        ]
        return json.dumps(listed).encode()
