"""The operator's commands."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from digest.delivery import deliver, levers, recover
from digest.models import Delivery
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import DROP, Relay

pytestmark = pytest.mark.django_db(transaction=True)


def say(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output)
    return output.getvalue()


def test_the_ledger_is_counted_and_a_pause_is_shown() -> None:
    waiting("ada", "grace")
    say("pause", "moving house")
    told = say("deliveries")
    assert "queued" in told
    assert "2" in told
    assert "moving house" in told
    assert "Sending goes on" in say("resume")
    assert "moving house" not in say("deliveries")


def test_one_recipients_story_ends_with_the_relays_words(relay: Relay) -> None:
    waiting("ada")
    relay.script = lambda step, recipient: "550 5.2.1 mailbox disabled" if step == "rcpt" else None
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert "550 5.2.1 mailbox disabled" in say("deliveries", "ADA@example.org")
    with pytest.raises(CommandError, match=r"Nothing was ever to be sent to bob@example\.org"):
        say("deliveries", "bob@example.org")


def test_what_failed_is_sent_again_when_the_operator_says_so(relay: Relay) -> None:
    waiting("ada")
    relay.script = lambda step, recipient: "550 5.2.1 mailbox disabled" if step == "rcpt" else None
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    assert levers.resend_failed(MONDAY, MONDAY, "ada", domain="example.net") == 0
    assert levers.resend_failed(MONDAY, MONDAY, "ada", why="mended") == 1
    assert Delivery.objects.get().reason == "sent again by ada: mended"
    relay.script = lambda step, recipient: None
    assert deliver(MONDAY, 10, policy=policy(relay.url), make=letters).by_state == {"accepted": 1}


def test_the_uncertain_can_be_held_and_released(relay: Relay) -> None:
    waiting("ada")
    relay.script = lambda step, recipient: DROP if step == "dot" else None
    sender = policy(relay.url)
    deliver(MONDAY, 10, policy=sender, make=letters)
    assert "1 held" in say("hold", "--uncertain")
    later = Delivery.objects.get().next_attempt_at
    assert recover(later, policy=sender).queued == 0
    assert levers.release_uncertain(later, "ada") == 1
    relay.script = lambda step, recipient: None
    assert deliver(later, 10, policy=sender, make=letters).by_state == {"accepted": 1}


def test_commands_that_change_the_ledger_want_to_be_told_what() -> None:
    for command in ("hold", "release", "resend"):
        with pytest.raises(CommandError, match="Say"):
            say(command)


def test_a_lever_that_moves_nothing_says_so() -> None:
    (ada,) = waiting("ada")
    for command in ("hold", "release"):
        with pytest.raises(CommandError, match=f"Delivery {ada.pk} is not uncertain"):
            say(command, "--uncertain", "--delivery", str(ada.pk))
    with pytest.raises(CommandError, match="in a few words why"):
        say("pause", " ")
    assert "Sending is stopped since" in say("pause", "the relay moves")
    again = say("pause", "another reason")
    assert "was stopped before" in again
    assert "the relay moves" in again
    assert "Lifted: everything: the relay moves." in say("resume")
    assert "Nothing was stopped." in say("resume")


def test_a_run_by_hand_says_what_it_did_and_fails_when_it_cannot(relay: Relay, settings: pytest.FixtureRequest) -> None:
    settings.SMTP_URL = relay.url  # type: ignore[attr-defined]
    assert "nothing was ready" in say("deliver")
    settings.SMTP_URL = "carrier-pigeon://x"  # type: ignore[attr-defined]
    with pytest.raises(CommandError, match="SMTP_URL"):
        say("deliver")
