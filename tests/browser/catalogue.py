"""Every page that a reader can see, and how to get there; the destructive ones last."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from playwright.sync_api import Page

from digest.models import Paper
from subscriptions import account, tokens
from subscriptions.models import Notice
from tests.browser.world import World


@dataclass(frozen=True)
class Screen:
    """A page by name; `show` brings a browser there. `status` is the answer's."""

    name: str
    show: Callable[[Page, World], None]
    status: int = 200


_SCREENS: list[Screen] = []


def _screen(name: str, status: int = 200) -> Callable[[Callable[[Page, World], None]], Callable[[Page, World], None]]:
    def keep(show: Callable[[Page, World], None]) -> Callable[[Page, World], None]:
        _SCREENS.append(Screen(name, show, status))
        return show

    return keep


def screens() -> Iterator[Screen]:
    """All of them, in order."""
    yield from _SCREENS


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


@_screen("home")
def _home(page: Page, world: World) -> None:
    page.goto(f"{world.url}/")


def _leads(name: str, path: str, status: int = 200) -> None:
    """A page that its address alone leads to; `{today}`, `{week}` and `{month}` in it are those of today."""

    @_screen(name, status)
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


@_screen("paper")
def _paper(page: Page, world: World) -> None:
    page.goto(f"{world.url}/papers/{world.whole_paper()}/")


@_screen("paper-versions")
def _paper_versions(page: Page, world: World) -> None:
    _paper(page, world)
    page.get_by_text("Version 2").click()
    page.get_by_text("As the authors wrote it, in TeX").click()


@_screen("paper-withdrawn")
def _paper_withdrawn(page: Page, world: World) -> None:
    paper = Paper.objects.order_by("-id").first()
    assert paper
    Paper.objects.filter(pk=paper.pk).update(withdrawn_at=dt.datetime.now(dt.UTC))
    page.goto(f"{world.url}/papers/{paper.pk}/")


@_screen("subscribe-error", 422)
def _subscribe_error(page: Page, world: World) -> None:
    page.goto(f"{world.url}/subscribe/")
    page.get_by_label("Your email address").fill("ada@example")
    page.get_by_label("What you work on").fill("Koopman operators")
    page.get_by_role("button", name="Send me papers").click()


@_screen("check-inbox")
def _check_inbox(page: Page, world: World) -> None:
    sign_up(page, world, _new())


@_screen("confirm")
def _confirm(page: Page, world: World) -> None:
    page.goto(world.url + tokens.notice_path(world.asked(_new())))


@_screen("confirmed")
def _confirmed(page: Page, world: World) -> None:
    _confirm(page, world)
    page.get_by_role("button", name="Confirm my subscription").click()


@_screen("sample")
def _sample(page: Page, world: World) -> None:
    _confirmed(page, world)
    page.get_by_role("button", name="Send me a sample now").click()


@_screen("preferences")
def _preferences(page: Page, world: World) -> None:
    subscription = world.person(_new())
    page.goto(world.url + tokens.preferences_path(subscription.pk, 0))


@_screen("preferences-saved")
def _preferences_saved(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_label("Authors to follow").fill("Ada Lovelace")
    page.get_by_role("button", name="Save").click()


@_screen("preferences-error", 422)
def _preferences_error(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_label("Key terms").fill("robots " * 30)
    page.get_by_role("button", name="Save").click()


@_screen("preferences-paused")
def _preferences_paused(page: Page, world: World) -> None:
    _preferences(page, world)
    page.get_by_role("button", name="Pause for four weeks").click()


@_screen("unsubscribe")
def _unsubscribe(page: Page, world: World) -> None:
    page.goto(world.url + tokens.unsubscribe_path(world.person(_new()).pk))


@_screen("unsubscribe-paused")
def _unsubscribe_paused(page: Page, world: World) -> None:
    _unsubscribe(page, world)
    page.get_by_role("button", name="Pause for four weeks").click()


@_screen("unsubscribed")
def _unsubscribed(page: Page, world: World) -> None:
    _unsubscribe(page, world)
    page.get_by_role("button", name="Stop this digest").click()


@_screen("link")
def _link(page: Page, world: World) -> None:
    page.goto(f"{world.url}/preferences/")


@_screen("link-asked")
def _link_asked(page: Page, world: World) -> None:
    _link(page, world)
    page.get_by_label("Your email address").fill(_new())
    page.get_by_role("button", name="Mail me a link").click()


@_screen("session")
def _session(page: Page, world: World) -> None:
    page.goto(world.url + world.link(world.person(_new())))


@_screen("you")
def _you(page: Page, world: World) -> None:
    sign_in(page, world, _new())


@_screen("your-digest")
def _your_digest(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Change it, pause it or stop it").click()


@_screen("your-address")
def _your_address(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Use another address").click()


@_screen("address-asked")
def _address_asked(page: Page, world: World) -> None:
    _your_address(page, world)
    page.get_by_label("The new address").fill(_new())
    page.get_by_role("button", name="Mail a link to the new address").click()


def _address_notice(world: World) -> Notice:
    notice = account.ask_address(world.person(_new()).subscriber, _new(), dt.datetime.now(dt.UTC)).notice
    assert notice
    return notice


@_screen("address")
def _address(page: Page, world: World) -> None:
    page.goto(world.url + tokens.notice_path(_address_notice(world)))


@_screen("address-changed")
def _address_changed(page: Page, world: World) -> None:
    _address(page, world)
    page.get_by_role("button", name="Send my digests to this address").click()


@_screen("erase")
def _erase(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("link", name="Erase everything about me").click()


@_screen("erased")
def _erased(page: Page, world: World) -> None:
    _erase(page, world)
    page.get_by_role("button", name="Erase everything about me").click()


@_screen("session-closed")
def _session_closed(page: Page, world: World) -> None:
    _you(page, world)
    page.get_by_role("button", name="Close this session").click()


@_screen("session-over", 401)
def _session_over(page: Page, world: World) -> None:
    page.goto(f"{world.url}/you/")


@_screen("dead-link", 404)
def _dead_link(page: Page, world: World) -> None:
    page.goto(f"{world.url}/confirm/1.abcdefghijklmnopqrstuv/")


@_screen("not-found", 404)
def _not_found(page: Page, world: World) -> None:
    page.goto(f"{world.url}/no-such-page/")


@_screen("refused", 403)
def _refused(page: Page, world: World) -> None:
    _you(page, world)
    page.evaluate("document.querySelectorAll('input[name=proof]').forEach((each) => { each.value = 'x' })")
    page.get_by_role("button", name="Save").click()
