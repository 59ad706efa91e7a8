"""The site that everyone sees."""

import datetime as dt
import re

import feedparser
import pytest
from django.test import Client
from django.utils import timezone

from digest.models import Paper, Upvote
from digest.ranking import Configuration
from subscriptions.models import Subscriber
from tests.web import cast
from tests.web.cast import FRIDAY

pytestmark = pytest.mark.django_db


def _paper(title: str, *, hours_ago: float = 1, **more: object) -> Paper:
    return cast.paper(title, announced_at=timezone.now() - dt.timedelta(hours=hours_ago), **more)


def _page(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, path
    return answer.content.decode()


def _titles(page: str) -> list[str]:
    return re.findall(r'class="title" id="paper-\d+"><a href="[^"]+">([^<]+)<', page)


def test_the_first_page_shows_the_papers_of_the_week_by_what_trends(client: Client) -> None:
    _paper("Quiet", upvotes=1)
    _paper("Loud", hours_ago=100, upvotes=90)
    _paper("Old", hours_ago=24 * 8, upvotes=99)
    assert _titles(_page(client, "/")) == ["Loud", "Quiet"]
    assert _titles(_page(client, "/?order=newest")) == ["Quiet", "Loud"]


def test_after_a_silence_the_latest_papers_are_shown_and_called_so(client: Client) -> None:
    _paper("Older", hours_ago=24 * 40)
    _paper("Last", hours_ago=24 * 30)
    page = _page(client, "/")
    assert "The latest papers" in page
    assert _titles(page) == ["Last"]


def test_an_empty_site_says_so(client: Client) -> None:
    assert "No papers have arrived yet" in _page(client, "/")
    assert "No topics have been loaded yet" in _page(client, "/topics/")
    assert "No papers were announced on this day" in _page(client, "/papers/2026-03-13")
    assert "has not begun" in _page(client, "/papers/2190-01")


@pytest.mark.parametrize(
    ("slug", "titles"),
    [
        ("2026-03-13", ["Koopman &lt;learning&gt; &amp; chaotic flows", "Soft robots"]),
        ("2026-03-12", []),
        ("2026-W11", ["Koopman &lt;learning&gt; &amp; chaotic flows", "Older robots", "Soft robots"]),
        ("2026-03", ["Koopman &lt;learning&gt; &amp; chaotic flows", "Older robots", "Soft robots"]),
        ("2026-02", ["Quiet koopman learning"]),
    ],
)
def test_days_weeks_and_months_have_pages(client: Client, slug: str, titles: list[str]) -> None:
    cast.site()
    assert _titles(_page(client, f"/papers/{slug}")) == titles


def test_a_past_day_leads_to_the_nearest_days_with_papers(client: Client) -> None:
    cast.site()
    page = _page(client, "/papers/2026-03-12")
    assert re.search(r'href="/papers/2026-03-10" rel="prev"', page)
    assert re.search(r'href="/papers/2026-03-13" rel="next"', page)
    first = _page(client, "/papers/2026-02-11")
    assert not re.search(r'rel="prev">‹ \w+day', first)


def test_the_calendar_knows_which_days_have_papers(client: Client) -> None:
    cast.site()
    page = _page(client, "/papers/2026-03-13")
    days = dict(re.findall(r'href="/papers/(2026-03-\d\d)" aria-label="[^"]*?, (\d+) papers?"', page))
    assert days == {"2026-03-10": "1", "2026-03-13": "2"}
    assert 'href="/papers/2026-W11" aria-label="Week 11, 9 to 15 March 2026"' in page


@pytest.mark.parametrize("path", ["/papers/2026-02-30", "/papers/2026-W54", "/papers/2026-13", "/papers/tomorrow"])
def test_what_is_not_in_the_calendar_is_not_found(client: Client, path: str) -> None:
    _page(client, path, 404)


def test_a_slash_after_a_day_is_taken_off(client: Client) -> None:
    answer = client.get("/papers/2026-03-13/")
    assert (answer.status_code, answer.headers["Location"]) == (301, "/papers/2026-03-13")


def test_lists_are_filtered_by_topic_and_ordered_by_upvotes(client: Client) -> None:
    cast.site()
    assert _titles(_page(client, "/papers/2026-W11?topic=robotics&order=upvoted")) == [
        "Older robots",
        "Koopman &lt;learning&gt; &amp; chaotic flows",
        "Soft robots",
    ]
    page = _page(client, "/papers/2026-03-10?topic=koopman")
    assert "No papers in Koopman operators on this day" in page


@pytest.mark.parametrize("query", ["topic=astrology", "topic=%00", "page=0", "page=2", "page=x", "page=99999999"])
def test_what_a_query_names_must_exist(client: Client, query: str) -> None:
    cast.site()
    _page(client, f"/papers/2026-03-13?{query}", 404)


def test_a_large_day_has_pages(client: Client) -> None:
    for number in range(61):
        cast.paper(f"Paper {number}", announced_at=FRIDAY + number * dt.timedelta(minutes=1))
    first = _page(client, "/papers/2026-03-13?order=newest")
    assert "1 to 30 of 61 papers" in first
    assert 'href="/papers/2026-03-13?order=newest&amp;page=2" rel="next"' in first
    assert _titles(_page(client, "/papers/2026-03-13?order=newest&page=3")) == ["Paper 0"]


def test_an_editors_pick_is_shown_with_its_note_and_rises(client: Client) -> None:
    picked = _paper("Picked")
    _paper("Liked", upvotes=20)
    cast.pick(picked, "Short & sound.")
    page = _page(client, "/")
    assert _titles(page) == ["Picked", "Liked"]
    assert "Picked by <strong>Mira Koch</strong>: Short &amp; sound." in page


def test_a_vote_of_a_new_account_counts_for_less_in_the_order_and_for_one_in_the_number(client: Client) -> None:
    doubted, trusted = _paper("Doubted"), _paper("Trusted")
    for number, (paper, weight) in enumerate([(doubted, 0.1), (doubted, 0.1), (trusted, 1.0)]):
        reader = Subscriber.objects.create(
            address=f"reader{number}@example.org", mailbox_hash=bytes([number]) * 32, time_zone="Europe/Paris"
        )
        Upvote.objects.create(paper=paper, subscriber=reader, weight=weight)
    page = _page(client, "/?order=upvoted")
    assert _titles(page) == ["Trusted", "Doubted"] == _titles(_page(client, "/"))
    assert re.findall(r"<span>(\d) upvotes?</span>", page) == ["1", "2"]


def test_the_formula_is_shown_with_the_numbers_in_force(client: Client) -> None:
    page = _page(client, "/trending/")
    assert f"{Configuration().trending_ceiling:g}" in page
    assert "an editor’s pick" in page


def test_a_paper_has_its_page_and_a_merged_one_leads_there(client: Client) -> None:
    paper = cast.paper("Koopman <operators>", authors=["Ada Lovelace"])
    merged = cast.paper("Koopman operators", merged_into=paper)
    assert "Koopman &lt;operators&gt;" in _page(client, f"/papers/{paper.pk}/")
    answer = client.get(f"/papers/{merged.pk}/")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/papers/{paper.pk}/")
    answer = client.get(f"/papers/{merged.pk}/citation.bib")
    assert (answer.status_code, answer.headers["Location"]) == (301, f"/papers/{paper.pk}/citation.bib")
    _page(client, "/papers/0/", 404)
    _page(client, "/papers/99999999999999999999999/", 404)


def test_a_papers_page_shows_its_source_versions_places_and_relations(client: Client) -> None:
    whole = cast.site()
    page = _page(client, f"/papers/{whole.pk}/")
    assert "We learn λ₁ of a flow." in page
    assert r"We learn $\lambda_1$ of a flow." in page
    assert "<del>map.</del> <ins>flow.</ins>" in page
    assert 'Announced <a href="/papers/2026-03-13">13 March 2026</a>' in page
    assert _titles(page) == ["Quiet koopman learning"]
    assert "100 stars on its code" in page


def test_a_papers_page_names_itself_to_reference_managers_and_previews(client: Client) -> None:
    whole = cast.site()
    page = _page(client, f"/papers/{whole.pk}/")
    address = f"https://papers.example.org/papers/{whole.pk}/"
    assert f'<link rel="canonical" href="{address}">' in page
    assert f'<meta property="og:url" content="{address}">' in page
    assert "og:image" not in page
    assert '<meta name="citation_title" content="Koopman &lt;learning&gt; &amp; chaotic flows">' in page
    assert page.count('name="citation_author"') == 4
    assert '<meta name="citation_arxiv_id" content="2603.01234">' in page


def test_a_withdrawn_paper_says_so_and_stands_in_no_list(client: Client) -> None:
    paper = _paper("Flawed", withdrawn_at=timezone.now())
    assert "Withdrawn." in _page(client, f"/papers/{paper.pk}/")
    assert _titles(_page(client, "/")) == []


@pytest.mark.parametrize(
    ("form", "media_type", "start"),
    [("bib", "application/x-bibtex", b"@misc{lovelace2026koopman,"), ("ris", "application/x-research-info-systems", b"TY  - ")],
)
def test_citations_come_as_files(client: Client, form: str, media_type: str, start: bytes) -> None:
    whole = cast.site()
    answer = client.get(f"/papers/{whole.pk}/citation.{form}")
    assert answer.headers["Content-Type"].startswith(media_type)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="lovelace2026koopman.{form}"'
    assert answer.content.startswith(start)


@pytest.mark.parametrize("given", ["2603.01234", "2603.01234v2", "arXiv:2603.01234", "2603.01234/"])
def test_an_arxiv_identifier_leads_to_its_paper(client: Client, given: str) -> None:
    whole = cast.site()
    answer = client.get(f"/arxiv/{given}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/papers/{whole.pk}/")


def test_an_old_arxiv_identifier_does_too_even_of_a_merged_paper(client: Client) -> None:
    paper = cast.paper("Old")
    cast.on_arxiv(cast.paper("Older", merged_into=paper), "math/0309136")
    assert client.get("/arxiv/math.GT/0309136v1").headers["Location"] == f"/papers/{paper.pk}/"
    _page(client, "/arxiv/2603.99999", 404)
    _page(client, "/arxiv/nonsense", 404)


def test_topics_stand_under_their_fields_with_the_counts_of_the_week(client: Client) -> None:
    robots = cast.topic("robotics", "Robotics", "Engineering")
    cast.topic()
    cast.paper("New", robots, announced_at=timezone.now())
    page = _page(client, "/topics/")
    assert page.index("Engineering") < page.index("Mathematics")
    assert re.search(r'href="/topics/robotics/">Robotics</a> <span class="count">1<', page)
    assert re.search(r'href="/topics/koopman/">Koopman operators</a> <span class="count">–<', page)


def test_a_topic_shows_its_latest_week_and_how_to_get_it(client: Client) -> None:
    cast.site()
    page = _page(client, "/topics/robotics/")
    assert "Its latest week with papers" in page
    assert _titles(page) == ["Koopman &lt;learning&gt; &amp; chaotic flows", "Older robots", "Soft robots"]
    assert '<input type="hidden" name="topics" value="robotics">' in page
    assert 'href="/subscribe/?topic=robotics"' in page
    assert 'type="application/atom+xml" title="Robotics" href="/topics/robotics/papers.atom"' in page
    cast.topic("empty", "Empty")
    assert "No paper has matched this topic yet" in _page(client, "/topics/empty/")
    _page(client, "/topics/astrology/", 404)


@pytest.mark.parametrize("path", ["/trending.atom", "/topics/robotics/papers.atom"])
def test_feeds_are_valid_and_escape_what_sources_said(client: Client, path: str) -> None:
    robots = cast.topic("robotics", "Robotics & <control>")
    cast.paper("New <b>", robots, announced_at=timezone.now(), authors=["Ada & Co"], url="https://a.example.org/?x=1&y=2")
    answer = client.get(path)
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    feed = feedparser.parse(answer.content)
    assert not feed.bozo
    assert feed.version == "atom10"
    assert feed.feed.id == feed.feed.links[0].href == f"https://papers.example.org{path}"
    assert feed.feed.updated
    [entry] = feed.entries
    assert entry.title == "New <b>"
    assert entry.author == "Ada & Co"
    assert entry.id == entry.link == f"https://papers.example.org/papers/{Paper.objects.get().pk}/"
    assert (entry.published_parsed, entry.updated_parsed) != (None, None)


def test_an_empty_feed_is_valid_too(client: Client) -> None:
    feed = feedparser.parse(client.get("/trending.atom").content)
    assert not feed.bozo
    assert feed.feed.updated
    assert feed.entries == []


def test_readers_of_the_site_get_no_cookie_and_load_nothing_from_elsewhere(client: Client) -> None:
    whole = cast.site()
    paths = ["/", f"/papers/{whole.pk}/", "/papers/2026-03", "/topics/", "/topics/robotics/", "/trending/", "/api/"]
    for path in [*paths, "/subscribe/", "/preferences/", "/no-such-page/"]:
        answer = client.get(path)
        assert not answer.cookies
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert b"style=" not in answer.content
        assert b"onclick" not in answer.content
