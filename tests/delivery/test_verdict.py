"""What follows from checks that cannot be run, and what is asked where a provider takes the messages."""

import pytest
from pytest_django import Settings

from digest import preflight
from digest.delivery import brakes, deliver, queue_notices
from digest.models import Brake, Preflight
from digest.preflight import Finding, Level
from tests.delivery.cast import HOUR, MONDAY, letters, notice_for, policy, reader, waiting
from tests.delivery.relay import Relay
from tests.delivery.village import Village

pytestmark = pytest.mark.django_db(transaction=True)


def test_checks_that_cannot_be_run_hold_issues_back_and_say_so_and_notices_go(relay: Relay) -> None:
    def fail() -> list[Finding]:
        raise UnicodeError("label too long")

    waiting("ada")
    notice_for(reader("grace"))
    queue_notices(MONDAY)
    assert preflight.before_sending(fail, MONDAY) is not None
    assert "could not be run (UnicodeError: label too long)" in brakes.standing(MONDAY).issues
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}
    assert preflight.before_sending(lambda: [Finding("SPF", Level.FINE, "-")], MONDAY + HOUR) is not None
    assert not Brake.objects.standing().exists()
    assert Preflight.objects.count() == 2


@pytest.mark.parametrize(
    ("results", "level"),
    [
        ("dkim=pass header.d=papers.example.org; dkim=fail header.d=example.net; spf=pass; dmarc=pass", Level.FINE),
        ("dkim=fail; dkim=pass; spf=pass; dmarc=pass (p=NONE dkim=fail)", Level.FINE),
        ("dkim=fail header.d=papers.example.org; spf=pass; dmarc=pass", Level.FATAL),
    ],
)
def test_of_two_signatures_one_that_holds_is_enough(results: str, level: Level) -> None:
    message = f"Authentication-Results: mx.example.com; {results}\r\nFrom: digest@papers.example.org\r\n\r\nx\r\n"
    found = {each.check: each.level for each in preflight.received(Village(), message.encode())}
    assert found["receiver"] is level


def test_a_relay_that_carries_answers_alone_holds_nothing_back(settings: Settings) -> None:
    settings.DELIVERY_BACKEND, settings.ANYMAIL_ESP = "anymail", "mailgun"
    found = preflight.run(Village(greeting=OSError("refused")), MONDAY)
    assert [(each.level, each.found) for each in found if each.check == "TLS"] == [
        (Level.FINE, "messages go to mailgun over HTTPS")
    ]
    assert [each.level for each in found if each.check == "relay"] == [Level.WARNING]
