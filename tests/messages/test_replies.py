"""What comes back to the digests' address."""

import email
import email.policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from digest import replies
from digest.messages.replies import Kind, read
from subscriptions.models import Consent, Subscription
from tests.messages import people


def _reply(text: str, *, sender: str = "Ada <ada@example.org>", answers: str = "", **fields: str) -> bytes:
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "digest@papers.example.org"
    message["Subject"] = fields.pop("Subject", "Re: Koopman1; Koopman2 and 10 more")
    if answers:
        message["In-Reply-To"] = answers
    for name, value in fields.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated; owner-email=x"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"Subject": "Automatic reply: Koopman1"},
        {"Subject": "Out of Office: back on Monday"},
        {"Subject": "Abwesenheitsnotiz"},
        {"sender": "MAILER-DAEMON@example.org"},
        {"sender": "no-reply@example.org"},
        {"sender": ""},
    ],
)
def test_machines_are_recognised_even_when_they_quote_the_word(fields: dict[str, str]) -> None:
    assert read(_reply("unsubscribe", **fields)).kind is Kind.AUTOMATIC


@pytest.mark.parametrize(
    "text",
    [
        "unsubscribe",
        "Unsubscribe.",
        "Please UNSUBSCRIBE me",
        "unsubscribe\n\nOn Mon, 16 Mar 2026 Paper Round wrote:\n> 1 Koopman1: not for unsubscribing",
        "Bitte abmelden\n\n> Koopman1",
        "Merci de me désabonner",
        "Quiero darme de baja, por favor",
        "Por favor, cancelar assinatura",
        "Annullare l'iscrizione",
        "Graag uitschrijven",
        "Отписаться",
        "请退订",
        "配信停止をお願いします",
        "구독 취소",
        "إلغاء الاشتراك",
        "abbestellen\n\nOp maandag schreef Paper Round:\n1 Koopman1",
        "\n\nunsubscribe\n--\nAda Lovelace, Analytical Society, a long signature that does not count",
    ],
)
def test_the_word_is_obeyed_in_a_few_words_of_ones_own(text: str) -> None:
    assert read(_reply(text)).kind is Kind.UNSUBSCRIBE


@pytest.mark.parametrize(
    "text",
    [
        "I do not want to unsubscribe",
        "Don't unsubscribe me",
        "Don’t unsubscribe me",
        "No quiero darme de baja",
        "Ich will mich nicht abmelden",
        "Не отписаться",
        "What a lovely issue.\n\n> Unsubscribe: https://papers.example.org/unsubscribe/x/",
        "I thought about whether I should unsubscribe, but then the third paper was just what I needed for my thesis",
        "",
    ],
)
def test_whoever_has_something_to_say_is_read_by_a_person(text: str) -> None:
    assert read(_reply(text)).kind is Kind.PERSON


def test_an_empty_message_headed_unsubscribe_asks_to_stop() -> None:
    assert read(_reply("", Subject="unsubscribe")).kind is Kind.UNSUBSCRIBE


@hypothesis_settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_octets_are_read_as_something(content: bytes) -> None:
    assert read(content).kind in Kind


def test_a_reply_names_what_it_answers_nearest_first() -> None:
    reply = read(_reply("Hello", answers="<c@x>", References="<a@x> <b@x> <c@x>"))
    assert reply.answers == ("<c@x>", "<b@x>", "<a@x>")


@pytest.mark.django_db
def test_the_readers_own_reply_ends_that_digest_and_is_recorded() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1)])
    answered = replies.answer(_reply("Unsubscribe", answers=delivery.message_id), people.NOW)
    assert delivery.issue is not None
    assert (answered.subscription, answered.forward) == (delivery.issue.subscription_id, None)
    ended = Subscription.objects.get(pk=delivery.issue.subscription_id)
    assert (ended.ended_at, ended.ended_because) == (people.NOW, "unsubscribed by reply")
    assert Consent.objects.filter(event="unsubscribed", method="reply").count() == 1


@pytest.mark.django_db
def test_someone_to_whom_a_digest_was_forwarded_ends_nothing() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1)])
    answered = replies.answer(_reply("Unsubscribe", sender="eve@example.net", answers=delivery.message_id), people.NOW)
    assert (answered.kind, answered.subscription) == (Kind.PERSON, None)
    assert Subscription.objects.get().ended_at is None
    assert answered.forward is not None


@pytest.mark.django_db
def test_a_persons_words_go_to_the_operator_as_they_came_and_do_not_circle() -> None:
    original = _reply("The third paper was just what I needed.\n.\nThank you.")
    answered = replies.answer(original, people.NOW)
    assert answered.forward is not None
    assert answered.forward.recipient == "hello@papers.example.org"
    message = email.message_from_bytes(answered.forward.content, policy=email.policy.default)
    (attached,) = message.iter_attachments()
    assert attached.get_content() == original
    assert all(not line.startswith(b".") and len(line) <= 998 for line in answered.forward.content.split(b"\r\n"))
    assert replies.answer(answered.forward.content, people.NOW).kind is Kind.AUTOMATIC


def test_automatic_replies_are_ignored() -> None:
    answered = replies.answer(_reply("I am away", Auto_Submitted="auto-replied"), people.NOW)
    assert (answered.kind, answered.forward, answered.why) == (Kind.AUTOMATIC, None, "Auto-Submitted: auto-replied")
