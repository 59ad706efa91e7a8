"""Mail scanners open every link: looking changes nothing, whatever the link."""

import datetime as dt
import html
import re
from collections import deque

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from psycopg import sql
from pytest_django import Settings

from digest import cached, issues
from digest.models import Issue, Paper
from subscriptions import account, tokens
from subscriptions.models import Subscriber
from subscriptions.sessions import COOKIE, start
from tests.browser.world import World, links

pytestmark = pytest.mark.browser
REQUESTS, PATHS = 10_000, 1_200


def _rows() -> dict[str, str]:
    """A hash of every table: contents, and which transaction wrote each row last (xmin), so that a rewrite shows too."""
    found = {}
    line = sql.SQL("SELECT coalesce(string_agg(md5(each::text || each.xmin), '' ORDER BY each.ctid), '') FROM {} each")
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(line.format(sql.Identifier(table)))
            found[table] = cursor.fetchone()[0]
    return found


def _on(page: str) -> set[str]:
    """The paths that a page leads to, its forms among them: a scanner may try those too."""
    found = re.findall(r'(?:href|action|formaction|src)="(/[^"]*)"', page)
    return {html.unescape(each).partition("#")[0] for each in found}


@pytest.mark.long
def test_fetching_every_link_of_every_page_and_message_changes_no_row(world: World, settings: Settings) -> None:
    now = dt.datetime.now(dt.UTC)
    ada, grace = world.person("ada@example.org"), world.asked("grace@example.org")
    stopped = world.person("emmy@example.org")
    account.send_link("ada@example.org", now)
    account.ask_address(ada.subscriber, "ada@example.net", now)
    issues.publish_sample(ada.pk, now)
    stopped.ended_at, stopped.next_issue_at = now, None
    stopped.save()
    assert world.asked("noether@example.org", topics=()) != grace
    world.post()
    assert {taken.recipient for taken in world.relay.taken} >= {
        "ada@example.org",
        "ada@example.net",
        "grace@example.org",
    }

    anonymous, inside = Client(), Client()
    inside.cookies[COOKIE] = start(ada.subscriber, now)
    waiting = {path for taken in world.relay.taken for message in world.messages(taken.recipient) for path in links(message)}
    assert {path.split("/")[1] for path in waiting} >= {"confirm", "session", "address", "unsubscribe", "preferences", "papers"}
    message_token = tokens.sign(tokens.Scope.MESSAGE, ada.pk, 0)
    waiting |= {"/", "/?days=1", "/you/", "/no-such-page/", tokens.unsubscribe_path(stopped.pk)}
    waiting |= {
        reverse(name) for name in ("archive", "feeds", "new-digest", "preview", "saved", "submissions", "submit", "votes")
    }
    waiting |= {tokens.feed_path(ada.pk, 0, form) for form in ("atom", "json")}
    waiting |= {tokens.feedback_path(message_token, Paper.objects.earliest("id").pk, vote) for vote in ("more", "mute")}
    waiting |= {tokens.stop_interest_path(message_token, ada.interests.earliest("id").pk)}
    waiting |= {
        tokens.issue_path(Issue.objects.earliest("id").pk, 0),
        reverse("upvote", args=[Paper.objects.earliest("id").pk]),
    }
    waiting |= {reverse("export"), reverse("leave"), reverse("erase"), reverse("sample", args=[message_token])}

    # Public pages are made once each and then come from memory, as they do for a scanner that asks again and again.
    settings.PUBLIC_PAGES_SECONDS = 3600
    cached.shelf.clear()
    before, seen, asked = _rows(), set(waiting), 0
    queue, clients = deque(sorted(waiting)), [anonymous, inside]
    while asked < REQUESTS:
        if not queue:
            # Everybody has been everywhere. Who comes again and again is the scanner, and what it is given is made but once.
            queue.extend(sorted(seen))
            clients = [anonymous]
        path = queue.popleft()
        for client in clients:
            # HEAD comes first for every other address, and is then what has the page made.
            for method in ("get", "head") if asked % 8 else ("head", "get"):
                answer = getattr(client, method)(path)
                asked += 1
                assert answer.status_code < 500, path
                if answer.get("Content-Type", "").startswith("text/html") and method == "get" and len(seen) < PATHS:
                    found = sorted(_on(answer.content.decode()) - seen)
                    queue.extend(found)
                    seen.update(found)
                answer.close()
    cached.shelf.clear()
    assert len(seen) > 1000
    assert Subscriber.objects.get(address="grace@example.org").status == "pending"
    assert _rows() == before
