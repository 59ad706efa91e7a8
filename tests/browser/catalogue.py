"""Every page that a reader can see, and how to get there; the destructive ones last."""

import datetime as dt

from playwright.sync_api import Page

from digest.models import Paper
from subscriptions import account, tokens
from subscriptions.models import Notice
from tests.browser.screen import Screens
from tests.browser.world import World

screens = Screens()


def sign_up(page: Page, world: World, address: str) -> None:
    """Fill in the box on the first page and press its button."""
    page.goto(f"{world.url}/")
    page.get_by_label("Your email address").fill(address)
    page.get_by_role("button", name="Send me papers").click()


def sign_in(page: Page, world: World, address: str) -> None:
    """Open a session for someone new."""
    subscription = world.person(address)
    page.goto(world.url + world.link(subscription))
    page.get_by_role("button", name="Open my preferences").click()


_count = iter(range(1_000_000))


def _new() -> str:
    return f"ada{next(_count)}@example.org"


@screens.add("home")
def _home(page: Page, world: World) -> None:
    page.goto(f"{world.url}/")


def _leads(name: str, path: str, status: int = 200) -> None:
    """A page that its address alone leads to; `{today}`, `{week}` and `{month}` in it are those of today."""

    @screens.add(name, status)
    def _show(page: Page, world: World) -> None:
        today = dt.datetime.now(dt.UTC).date()
        page.goto(world.url + path.format(today=today, week=f"{today:%G-W%V}", month=f"{today:%Y-%m}"))


_leads("home-newest", "/?order=newest&page=2")
_leads("home-topic", "/?topic=reinforcement-learning")
_leads("day", "/papers/{today}")
_leads("week", "/papers/{week}?order=upvoted")
_leads("month", "/papers/{month}")
_leads("day-empty", "/papers/2026-03-14")
_leads("day-to-come", "/papers/2190-03-14")
_leads("day-none-in-topic", "/papers/{today}?topic=cosmology")
_leads("formula", "/trending/")
_leads("topics", "/topics/")
_leads("topic", "/topics/reinforcement-learning/")
_leads("topic-empty", "/topics/cosmology/")
_leads("interface", "/api/")


@screens.add("paper")
def _paper(page: Page, world: World) -> None:
    page.goto(f"{world.url}/papers/{world.whole_paper()}/")


@screens.add("paper-versions")
def _paper_versions(page: Page, world: World) -> None:
    _paper(page, world)
    page.get_by_text("Version 2").click()
    page.get_by_text("As the authors wrote it, in TeX").click()


@screens.add("paper-withdrawn")
def _paper_withdrawn(page: Page, world: World) -> None:
    paper = Paper.objects.order_by("-id").first()
    assert paper
    Paper.objects.filter(pk=paper.pk).update(withdrawn_at=dt.datetime.now(dt.UTC))
    page.goto(f"{world.url}/papers/{paper.pk}/")


@screens.add("subscribe-error", 422)
def _subscribe_error(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")
    page.get_by_label("Your email address").fill("ada@example")
    page.get_by_label("What you work on").fill("Koopman operators")
    page.get_by_role("button", name="Send me papers").click()


@screens.add("check-inbox")
def _check_inbox(page: Page, world: World) -> None:
    sign_up(page, world, _new())


@screens.add("confirm")
def _confirm(page: Page, world: World) -> None:
    page.goto(world.url + tokens.notice_path(world.asked(_new())))


@screens.add("confirmed")
def _confirmed(page: Page, world: World) -> None:
    _confirm(page, world)
    page.get_by_role("button", name="Confirm my subscription").click()


@screens.add("sample")
def _sample(page: Page, world: World) -> None:
    _confirmed(page, world)
    page.get_by_role("button", name="Send me a sample now").click()


@screens.add("preferences")
def _preferences(page: Page, world: World) -> None:
    subscription = world.person(_new())
    page.goto(world.url + tokens.preferences_path(subscription.pk, 0))


@screens.add("preferences-saved")
def _preferences_saved(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_label("Authors to follow").fill("Ada Lovelace")
    page.get_by_role("button", name="Save").click()


@screens.add("preferences-error", 422)
def _preferences_error(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_label("Key terms").fill("robots " * 30)
    page.get_by_role("button", name="Save").click()


@screens.add("preferences-paused")
def _preferences_paused(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_role("button", name="Pause for four weeks").click()


@screens.add("unsubscribe")
def _unsubscribe(page: Page, world: World) -> None:
    page.goto(world.url + tokens.unsubscribe_path(world.person(_new()).pk))


@screens.add("unsubscribe-paused")
def _unsubscribe_paused(page: Page, world: World) -> None:
    _unsubscribe(page, world)
    page.get_by_role("button", name="Pause for four weeks").click()


@screens.add("unsubscribed")
def _unsubscribed(page: Page, world: World) -> None:
    _unsubscribe(page, world)
    page.get_by_role("button", name="Stop this digest").click()


@screens.add("link")
def _link(page: Page, world: World) -> None:
    page.goto(f"{world.url}/preferences/")


@screens.add("link-asked")
def _link_asked(page: Page, world: World) -> None:
    _link(page, world)
    page.get_by_label("Your email address").fill(_new())
    page.get_by_role("button", name="Mail me a link").click()


@screens.add("session")
def _session(page: Page, world: World) -> None:
    page.goto(world.url + world.link(world.person(_new())))


@screens.add("you")
def _you(page: Page, world: World) -> None:
    sign_in(page, world, _new())


@screens.add("your-digest")
def _your_digest(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Change it, pause it or stop it").click()


@screens.add("your-address")
def _your_address(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Use another address").click()


@screens.add("address-asked")
def _address_asked(page: Page, world: World) -> None:
    _your_address(page, world)
    page.get_by_label("The new address").fill(_new())
    page.get_by_role("button", name="Mail a link to the new address").click()


def _address_notice(world: World) -> Notice:
    notice = account.ask_address(world.person(_new()).subscriber, _new(), dt.datetime.now(dt.UTC)).notice
    assert notice
    return notice


@screens.add("address")
def _address(page: Page, world: World) -> None:
    page.goto(world.url + tokens.notice_path(_address_notice(world)))


@screens.add("address-changed")
def _address_changed(page: Page, world: World) -> None:
    _address(page, world)
    page.get_by_role("button", name="Send my digests to this address").click()


@screens.add("erase")
def _erase(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Erase everything about me").click()


@screens.add("erased")
def _erased(page: Page, world: World) -> None:
    _erase(page, world)
    page.get_by_role("button", name="Erase everything about me").click()


@screens.add("session-closed")
def _session_closed(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("button", name="Close this session").click()


@screens.add("session-over", 401)
def _session_over(page: Page, world: World) -> None:
    page.goto(f"{world.url}/you/")


@screens.add("dead-link", 404)
def _dead_link(page: Page, world: World) -> None:
    page.goto(f"{world.url}/confirm/1.abcdefghijklmnopqrstuv/")


@screens.add("not-found", 404)
def _not_found(page: Page, world: World) -> None:
    page.goto(f"{world.url}/no-such-page/")


@screens.add("refused", 403)
def _refused(page: Page, world: World) -> None:
    _you(page, world)
    page.evaluate("document.querySelectorAll('input[name=proof]').forEach((each) => { each.value = 'x' })")
    page.get_by_role("button", name="Save").click()
