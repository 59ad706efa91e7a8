"""The operator's commands."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from digest.delivery import deliver, levers, recover
from digest.doubts import MAY_HAVE_GONE, Doubt, doubts
from digest.models import Delivery
from tests.delivery.cast import MONDAY, letters, policy, waiting
from tests.delivery.relay import DROP, Relay, at_step

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


def uncertain(name: str, **more: object) -> Delivery:
    """A delivery that nobody knows the fate of, for the first time unless told otherwise."""
    (delivery,) = waiting(name)
    fields: dict[str, object] = {"state": "uncertain", "reason": "no answer to the final dot", "doubts": 1, **more}
    Delivery.objects.filter(pk=delivery.pk).update(**fields)
    delivery.refresh_from_db()
    return delivery


def one_of_each() -> dict[Doubt, Delivery]:
    """Somebody for each way of waiting, where uncertain deliveries are sent once more; none waits for the setting then."""
    return {
        Doubt.RESENT: uncertain("ada"),
        Doubt.OPERATOR: uncertain("grace", held=True, reason="held by lise: who knows"),
        Doubt.TWICE: uncertain("emmy", doubts=2),
        Doubt.RESTORED: uncertain("maria", doubts=2, held=True, reason=MAY_HAVE_GONE),
    }


def test_the_uncertain_are_counted_by_what_they_wait_for() -> None:
    one_of_each()
    uncertain("vera", doubts=3)
    assert {each.doubt: each.number for each in levers.doubtful()} == {
        Doubt.RESENT: 1, Doubt.OPERATOR: 1, Doubt.TWICE: 2, Doubt.RESTORED: 1
    }  # fmt: skip
    told = say("deliveries")
    assert "sent once more by itself, the first after 2026-03-16 07:00 UTC" in told
    assert "held by an operator" in told
    assert "held, for it was uncertain twice" in told
    assert "held, for it may have been sent before the restore" in told
    assert "`manage.py release --uncertain` sends it once more" in told
    assert "`manage.py hold --uncertain` keeps it back" in told


def test_the_uncertain_wait_for_the_operator_where_nothing_is_sent_once_more(settings: Settings) -> None:
    settings.UNCERTAIN_RESEND = False
    ada = uncertain("ada")
    assert [(each.doubt, each.number, each.first_at) for each in levers.doubtful()] == [(Doubt.SETTING, 1, None)]
    assert levers.stands(ada) == "uncertain, held, for UNCERTAIN_RESEND is off"


@pytest.mark.parametrize("resend", [True, False])
def test_each_uncertain_delivery_waits_for_what_it_is_counted_under(settings: Settings, resend: bool) -> None:
    settings.UNCERTAIN_RESEND = resend
    for each in one_of_each().values():
        among = Delivery.objects.filter(pk=each.pk)
        assert [doubt for doubt, which in doubts(resend=resend).items() if among.filter(which)] == [levers.in_doubt(each)]


def test_a_story_says_whether_the_message_is_held_and_which_command_acts_on_it() -> None:
    found = one_of_each()
    ada, grace = found[Doubt.RESENT], found[Doubt.OPERATOR]
    told = " ".join(say("deliveries", "ada@example.org").split())
    assert f"`manage.py release --uncertain --delivery {ada.pk}` sends it once more at once" in told
    told = " ".join(say("deliveries", "grace@example.org").split())
    assert "held by lise: who knows" in told
    assert f"`manage.py release --uncertain --delivery {grace.pk}` sends it once more" in told


def test_what_is_said_to_be_sent_once_more_is_what_recovery_sends() -> None:
    found = one_of_each()
    assert recover(MONDAY, policy=policy("smtp://127.0.0.1:9")).queued == 1
    for each, delivery in found.items():
        delivery.refresh_from_db()
        assert (delivery.state == "deferred") is (each is Doubt.RESENT)


def test_a_story_gives_a_relays_words_as_they_were(relay: Relay) -> None:
    waiting("ada")
    relay.script = at_step("rcpt", "451 4.3.0 [/b] see [red] :warning:")
    deliver(MONDAY, 10, policy=policy(relay.url), make=letters)
    told = say("deliveries", "ada@example.org")
    assert "[/b]" in told
    assert "[red]" in told
    assert ":warning:" in told


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
