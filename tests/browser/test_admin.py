"""The admin under its policy: what Unfold needs works, and nothing more is allowed."""

import datetime as dt
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import BrowserContext, Page
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from digest import issues
from digest.access import roles
from digest.issues import rendering
from digest.models import Brake, DayCount, Issue, Preflight, Source
from subscriptions.models import Job, Subscription, Topic
from tests.admin import world as admin_world
from tests.admin.conftest import signed_in
from tests.browser.conftest import NewContext
from tests.browser.screen import Screen
from tests.browser.test_pages import LOOKS, ONLY, look
from tests.browser.world import World
from tests.delivery.relay import Relay

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


def _desk_screens(first: Subscription) -> list[Screen]:
    """Our own pages of the admin, each as an operator comes to it."""

    def at(path: str) -> Callable[[Page, World], None]:
        return lambda page, world: void(page.goto(f"{world.url}{path}"))

    def void(_: object) -> None:
        return None

    def imported(page: Page, world: World) -> None:
        page.goto(f"{world.url}/admin/desk/import/")
        page.locator("input[type=file]").set_input_files(
            {"name": "people.csv", "mimeType": "text/csv", "buffer": b"Email,Name\nlise@example.org,Lise\nnobody,\n"}
        )
        page.get_by_role("button", name="Look at the file").click()
        page.wait_for_load_state()
        page.get_by_role("button", name=re.compile("would", re.IGNORECASE)).first.click()

    def tried(page: Page, world: World) -> None:
        page.goto(f"{world.url}/admin/desk/what-if/")
        page.locator("#topic").fill("0.1")
        page.get_by_role("button", name="Try these weights").click()

    def next_publish(page: Page, world: World) -> None:
        page.goto(f"{world.url}/admin/desk/next/")
        page.get_by_role("button", name="See what it would do").click()

    yesterday = (dt.datetime.now(dt.UTC) - dt.timedelta(days=1)).date()
    issue = Issue.objects.latest("id")

    def framed(page: Page, world: World) -> None:
        page.goto(f"{world.url}/admin/digest/issue/{issue.pk}/change/")
        page.get_by_text("The message as it was mailed").first.click()
        page.frame_locator("iframe.pr-frame").get_by_text("Unsubscribe").first.wait_for()

    return [
        Screen("admin-home", at("/admin/")),
        Screen("admin-charts", at("/admin/desk/charts/")),
        Screen("admin-what-if", tried),
        Screen("admin-import", imported),
        Screen("admin-preview", at(f"/admin/desk/preview/{first.pk}/?issue={first.issues.latest('id').pk}")),
        Screen("admin-missed", at(f"/admin/desk/missed/?day={yesterday}")),
        Screen("admin-sources", at("/admin/desk/sources/")),
        Screen("admin-try-source", at("/admin/desk/sources/try/")),
        Screen("admin-next", next_publish),
        Screen("admin-story", at(f"/admin/desk/story/{first.subscriber_id}/")),
        Screen("admin-sending", at("/admin/desk/sending/")),
        Screen("admin-jobs", at("/admin/desk/jobs/")),
        Screen("admin-job", at(f"/admin/desk/jobs/{Job.objects.latest('id').pk}/")),
        Screen("admin-preflight", at("/admin/desk/preflight/")),
        Screen("admin-message", framed),
    ]


def _history(now: dt.datetime) -> None:
    """Ninety days as a busy list has them; what the charts are made of."""
    chance = random.Random(5)
    rows = []
    for back in range(90):
        day, weekend = (now - dt.timedelta(days=back)).date(), (now - dt.timedelta(days=back)).weekday() > 4
        grown = 90 - back
        sent = (300 if weekend else 1900) + 14 * grown + chance.randrange(150)
        made = {
            "standing": {"reading": 8200 + 31 * grown, "waiting": 140 + chance.randrange(60), "left": 700 + 6 * grown},
            "signed-up": {"": 40 + chance.randrange(25)},
            "confirmed": {"": 30 + chance.randrange(15)},
            "left": {"": 4 + chance.randrange(6)},
            "left-because": {"unsubscribed by link": 3 + chance.randrange(4), "one-click": chance.randrange(4)},
            "deliveries": {"accepted": sent, "failed": chance.randrange(9), "deferred": 2 if back == 0 else 0},
            "domain-accepted": {"example.com": sent // 2, "example.org": sent // 3, "example.net": sent // 6},
            "domain-failed": {"example.net": chance.randrange(6), "example.org": chance.randrange(3)},
            "bounces": {"suppress": chance.randrange(7), "soft": chance.randrange(12), "complaint": int(back % 9 == 4)},
            "latency": {"p50": 9_000 + chance.randrange(3_000), "p95": 48_000 + chance.randrange(9_000), "p99": 90_000},
            "topic-readers": {
                str(topic.pk): 900 + 700 * place + (grown * (37 + 13 * place) + chance.randrange(90)) // 4
                for place, topic in enumerate(Topic.objects.all())
            },
        }
        made["papers"] = {
            str(source.pk): 0 if weekend else chance.randrange(10, 90 - 20 * place)
            for place, source in enumerate(Source.objects.order_by("id"))
        }
        rows += [
            DayCount(day=day, kind=kind, key=key, number=number)
            for kind, keys in made.items()
            for key, number in keys.items()
            if number
        ]
    DayCount.objects.all().delete()
    DayCount.objects.bulk_create(rows)


def _incidents(now: dt.datetime) -> None:
    """What an operator's pages show on a bad day: a breaker, jobs in every state, a preflight with findings."""
    Brake.objects.create(kind="breaker", domain="example.net", why="refused five times in a row", since=now)
    Job.objects.bulk_create(
        Job(
            kind=kind, state=state, done=done, total=19_212, started_by_name="operator",
            created_at=now - dt.timedelta(hours=ago), finished_at=None if state == "running" else now,
            result={"counts": {"erased": done}, "notes": ["One had left before."]},
            error="The source was removed meanwhile." if state == "failed" else "",
        )
        for ago, (kind, state, done) in enumerate(
            [("erase", "done", 19_212), ("import", "cancelled", 500), ("read past days", "failed", 12),
             ("suppress", "running", 7_300)]
        )
    )  # fmt: skip
    findings = [
        {"check": "SPF", "level": "fine", "found": "The relay is named.", "mend": ""},
        {
            "check": "DKIM",
            "level": "warning",
            "found": "The key has 1024 bits.",
            "mend": "Make one of 2048 bits and publish it.",
        },
        {
            "check": "PTR",
            "level": "fatal",
            "found": "192.0.2.7 has no name.",
            "mend": "Ask whoever gave you the address for one.",
        },
    ]
    Preflight.objects.create(ran_at=now, fatal=True, findings=findings)


@pytest.fixture
def desk(transactional_db: None, live_server: LiveServer, settings: Settings) -> World:
    """A service in full swing, with issues published a moment ago."""
    settings.SITE_URL = live_server.url
    rendering.forget()
    now = dt.datetime.now(dt.UTC)
    roles.ensure()
    admin_world.build(now, people=40, papers=60)
    issues.publish(list(Subscription.objects.live().order_by("id").values_list("pk", flat=True)[:8]), now)
    _history(now)
    _incidents(now)
    return World(live_server.url, Relay())


def test_the_pages_of_the_desk_are_accessible_fit_a_phone_and_load_nothing_from_elsewhere(
    desk: World, new_context: NewContext
) -> None:
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
