"""The admin under its policy: what Unfold needs works, and nothing more is allowed."""

import datetime as dt
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import BrowserContext, Page
from pytest_django import Settings
from pytest_httpserver import HTTPServer

from digest.environment import BASE
from digest.models import Delivery, Issue
from subscriptions.models import Job, Subscription
from tests.admin.conftest import signed_in
from tests.browser.conftest import NewContext
from tests.browser.screen import Screen, Show
from tests.browser.test_pages import LOOKS, ONLY, look
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_the_admin_works_without_a_complaint_of_the_browser(world: World, new_context: NewContext) -> None:
    User.objects.create_superuser("operator", password="a long password of the operator")
    world.person("ada@example.org")
    page = new_context(viewport={"width": 1280, "height": 800}).new_page()
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(f"{said.text} {said.location}") if said.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda asked: None if asked.url.startswith((world.url, "data:")) else complaints.append(asked.url))
    page.goto(f"{world.url}/admin/login/?next=/admin/")
    page.locator("input[name=username]").fill("operator")
    page.locator("input[name=password]").fill("a long password of the operator")
    page.locator("button[type=submit], input[type=submit]").first.click()
    page.wait_for_url("**/admin/")
    for path in ("/admin/", "/admin/subscriptions/subscriber/", "/admin/digest/paper/", "/admin/subscriptions/topic/"):
        page.goto(world.url + path)
        page.wait_for_load_state("networkidle")
    assert complaints == []


def _at(path: str) -> Show:
    """A page that its address alone leads to."""

    def show(page: Page, world: World) -> None:
        page.goto(f"{world.url}/admin/{path}")

    return show


def _imported(page: Page, world: World) -> None:
    _at("desk/import/")(page, world)
    page.locator("input[type=file]").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Email,Name\nlise@example.org,Lise\nnobody,\n"}
    )
    page.get_by_role("button", name="Look at the file").click()
    page.wait_for_load_state()
    page.get_by_role("button", name=re.compile("would", re.IGNORECASE)).first.click()


def _weights_tried(page: Page, world: World) -> None:
    _at("desk/what-if/")(page, world)
    page.locator("#topic").fill("0.1")
    page.get_by_role("button", name="Try these weights").click()


def _next_publish(page: Page, world: World) -> None:
    _at("desk/next/")(page, world)
    page.get_by_role("button", name="See what it would do").click()


def _source_tried(page: Page, world: World) -> None:
    _at("desk/sources/try/")(page, world)
    page.get_by_label("Address of the feed").fill("http://journal.example.org/feed")
    page.get_by_label("Format").select_option("syndication")
    page.get_by_role("button", name="See what it would bring").click()
    page.get_by_role("heading", name="What it would bring").wait_for()


def _framed(page: Page, world: World) -> None:
    _at(f"digest/issue/{Issue.objects.latest('id').pk}/change/")(page, world)
    page.get_by_text("The message as it was mailed").first.click()
    page.frame_locator("iframe.pr-frame").get_by_text("Unsubscribe").first.wait_for()


def _many(page: Page, world: World) -> None:
    _at("subscriptions/subscriber/")(page, world)
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option(label="Erase everything about the chosen")
    page.get_by_role("button", name="Run").click()


def _desk_screens(first: Subscription) -> list[Screen]:
    """Our own pages of the admin, each as an operator comes to it, and the records that are looked up in the worst hour."""
    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date()
    uncertain = Delivery.objects.filter(state="uncertain").latest("id").pk
    return [
        Screen("admin-home", _at("")),
        Screen("admin-charts", _at("desk/charts/")),
        Screen("admin-what-if", _weights_tried),
        Screen("admin-import", _imported),
        Screen("admin-many", _many),
        Screen("admin-preview", _at(f"desk/preview/{first.pk}/?issue={first.issues.latest('id').pk}")),
        Screen("admin-missed", _at(f"desk/missed/?day={yesterday}")),
        Screen("admin-sources", _at("desk/sources/")),
        Screen("admin-try-source", _source_tried),
        Screen("admin-next", _next_publish),
        Screen("admin-story", _at(f"desk/story/{first.subscriber_id}/")),
        Screen("admin-sending", _at("desk/sending/")),
        Screen("admin-jobs", _at("desk/jobs/")),
        Screen("admin-job", _at(f"desk/jobs/{Job.objects.latest('id').pk}/")),
        Screen("admin-preflight", _at("desk/preflight/")),
        Screen("admin-message", _framed),
        Screen("admin-subscribers", _at("subscriptions/subscriber/")),
        Screen("admin-subscriber", _at(f"subscriptions/subscriber/{first.subscriber_id}/change/")),
        Screen("admin-deliveries", _at("digest/delivery/")),
        Screen("admin-delivery", _at(f"digest/delivery/{uncertain}/change/")),
    ]


@pytest.mark.long
def test_the_pages_of_the_desk_are_accessible_fit_a_phone_and_load_nothing_from_elsewhere(
    desk: World, internet: HTTPServer, new_context: NewContext
) -> None:
    internet.expect_request("/feed").respond_with_data(
        (BASE / "tests" / "data" / "feeds" / "syndication" / "atom.xml").read_bytes()
    )
    user = User.objects.create_superuser("operator", email="operator@example.org")
    session = signed_in(user).cookies["sessionid"].value
    first = Subscription.objects.live().order_by("id")[0]

    def context(**options: Any) -> BrowserContext:
        made = new_context(**options)
        made.add_cookies([{"name": "sessionid", "value": session, "url": desk.url}])
        return made

    faults = {}
    for screen in _desk_screens(first):
        if ONLY and screen.name not in ONLY:
            continue
        for scheme, size in LOOKS:
            if found := look(desk, context, screen, scheme, size):
                faults[f"{screen.name}, {scheme}, {size['width']} px"] = found
    assert faults == {}


def test_charts_are_drawn_and_change_with_the_colours(desk: World, new_context: NewContext) -> None:
    context = new_context(viewport={"width": 1280, "height": 900})
    user = User.objects.create_superuser("operator")
    context.add_cookies([{"name": "sessionid", "value": signed_in(user).cookies["sessionid"].value, "url": desk.url}])
    page = context.new_page()
    page.goto(f"{desk.url}/admin/desk/charts/")
    page.wait_for_selector(".pr-drawing canvas")
    assert page.locator(".pr-drawing canvas").count() == page.locator(".pr-drawing").count() >= 10
    page.locator("summary").first.click()
    assert page.get_by_role("region", name="Subscribers by day").get_by_role("row").count() == 91


@pytest.mark.long
def test_the_way_in_is_accessible_and_fits_a_phone(desk: World, new_context: NewContext, settings: Settings) -> None:
    """Password, the device of the first time and its codes, and the code of every other time."""
    settings.SECOND_FACTOR = True
    password = "a long password of the operator"

    def login(page: Page, world: World) -> None:
        _at("login/?next=/admin/")(page, world)

    def enter(page: Page, world: World) -> None:
        login(page, world)
        page.locator("input[name=username]").fill("operator")
        page.locator("input[name=password]").fill(password)
        page.locator("button[type=submit], input[type=submit]").first.click()
        page.wait_for_url("**/second-factor/**")

    def code(page: Page, world: World) -> None:
        enter(page, world)
        device = TOTPDevice.objects.get()
        device.throttle_reset()
        device.last_t = -1
        device.save()
        page.get_by_label("Code").fill(f"{TOTP(device.bin_key, device.step, device.t0, device.digits).token():06d}")
        page.get_by_role("button", name="Open the admin").click()

    faults = {}
    for scheme, size in LOOKS:
        User.objects.filter(username="operator").delete()
        User.objects.create_superuser("operator", password=password)
        for screen in (
            Screen("admin-login", login),
            Screen("admin-second-factor-new", enter),
            Screen("admin-second-factor-codes", code),
            Screen("admin-second-factor", enter),
        ):
            if found := look(desk, new_context, screen, scheme, size):
                faults[f"{screen.name}, {scheme}, {size['width']} px"] = found
    assert faults == {}
