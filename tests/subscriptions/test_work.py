"""The proof of work before a sign-up: asked for by a setting, signed, good once, and never the only way in."""

import base64
import datetime as dt
import json

import altcha
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from subscriptions import limits, tokens, work
from subscriptions.models import Request

pytestmark = pytest.mark.django_db
NETWORK = "192.0.2.0/24"
NOWHERE = "unix:///nowhere/valkey.sock"


@pytest.fixture(autouse=True)
def _always(settings: Settings) -> None:
    settings.PROOF_OF_WORK = "always"
    limits.client(settings.REDIS_URL).flushdb()


def _solved(challenge: dict[str, object] | None = None) -> str:
    """What a browser sends once it has done the work."""
    asked = altcha.Challenge.from_dict(challenge or work.challenge(timezone.now()))
    solution = altcha.solve_challenge(asked)
    assert solution is not None
    return altcha.Payload(asked, solution).to_base64()


def _post(client: Client, address: str = "grace@example.org", network: str = "192.0.2.7", **more: str) -> tuple[int, str]:
    opened = tokens.sign(tokens.Scope.FORM, int((timezone.now() - dt.timedelta(minutes=1)).timestamp()))
    typed = {"address": address, "website": "", "time_zone": "UTC", "opened": opened, **more}
    answer = client.post("/subscribe/", typed, REMOTE_ADDR=network)
    return answer.status_code, answer.content.decode()


def _use_up_what_comes_without(now: dt.datetime) -> None:
    while limits.take(limits.of_workless(""), str(now), now) is None:
        now += dt.timedelta(milliseconds=1)


def test_a_challenge_comes_from_us_and_is_kept_by_nobody(client: Client) -> None:
    answer = client.get("/subscribe/challenge/")
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"parameters", "signature"}
    assert not answer.cookies
    assert client.post("/subscribe/challenge/").status_code == 405


def test_a_solved_challenge_lets_in_and_counts_once(client: Client) -> None:
    payload = _solved(client.get("/subscribe/challenge/").json())
    assert _post(client, altcha=payload)[0] == 200
    assert Request.objects.count() == 1
    # The same solution again, written another way, from a network whose one place without work is taken.
    again = base64.b64encode(json.dumps(json.loads(base64.b64decode(payload)), indent=1).encode()).decode()
    for spent in (payload, again):
        status, page = _post(client, "eve@example.org", altcha=spent)
        assert status == 422
        assert "does a second" in page or "second’s work" in page
        assert 'value="eve@example.org"' in page
    assert Request.objects.count() == 1


@pytest.mark.parametrize("typed", ["", "x", "é", "e30=", "x" * 5000, base64.b64encode(b'{"challenge":1}').decode()])
def test_what_is_no_solution_lets_in_only_as_one_of_the_few(typed: str) -> None:
    now = timezone.now()
    assert work.shown(typed, NETWORK, now) == "few"
    assert work.shown(typed, NETWORK, now) == ""


def test_a_solution_of_anothers_challenge_is_none(settings: Settings) -> None:
    now = timezone.now()
    payload = _solved()
    settings.TOKEN_KEYS = ["another" * 9]
    assert work.shown(payload, NETWORK, now) == "few"


def test_a_challenge_made_easier_is_none() -> None:
    made = work.challenge(timezone.now())
    easier = {**made, "parameters": {**dict(made["parameters"]), "keyPrefix": "", "cost": 1}}  # type: ignore[call-overload] # JSON
    assert work.shown(_solved(easier), NETWORK, timezone.now()) == "few"


def test_a_challenge_dies(settings: Settings) -> None:
    payload = _solved(work.challenge(timezone.now() - work.LIVES - dt.timedelta(seconds=1)))
    assert work.shown(payload, NETWORK, timezone.now()) == "few"


def test_without_scripts_one_of_a_network_and_a_few_in_all_are_let_in(client: Client, settings: Settings) -> None:
    settings.ASKED_MESSAGES_PER_HOUR = 90
    taken = [_post(client, f"reader-{n}@example.org", f"198.51.{n}.7")[0] for n in range(5)]
    assert taken == [200, 200, 200, 422, 422]
    assert _post(client, "grace@example.org", "198.51.4.7", altcha=_solved())[0] == 200


def test_the_page_shows_the_widget_and_says_what_happens_without_scripts(client: Client, settings: Settings) -> None:
    page = client.get("/subscribe/").content.decode()
    assert "<altcha-widget" in page
    assert "your browser runs no scripts" in page
    assert "//" not in page.partition("<altcha-widget")[2].partition("</altcha-widget>")[0]
    settings.PROOF_OF_WORK = "never"
    assert "altcha" not in client.get("/subscribe/").content.decode()


def test_near_a_limit_work_is_asked_for_and_not_before(client: Client, settings: Settings) -> None:
    settings.PROOF_OF_WORK, settings.REQUESTS_PER_NETWORK_AND_HOUR = "near", 6
    assert [_post(client, f"reader-{n}@example.org")[0] for n in range(3)] == [200, 200, 200]
    assert "<altcha-widget" in client.get("/subscribe/", REMOTE_ADDR="192.0.2.9").content.decode()
    assert "<altcha-widget" not in client.get("/subscribe/", REMOTE_ADDR="203.0.113.9").content.decode()
    assert [_post(client, f"more-{n}@example.org")[0] for n in range(2)] == [200, 422]


def test_the_answer_is_the_same_for_known_and_unknown_addresses(client: Client) -> None:
    _post(client, "first@example.org")
    pages = [_post(client, address)[1] for address in ("ada@example.org", "who@example.org")]
    assert pages[0].replace("ada@", "who@") == pages[1]


def test_with_redis_away_work_is_not_what_lets_in(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = NOWHERE
    assert _post(client)[0] == 200
    assert _post(client, "grace@example.net", altcha=_solved())[0] == 200
