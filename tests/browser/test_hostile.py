"""A real browser opens every kind of page that shows what strangers wrote: nothing runs, nothing is asked for elsewhere.

Each page is opened twice: under the site's policy, which must have nothing to report, and with the policy switched off, for the
words alone must be harmless as well.
"""

import datetime as dt
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import ConsoleMessage, Dialog, Page, Request

from digest import bounces, issues, papers, search
from digest.messages import return_path
from digest.models import Delivery, Paper, Pick, Source
from digest.sources.entries import Entry, Link
from subscriptions import account, tokens
from subscriptions.models import Notice, Subscriber, Subscription, Topic
from tests.browser.conftest import NewContext
from tests.browser.world import World
from tests.issues.cast import digest_for, reader
from tests.web.vectors import ADDRESSES, VECTORS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# Set before the page's own scripts: whatever runs of a vector calls alert, and Chromium's own dialogs are watched besides.
_WATCH = """
window.ran = [];
window.alert = window.print = window.prompt = window.confirm = (said) => { window.ran.push('dialog: ' + said); };
document.addEventListener('securitypolicyviolation', (event) => {
  window.ran.push([event.violatedDirective, event.sample, event.blockedURI].join(' '));
});
"""


class _Seen:
    """What a page did that it must not do."""

    def __init__(self, page: Page, url: str) -> None:
        self.faults: list[str] = []
        self._page, self._ours = page, (url, "data:", "blob:")
        page.on("dialog", self._asks)
        page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        page.on("popup", lambda popup: self.faults.append(f"popup: {popup.url}"))
        page.on("request", self._asked)
        page.on("console", self._said)

    def _asks(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Request) -> None:
        if not request.url.startswith(self._ours):
            self.faults.append(f"elsewhere: {request.url}")

    def _said(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Refused" in message.text:
            self.faults.append(f"policy: {message.text}")

    def open(self, address: str) -> list[str]:
        """Open a page, poke at it, and return what was wrong with it."""
        self.faults.clear()
        answer = self._page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        title = self._page.title()
        # Handlers that wait for an event: everything is focused, clicked at and passed over, without leaving the page.
        self._page.evaluate(
            """() => { for (const each of document.querySelectorAll('body *')) {
                for (const name of ['mouseover', 'focus', 'blur', 'error', 'load', 'toggle', 'animationstart', 'pointerenter'])
                    each.dispatchEvent(new Event(name, {bubbles: false}));
            } }"""
        )
        self._page.wait_for_load_state("networkidle")
        self.faults += self._page.evaluate("window.ran")
        if self._page.title() != title or urlsplit(self._page.url).path != urlsplit(address).path:
            self.faults.append(f"it became {self._page.url}, {self._page.title()}")
        return [f"{urlsplit(address).path}: {each}" for each in self.faults]


@pytest.fixture
def ada(world: World) -> Subscription:
    """A reader of hostile papers under hostile topics, picked with hostile words; reports and replies no better."""
    now = timezone.now()
    Paper.objects.all().delete()
    Topic.objects.filter(slug="koopman").update(name=f"Koopman {VECTORS[4]}", description=VECTORS[5])
    source = Source.objects.create(slug="hostile", name=VECTORS[0], format=Source.Format.SYNDICATION, feed_title=VECTORS[1])
    papers.store(
        [
            Entry(
                title=f"Paper {number} {vector}",
                abstract=f"It says {vector} about number {number}.",
                authors=(f"Ada {vector}",),
                doi=f"10.1234/hostile.{number}",
                url=f"https://example.org/abs/{number}",
                pdf_url=ADDRESSES[(number + 1) % len(ADDRESSES)],
                links=(
                    Link("code", ADDRESSES[number % len(ADDRESSES)]),
                    Link("project", f"https://example.org/{number}?q=%22%3E"),
                ),
                journal_reference=f"Journal of {vector}",
                categories=(vector[:40],),
                keywords=(vector,),
                submitter=vector,
                organisation=vector,
                announced_at=now - dt.timedelta(minutes=number + 5),
            )
            for number, vector in enumerate(VECTORS)
        ],
        source,
        now - dt.timedelta(minutes=2),
    )
    # Past the door as well, as an editor or an older release may have left them.
    editor = User.objects.create_user("mira", first_name=VECTORS[4][:150], last_name="Koch")
    for paper, vector in zip(Paper.objects.order_by("id"), VECTORS, strict=False):
        said = vector.replace("\0", "")
        Paper.objects.filter(pk=paper.pk).update(title=f"Past the door {said}", abstract=said, authors=[said, said])
        Pick.objects.create(paper=paper, editor=editor, note=said[:200])
    search.refresh_all()
    ada = digest_for(reader(), name=VECTORS[4][:80], next_issue_at=now - dt.timedelta(minutes=1), size=40)
    Subscriber.objects.update(name=VECTORS[5])
    issues.publish([ada.pk], now)
    delivery = Delivery.objects.get(issue__subscription=ada)
    Delivery.objects.filter(pk=delivery.pk).update(reply=f"550 {VECTORS[4]}", reason=VECTORS[5][:100], reply_code=550)
    for number, vector in enumerate(VECTORS):
        said = vector.replace("\0", "")
        event = bounces.Event("Example", str(number), "failed", now, said, return_path=return_path(delivery.pk), said=said)
        bounces.take(event, now)
    return ada


def _pages(ada: Subscription) -> list[str]:
    generation, paper = ada.subscriber.token_generation, Paper.objects.order_by("id")[4]
    message = tokens.message_token(ada.pk, generation)
    issue = ada.issues.order_by("-id")[0]
    today = f"{timezone.now():%Y-%m-%d}"
    return [
        "/", "/?order=newest", f"/papers/{today}", f"/papers/{paper.pk}/", "/topics/", "/topics/koopman/", "/search/?q=paper",
        "/subscribe/", f"/feedback/{message}/{paper.pk}/mute/", f"/preferences/{message}/", tokens.unsubscribe_path(ada.pk),
        tokens.issue_path(issue.pk, generation),
    ]  # fmt: skip


def _desk(ada: Subscription) -> list[str]:
    delivery, paper = Delivery.objects.get(issue__subscription=ada), Paper.objects.order_by("id")[4]
    source, issue = Source.objects.get(slug="hostile"), ada.issues.order_by("-id")[0]
    return [
        "/admin/", "/admin/digest/paper/", f"/admin/digest/paper/{paper.pk}/change/", "/admin/digest/source/",
        f"/admin/digest/source/{source.pk}/change/", "/admin/digest/bounce/", "/admin/digest/delivery/",
        f"/admin/digest/delivery/{delivery.pk}/change/", f"/admin/digest/issue/{issue.pk}/change/", "/admin/digest/pick/",
        "/admin/subscriptions/suppression/", "/admin/subscriptions/topic/",
        f"/admin/subscriptions/subscriber/{ada.subscriber_id}/change/",
    ]  # fmt: skip


@pytest.mark.parametrize("policy", ["under the policy", "without the policy"])
def test_what_strangers_wrote_is_text_to_a_browser(
    world: World, new_context: NewContext, ada: Subscription, policy: str
) -> None:
    context = new_context(viewport={"width": 1280, "height": 800}, bypass_csp=policy.startswith("without"))
    context.add_init_script(_WATCH)
    page = context.new_page()
    seen = _Seen(page, world.url)
    faults = [fault for path in _pages(ada) for fault in seen.open(world.url + path)]
    account.send_link("ada@example.org", timezone.now())
    page.goto(world.url + tokens.notice_path(Notice.objects.get(kind=Notice.Kind.MAGIC_LINK)))
    page.locator("form button").first.click()
    page.wait_for_url("**/you/")
    for path in ("/you/", "/you/issues/", "/you/saved/", "/you/votes/", "/you/feeds/", f"/you/digests/{ada.pk}/"):
        faults += seen.open(world.url + path)
    assert faults == []


@pytest.mark.parametrize("policy", ["under the policy", "without the policy"])
def test_what_strangers_wrote_is_text_to_an_operators_browser(
    world: World, new_context: NewContext, ada: Subscription, policy: str
) -> None:
    User.objects.create_superuser("operator", password="a long password of the operator")
    context = new_context(viewport={"width": 1280, "height": 800}, bypass_csp=policy.startswith("without"))
    context.add_init_script(_WATCH)
    page = context.new_page()
    page.goto(f"{world.url}/admin/login/?next=/admin/")
    page.locator("input[name=username]").fill("operator")
    page.locator("input[name=password]").fill("a long password of the operator")
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    seen = _Seen(page, world.url)
    assert [fault for path in _desk(ada) for fault in seen.open(world.url + path)] == []


def test_this_test_sees_a_page_that_runs_what_it_shows(world: World, new_context: NewContext) -> None:
    """The net has no hole: each fault that it looks for is found on a page that has it."""
    context = new_context(bypass_csp=True)
    context.add_init_script(_WATCH)
    page = context.new_page()
    seen = _Seen(page, world.url)
    body = f"<title>x</title>{VECTORS[4]}<img src=https://evil.example/x>"
    page.route("**/hostile", lambda route: route.fulfill(body=body, content_type="text/html"))
    found = seen.open(f"{world.url}/hostile")
    assert any("dialog: 1" in each for each in found)
    assert any("elsewhere: https://evil.example/x" in each for each in found)
