"""A Chromium, a live server, papers from the saved page, an internet of our own, and a relay that keeps what is sent."""

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer
from pytest_httpserver import HTTPServer

from digest import polling, previews
from digest.access import roles
from digest.issues import rendering
from digest.sources.fetch import Client, Limits
from digest.sources.pool import Pool
from subscriptions import forms, limits
from tests.browser import service
from tests.browser.world import World
from tests.delivery.relay import Relay

# Playwright's synchronous interface keeps an event loop in this thread, which Django takes for asynchronous code.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

NewContext = Callable[..., BrowserContext]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "The browser tests need Chromium on the PATH; on Debian: apt-get install chromium."
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture
def world(
    transactional_db: None, live_server: LiveServer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The site with its topics and the papers of the saved page, listed today."""
    relay = Relay().start()
    settings.SITE_URL = live_server.url
    settings.SMTP_URL = relay.url
    settings.REQUESTS_PER_NETWORK_AND_HOUR = 1_000
    monkeypatch.setattr(forms, "QUICKEST", forms.QUICKEST * 0)
    previews.forget()
    rendering.forget()  # the pieces it keeps hold links to another test's server
    limits.client(settings.REDIS_URL).flushdb()
    made = World(live_server.url, relay)
    made.load()
    yield made
    relay.stop()
    rendering.forget()


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    """Makes browser contexts: a fresh person each, with the options of Playwright's `new_context`."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(120_000)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


@pytest.fixture
def desk(transactional_db: None, live_server: LiveServer, settings: Settings) -> Iterator[World]:
    """A service in full swing, as its operators see it; `tests.browser.service` says what there is."""
    settings.SITE_URL = live_server.url
    rendering.forget()
    roles.ensure()
    service.fill(dt.datetime.now(dt.UTC))
    yield World(live_server.url, Relay())
    rendering.forget()


@pytest.fixture
def internet(httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """Whatever address is asked, this server answers."""
    client = Client(
        "papers.example.org",
        resolver=lambda host, port: ["93.184.216.34"],
        dial=lambda address, port: ("127.0.0.1", httpserver.port),
        limits=Limits(seconds=10.0),
    )
    pool = Pool()
    monkeypatch.setattr(polling.Tools, "shared", lambda: polling.Tools(client, pool))
    yield httpserver
    pool.close()
