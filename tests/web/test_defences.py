"""Each defence of the site against what strangers send: without it, its test fails."""

import datetime as dt
import re
from collections.abc import Collection
from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.test import Client

from digest import issues, papers, search
from digest.environment import BASE
from digest.intake import take
from digest.messages import return_path
from digest.models import Bounce, Delivery, Paper, Source
from digest.sources.entries import Entry, Link
from subscriptions import account, consent, door, tokens
from subscriptions.models import Notice, Subscriber
from tests.bounces.reports import delivery_status
from tests.delivery.cast import waiting
from tests.issues.cast import MONDAY, digest_for, reader
from tests.web.vectors import ADDRESSES, INERT, VECTORS

pytestmark = pytest.mark.django_db
EVIL = "evil.example"
# The elements that our own pages are made of; any other comes from a stranger.
_OURS = {
    tag
    for path in (BASE / "templates" / "web").rglob("*.jinja")
    for tag in re.findall(r"<([a-z][a-z0-9-]*)", path.read_text(encoding="utf-8"))
}


class _Browser(HTMLParser):
    """Collects what a browser would run or load of a page, and elements and attributes that no template of ours has."""

    def __init__(self, elements: frozenset[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.live: list[str] = []
        self._elements = elements

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        loads = tag in {"script", "img", "iframe", "link"} and not _ours(given.get("src") or given.get("href") or "")
        runs = [
            name
            for name in given
            if name.startswith(("on", "x-", "@", "hx-")) or name in {"srcdoc", "srcset", "style", "xlink:href"}
        ]
        leads = [value for name, value in given.items() if name in _ADDRESSES and _SCRIPT.match(_squeezed(value))]
        sends = [value for name, value in given.items() if name in {"action", "formaction"} and not _ours(value)]
        steers = tag == "meta" and (
            given.get("http-equiv", "").lower() in {"refresh", "content-security-policy"}
            or given.get("name", "").lower() == "referrer"
            or given.get("charset", "utf-8").lower() != "utf-8"
        )
        strange = tag not in self._elements
        foreign = any("evil.example" in value for name, value in given.items() if name in _ADDRESSES)
        if strange or loads or runs or leads or sends or steers or foreign:
            self.live.append(self.get_starttag_text() or tag)


def _squeezed(address: str) -> str:
    """As browsers read it: without controls and white space in front, and without tabs and ends of lines anywhere."""
    return re.sub(r"[\t\r\n]", "", address).lstrip("".join(map(chr, range(33))))


_ADDRESSES = {"href", "src", "action", "formaction", "data", "poster", "values", "background", "ping"}
_SCRIPT = re.compile(r"\s*(?:javascript|vbscript|data:text)", re.IGNORECASE)


def _ours(address: str) -> bool:
    return address.startswith(("/", "https://papers.example.org/"))


@pytest.fixture
def hostile() -> list[Paper]:
    source = Source.objects.create(slug="hostile", name=VECTORS[0], format=Source.Format.SYNDICATION, feed_title=VECTORS[1])
    entries = [
        Entry(
            title=f"Paper {number} {vector}",
            abstract=f"It says {vector} about number {number}.",
            authors=(f"Ada {vector}",),
            doi=f"10.1234/hostile.{number}",
            links=(Link("code", ADDRESSES[number % len(ADDRESSES)]), Link("project", f"https://example.org/{number}?q=%22%3E")),
            url=f"https://example.org/abs/{number}",
            pdf_url=ADDRESSES[(number + 1) % len(ADDRESSES)],
            journal_reference=f"Journal of {vector}",
            categories=(vector[:40],),
            keywords=(vector,),
            submitter=vector,
            organisation=vector,
            announced_at=MONDAY - dt.timedelta(hours=number + 1),
        )
        for number, vector in enumerate(VECTORS)
    ]
    papers.store(entries, source, MONDAY)
    search.refresh_all()
    return list(Paper.objects.order_by("id"))


def live(page: str, elements: Collection[str] = _OURS) -> list[str]:
    """What a browser would run or load from a page, and what it holds besides `elements`."""
    browser = _Browser(frozenset(elements))
    browser.feed(page)
    return browser.live


def test_the_net_of_these_tests_catches_every_vector_that_is_markup() -> None:
    assert [each for each in VECTORS if not live(each)] == list(INERT)


def test_what_a_feed_says_is_text_on_every_page(client: Client, hostile: list[Paper]) -> None:
    paths = ["/", "/?order=newest", "/search/?q=paper", "/topics/", "/trending/", "/subscribe/"]
    paths += [f"/papers/{each.pk}/" for each in hostile]
    for path in paths:
        page = client.get(path).content.decode()
        assert live(page) == [], path
        assert "<style" not in page, path


def test_what_a_feed_says_is_text_in_the_admin(client: Client, hostile: list[Paper]) -> None:
    client.force_login(User.objects.create_superuser("owner"))
    paths = ["/admin/digest/paper/", "/admin/digest/source/", "/admin/digest/bounce/"]
    paths += [f"/admin/digest/paper/{each.pk}/change/" for each in hostile]
    for path in paths:
        page = client.get(path).content.decode()
        # Alpine's own attributes begin with @ and x-; what begins with "on" is nobody's.
        assert [each for each in live(page) if "alert(1)" in each or "evil" in each] == [], path


def test_what_a_feed_says_is_text_in_the_interface_and_its_type_is_json(client: Client, hostile: list[Paper]) -> None:
    answer = client.get("/api/v1/papers")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.json()["papers"]) == min(30, len(hostile))


@pytest.mark.parametrize("number", range(len(VECTORS)))
def test_what_a_report_says_is_text_in_the_admin(client: Client, number: int) -> None:
    """In every field of a report: what the server said, its status, its name, the recipient, the subject, its prose."""
    vector = VECTORS[number].replace("\n", " ").replace("\0", "")
    (ada,) = waiting("ada")
    report = delivery_status(f"550 5.1.1 {vector} user unknown {vector}", f"5.1.1 {vector}", to=return_path(ada.pk)).decode(
        "utf-8"
    )
    hostile_report = (
        report.replace("dns; relay.example.net", f"dns; {vector}")
        .replace("rfc822; ada@example.org", f"rfc822; ada@example.org {vector}")
        .replace("Subject: Undelivered", f"Subject: {vector} Undelivered")
        .replace("This is the mail system", f"{vector} This is the mail system")
    )
    take(hostile_report.encode(), MONDAY, return_path(ada.pk))
    Bounce.objects.update_or_create(
        delivery=ada, report="r", defaults={"verdict": Bounce.Verdict.IGNORE, "why": vector, "status": "5.1.1"}
    )
    Delivery.objects.filter(pk=ada.pk).update(reply=f"550 {vector}"[:300], reason=vector[:100])
    client.force_login(User.objects.create_superuser("owner"))
    shown = ["/admin/", "/admin/digest/bounce/", "/admin/digest/delivery/", f"/admin/digest/delivery/{ada.pk}/change/"]
    shown += [f"/admin/digest/bounce/{each.pk}/change/" for each in Bounce.objects.all()]
    for path in shown:
        answer = client.get(path, follow=True)
        assert answer.status_code == 200, path
        assert [each for each in live(answer.content.decode()) if "alert(1)" in each or "evil" in each] == [], path


@pytest.mark.parametrize("header", ["Host", "X-Forwarded-Host", "X-Original-Host", "Forwarded"])
def test_links_in_messages_come_from_the_settings_alone(client: Client, header: str) -> None:
    value = f"host={EVIL}" if header == "Forwarded" else EVIL
    client.post("/subscribe/", {"address": "ada@example.org", "cadence": "weekly"}, headers={header: value})
    door.answer(dt.datetime.now(dt.UTC), 10)
    if header != "Host":  # a foreign Host is refused before anything is written
        consent.subscribe(consent.SignUp(address="ada@example.org"), dt.datetime.now(dt.UTC))
    for notice in Notice.objects.all():
        from digest import notices

        written = notices.render(notice)
        assert EVIL not in (written.html or "") + written.text
        assert "https://papers.example.org/confirm/" in written.text


def test_x_forwarded_host_changes_no_page(client: Client) -> None:
    page = client.get("/", headers={"X-Forwarded-Host": EVIL}).content.decode()
    assert EVIL not in page


def test_browsers_are_told_to_come_by_tls_alone(client: Client) -> None:
    assert client.get("/", secure=True).headers["Strict-Transport-Security"] == "max-age=31536000"


@pytest.mark.parametrize("name", ["line\nBcc: all@example.net", "nul\0nul", "sep\u2028sep", "cr\r\nX: y", "\u202eevil"])
def test_what_a_person_types_adds_no_header_field(name: str) -> None:
    ada = digest_for(reader())
    Subscriber.objects.filter(pk=ada.subscriber_id).update(name=name.replace("\0", ""))
    source = Source.objects.create(slug="s", name="S", format=Source.Format.SYNDICATION)
    papers.store([Entry(title=f"Title {name}", abstract="Words.", doi="10.1/x", announced_at=MONDAY)], source, MONDAY)
    published = issues.publish(([ada.pk]), MONDAY + dt.timedelta(hours=1))
    from digest.models import Delivery

    deliveries = list(Delivery.objects.filter(issue__in=published.issues))
    for outgoing in issues.messages_for(deliveries, MONDAY + dt.timedelta(hours=1)).values():
        head = outgoing.content.split(b"\r\n\r\n", 1)[0]
        assert not re.search(rb"^(Bcc|X):", head, re.MULTILINE)
        assert b"\0" not in head
        assert not re.search(rb"[^\r]\n|\r[^\n]", outgoing.content)


@pytest.mark.parametrize(
    "then", [f"https://{EVIL}/", f"//{EVIL}/", "/\\evil.example", "/admin/", "/you/../admin/", "/you/saved/\n"]
)
def test_a_mailed_link_goes_on_to_a_page_of_its_own_reader_alone(client: Client, then: str) -> None:
    now = dt.datetime.now(dt.UTC)
    ada = digest_for(reader())
    # As it stands in the database, whoever put it there: the address is looked at when it is followed.
    account.send_link(ada.subscriber.address, now, then)
    path = tokens.notice_path(Notice.objects.get(kind=Notice.Kind.MAGIC_LINK))
    answer = client.post(path)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/you/")


@pytest.mark.parametrize("then", [f"https://{EVIL}/", f"//{EVIL}/", "/\\evil.example", "javascript:alert(1)", "/admin/"])
def test_no_link_of_ours_leads_elsewhere(client: Client, then: str) -> None:
    for path in ("/preferences/", "/you/", "/submit/", "/you/leave/"):
        for answer in (client.get(path, {"then": then, "next": then}), client.post(path, {"then": then, "next": then})):
            assert EVIL not in answer.headers.get("Location", "")
            assert not answer.headers.get("Location", "").startswith(("//", "/\\", "javascript:"))
