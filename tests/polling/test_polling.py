"""A source asked over HTTP, and what is kept of it."""

import datetime as dt
import itertools
from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digest import polling, tasks
from digest.environment import BASE
from digest.models import Paper, Poll, Source, SourceDay
from digest.polling import reading
from digest.polling.round import fill_missing
from digest.sources.fetch import Client, Limits
from digest.sources.politeness import Busy
from digest.sources.pool import Pool
from subscriptions import jobs

pytestmark = pytest.mark.django_db
FEEDS = BASE / "tests" / "data" / "feeds"
FRIDAY = dt.datetime(2026, 3, 13, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    pool = Pool()
    yield pool
    pool.close()


@pytest.fixture
def tools(httpserver: HTTPServer, pool: Pool) -> polling.Tools:
    client = Client(
        "papers.example.org",
        resolver=lambda host, port: ["93.184.216.34"],
        dial=lambda address, port: ("127.0.0.1", httpserver.port),
        limits=Limits(seconds=5.0),
    )
    return polling.Tools(client, pool, clock=lambda: 0.0)


@pytest.fixture
def arxiv() -> Source:
    return Source.objects.create(slug="arxiv-cs", name="arXiv: cs", format="arxiv", url="http://rss.example.org/rss/cs.LG")


def _serve(httpserver: HTTPServer, name: str, path: str = "/rss/cs.LG", status: int = 200, **headers: str) -> None:
    httpserver.clear()
    body = (FEEDS / name).read_bytes() if name else b""
    httpserver.expect_request(path).respond_with_data(body, status=status, headers=headers)


def test_a_poll_stores_what_is_new_and_says_so(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "arxiv/weekday.rss", ETag='"friday"')
    polled = polling.poll(arxiv, FRIDAY, tools)
    assert (polled.status, polled.entries, polled.new, polled.known, polled.error) == (200, 4, 4, 0, "")
    arxiv.refresh_from_db()
    assert (arxiv.etag, arxiv.feed_title, arxiv.skip_days) == ('"friday"', "cs.LG updates on arXiv.org", [5, 6])
    assert arxiv.last_success_at == FRIDAY
    assert arxiv.next_poll_at == FRIDAY + dt.timedelta(hours=4.5)
    kept = Poll.objects.get()
    assert (kept.status, kept.entries_new, kept.size) == (200, 4, polled.size)
    assert polling.poll(arxiv, FRIDAY + DAY, tools).known == 4
    assert httpserver.log[-1][0].headers["If-None-Match"] == '"friday"'


def test_nothing_new_is_success(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "", status=304)
    polled = polling.poll(arxiv, FRIDAY, tools)
    assert (polled.status, polled.error) == (304, "")
    arxiv.refresh_from_db()
    assert arxiv.last_success_at == FRIDAY


def test_a_weekends_empty_feed_is_success(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "arxiv/weekend.rss")
    polled = polling.poll(arxiv, FRIDAY + DAY, tools)
    assert (polled.entries, polled.error) == (0, "")
    assert SourceDay.objects.get().entries == 0


def test_a_failing_source_backs_off_and_comes_back(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "", status=503)
    for _ in range(3):
        assert polling.poll(arxiv, FRIDAY, tools).error == "it answered 503"
    arxiv.refresh_from_db()
    assert arxiv.failures == 3
    assert dt.timedelta(minutes=15) < arxiv.next_poll_at - FRIDAY <= dt.timedelta(minutes=20)  # type: ignore[operator]
    assert arxiv.last_success_at is None
    _serve(httpserver, "arxiv/weekday.rss")
    polled = polling.poll(arxiv, FRIDAY, tools)
    assert polled.notes == ["it answers again after 3 failed polls"]
    arxiv.refresh_from_db()
    assert arxiv.failures == 0


def test_too_many_requests_waits_as_long_as_asked(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "", status=429, **{"Retry-After": "7200"})
    assert polling.poll(arxiv, FRIDAY, tools).error == "it answered 429; it asks to come back in 2:00:00"
    arxiv.refresh_from_db()
    assert arxiv.next_poll_at == FRIDAY + dt.timedelta(hours=2)


@pytest.mark.parametrize("status", [301, 308])
def test_a_permanent_redirect_is_adopted(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer, status: int) -> None:
    httpserver.expect_request("/rss/cs.LG").respond_with_response(Response(status=status, headers={"Location": "/new"}))
    httpserver.expect_request("/new").respond_with_data((FEEDS / "arxiv" / "weekday.rss").read_bytes())
    polled = polling.poll(arxiv, FRIDAY, tools)
    assert polled.notes == [
        "it moved for good from http://rss.example.org/rss/cs.LG to http://rss.example.org/new; the new address is adopted"
    ]
    arxiv.refresh_from_db()
    assert arxiv.url == "http://rss.example.org/new"


def test_a_passing_redirect_is_followed_and_not_adopted(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/rss/cs.LG").respond_with_response(Response(status=302, headers={"Location": "/new"}))
    httpserver.expect_request("/new").respond_with_data((FEEDS / "arxiv" / "weekday.rss").read_bytes())
    assert polling.poll(arxiv, FRIDAY, tools).new == 4
    arxiv.refresh_from_db()
    assert arxiv.url == "http://rss.example.org/rss/cs.LG"


def test_gone_stops_the_source_and_says_why(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "", status=410)
    assert polling.poll(arxiv, FRIDAY, tools).error == "410: the source is gone for good"
    arxiv.refresh_from_db()
    assert (arxiv.active, arxiv.stopped_because) == (False, "410 on 2026-03-13: gone for good")
    assert not Source.objects.due(FRIDAY + 30 * DAY).exists()


def test_a_broken_feed_stores_nothing_and_is_asked_again_whole(
    arxiv: Source, tools: polling.Tools, httpserver: HTTPServer
) -> None:
    body = (FEEDS / "arxiv" / "weekday.rss").read_bytes()
    httpserver.expect_request("/rss/cs.LG").respond_with_data(body[: len(body) // 2], headers={"ETag": '"broken"'})
    assert polling.poll(arxiv, FRIDAY, tools).error.startswith("it is not well-formed XML")
    arxiv.refresh_from_db()
    assert (Paper.objects.count(), arxiv.etag, arxiv.failures) == (0, "", 1)


def test_a_feed_that_breaks_off_gives_what_it_has_says_so_and_is_asked_again_whole(
    tools: polling.Tools, httpserver: HTTPServer
) -> None:
    journal = Source.objects.create(slug="journal", name="A journal", format="syndication", url="http://rss.example.org/j")
    body = (FEEDS / "syndication" / "atom.xml").read_bytes()
    httpserver.expect_request("/j").respond_with_data(body[:-40], headers={"ETag": '"half"'})
    polled = polling.poll(journal, FRIDAY, tools)
    assert (polled.new, polled.error) == (1, "")
    assert Poll.objects.get().notes == ["it breaks off before its end; one entry could be read"]
    journal.refresh_from_db()
    assert journal.etag == ""


def test_a_source_that_renames_itself_is_noticed(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    Source.objects.update(feed_title="A casino")
    _serve(httpserver, "arxiv/weekday.rss")
    assert polling.poll(arxiv, FRIDAY, tools).notes == [
        "it calls itself 'cs.LG updates on arXiv.org' now; before it was 'A casino'"
    ]


def test_entries_that_are_refused_are_kept_with_their_reasons(tools: polling.Tools, httpserver: HTTPServer) -> None:
    source = Source.objects.create(slug="hf", name="HF", format="huggingface", url="http://hf.example.org/api/daily_papers")
    httpserver.expect_request("/api/daily_papers").respond_with_data((FEEDS / "huggingface" / "day.json").read_bytes())
    polled = polling.poll(source, FRIDAY, tools)
    assert (polled.entries, polled.new, len(polled.refused)) == (6, 3, 3)
    assert Poll.objects.get().entries_refused == [{"title": "", "why": "it has no title"}] * 3
    paper = Paper.objects.get(title="Sparse routing")
    assert (paper.upvotes, paper.stars, paper.organisation) == (42, 7, "Example Lab")
    assert paper.appearances.get().submitter == "Grace Hopper"
    assert Paper.objects.get(title="Taken back").withdrawn_at == FRIDAY


def test_a_busy_host_leaves_the_source_due(arxiv: Source, pool: Pool) -> None:
    def turn(host: str) -> Iterator[None]:
        raise Busy(f"{host} was not free")

    tools = polling.Tools(Client("papers.example.org", turn=turn), pool)  # type: ignore[arg-type]
    assert polling.poll_due(FRIDAY, tools, limit=5).polled == 0
    assert Poll.objects.count() == 0
    assert Source.objects.due(FRIDAY + dt.timedelta(minutes=1)).get() == arxiv


def test_each_due_source_is_polled_once_in_a_round(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    Source.objects.create(slug="later", name="Later", format="arxiv", url="http://b.example.org/", next_poll_at=FRIDAY + DAY)
    Source.objects.create(slug="files", name="Files", format="page")
    _serve(httpserver, "arxiv/weekday.rss")
    done = polling.poll_due(FRIDAY, tools, limit=10)
    assert (done.polled, done.failed, done.new) == (1, 0, 4)
    assert polling.poll_due(FRIDAY, tools, limit=10).polled == 0


@pytest.fixture
def archive(httpserver: HTTPServer) -> HTTPServer:
    """arXiv's OAI-PMH interface with one list of two pages."""

    def answer(request: Request) -> Response:
        second = request.args.get("resumptionToken") == "token|1001"
        return Response((FEEDS / "arxiv-oai" / ("last.xml" if second else "first.xml")).read_bytes())

    httpserver.expect_request("/oai").respond_with_handler(answer)
    return httpserver


@pytest.fixture
def _plain_archive(monkeypatch: pytest.MonkeyPatch) -> None:
    """The archive without TLS, which the test's server does not speak."""
    monkeypatch.setattr("digest.sources.arxiv_oai.ENDPOINT", "http://oaipmh.example.org/oai")


@pytest.mark.usefixtures("_plain_archive")
def test_a_missed_day_is_missing_until_the_archive_fills_it(arxiv: Source, tools: polling.Tools, archive: HTTPServer) -> None:
    SourceDay.objects.create(source=arxiv, day=dt.date(2026, 3, 11), entries=9, filled_at=FRIDAY, filled_by="poll")
    assert polling.mark_missing(FRIDAY) == 1
    assert polling.missing(arxiv) == [dt.date(2026, 3, 12)]
    assert polling.mark_missing(FRIDAY) == 0
    assert fill_missing(FRIDAY, tools) == 1
    assert polling.missing(arxiv) == []
    filled = SourceDay.objects.get(day=dt.date(2026, 3, 12))
    assert (filled.filled_by, filled.entries) == ("backfill", 3)
    assert set(Paper.objects.values_list("title", flat=True)) == {"A paper of Thursday", "A paper revised"}
    assert archive.log[0][0].args["set"] == "cs:cs:LG"


def test_weekends_are_never_missing(arxiv: Source) -> None:
    SourceDay.objects.create(source=arxiv, day=dt.date(2026, 3, 13), entries=9, filled_at=FRIDAY, filled_by="poll")
    assert polling.mark_missing(dt.datetime(2026, 3, 16, 12, tzinfo=dt.UTC)) == 0
    assert polling.mark_missing(dt.datetime(2026, 3, 17, 12, tzinfo=dt.UTC)) == 1


@pytest.mark.usefixtures("_plain_archive")
def test_a_backfill_that_breaks_keeps_what_it_had(arxiv: Source, tools: polling.Tools, httpserver: HTTPServer) -> None:
    def answer(request: Request) -> Response:
        if "resumptionToken" in request.args:
            return Response(status=503, headers={"Retry-After": "60"})
        return Response((FEEDS / "arxiv-oai" / "first.xml").read_bytes())

    httpserver.expect_request("/oai").respond_with_handler(answer)
    done = polling.backfill(arxiv, dt.date(2026, 3, 12), dt.date(2026, 3, 12), FRIDAY, tools)
    assert "answered 503; it asks to come back in 0:01:00" in done.error
    assert (done.pages, done.new, done.days_filled) == (1, 1, 0)
    assert done.refused == [{"title": "2603.00001", "why": "it was taken back, and was never known here"}]
    assert Paper.objects.count() == 1


def test_hugging_face_is_backfilled_day_by_day(tools: polling.Tools, httpserver: HTTPServer) -> None:
    source = Source.objects.create(slug="hf", name="HF", format="huggingface", url="http://hf.example.org/api/daily_papers")
    for day, name in (("2026-03-12", "empty.json"), ("2026-03-13", "day.json")):
        body = (FEEDS / "huggingface" / name).read_bytes()
        httpserver.expect_request("/api/daily_papers", query_string={"date": day}).respond_with_data(body)
    done = polling.backfill(source, dt.date(2026, 3, 12), dt.date(2026, 3, 13), FRIDAY, tools)
    assert (done.pages, done.new, done.error) == (2, 3, "")


def test_a_journal_has_no_archive(tools: polling.Tools) -> None:
    source = Source.objects.create(slug="j", name="A journal", format="syndication", url="http://j.example.org/")
    with pytest.raises(polling.NoArchive, match="A journal has no archive that can be read"):
        polling.backfill(source, FRIDAY.date(), FRIDAY.date(), FRIDAY, tools)


def test_a_dry_run_says_what_would_be_stored_and_stores_nothing(tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "arxiv/weekday.rss")
    tried = polling.dry_run("arxiv", "http://rss.example.org/rss/cs.LG", FRIDAY, tools)
    assert tried.error == ""
    assert tried.new > 0
    assert tried.new + tried.known + len(tried.refused) == tried.entries
    assert len(tried.titles) == min(tried.new, 20)
    assert (Paper.objects.count(), Source.objects.count(), Poll.objects.count()) == (0, 0, 0)


def test_a_dry_run_of_what_is_no_feed_says_why(tools: polling.Tools, httpserver: HTTPServer) -> None:
    _serve(httpserver, "", status=404)
    assert polling.dry_run("arxiv", "http://rss.example.org/rss/cs.LG", FRIDAY, tools).error == "it answered 404"
    httpserver.clear()
    httpserver.expect_request("/rss/cs.LG").respond_with_data("<p>Hello</p>", content_type="text/html")
    assert polling.dry_run("syndication", "http://rss.example.org/rss/cs.LG", FRIDAY, tools).error
    assert Source.objects.count() == 0


def test_reading_past_days_is_a_job_with_a_day_a_batch_that_says_what_it_did_and_can_be_ended(
    tools: polling.Tools, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling.Tools, "shared", lambda: tools)
    source = Source.objects.create(slug="hf", name="HF", format="huggingface", url="http://hf.example.org/api/daily_papers")
    for day, name in (("2026-03-12", "empty.json"), ("2026-03-13", "day.json")):
        body = (FEEDS / "huggingface" / name).read_bytes()
        httpserver.expect_request("/api/daily_papers", query_string={"date": day}).respond_with_data(body)
    operator = User.objects.create_user("operator")
    job = reading.begin(source, dt.date(2026, 3, 12), dt.date(2026, 3, 14), operator, FRIDAY, "")
    jobs.advance(
        itertools.chain([FRIDAY] * 3, itertools.repeat(FRIDAY + dt.timedelta(hours=1))).__next__, dt.timedelta(minutes=1)
    )
    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.cursor) == ("running", 1, 3, {"day": "2026-03-13"})
    jobs.advance(
        itertools.chain([FRIDAY] * 3, itertools.repeat(FRIDAY + dt.timedelta(hours=1))).__next__, dt.timedelta(minutes=1)
    )
    job.refresh_from_db()
    assert (job.done, job.result["counts"]["new papers"]) == (2, 3)
    assert jobs.cancel(job, operator, FRIDAY)
    jobs.advance(lambda: FRIDAY, dt.timedelta(minutes=1))
    job.refresh_from_db()
    assert (job.state, job.done, Paper.objects.count()) == ("cancelled", 2, 3)


def test_a_day_that_the_archive_does_not_answer_ends_the_job_in_words(
    tools: polling.Tools, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling.Tools, "shared", lambda: tools)
    source = Source.objects.create(slug="hf", name="HF", format="huggingface", url="http://hf.example.org/api/daily_papers")
    httpserver.expect_request("/api/daily_papers").respond_with_data(b"", status=503)
    job = reading.begin(source, FRIDAY.date(), FRIDAY.date(), User.objects.create_user("operator"), FRIDAY, "")
    jobs.advance(lambda: FRIDAY, dt.timedelta(minutes=1))
    job.refresh_from_db()
    assert job.state == "failed"
    assert "answered 503. What was read before stays; start again from that day." in job.error


def test_an_operators_poll_happens_at_once_whether_due_or_not(
    arxiv: Source, tools: polling.Tools, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling.Tools, "shared", lambda: tools)
    monkeypatch.setattr(tasks.read_for_search, "delay", lambda: None)
    Source.objects.filter(pk=arxiv.pk).update(next_poll_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    _serve(httpserver, "arxiv/weekday.rss")
    done = tasks.poll_source(arxiv.pk)
    assert done["error"] == ""
    assert done["new"] == Paper.objects.count() > 0
    assert Poll.objects.get().entries_new == done["new"]
    Source.objects.filter(pk=arxiv.pk).update(active=False)
    assert tasks.poll_source(arxiv.pk) == {}
