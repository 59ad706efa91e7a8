"""No field that anybody can type starts a line of its own in a message's header: each field and each character by itself."""

import datetime as dt
import email
import email.policy
from collections.abc import Callable, Iterable

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from digest import issues, notices, papers
from digest.issues import rendering
from digest.messages import Heading, Mailbox, Rendered, bounce_address, compose, sender
from digest.models import Delivery, Paper, PaperTopic, Source
from digest.sources.entries import Entry
from subscriptions import account, consent
from subscriptions.models import Interest, Notice, Subscriber, Subscription, Topic
from tests.delivery.relay import Relay
from tests.issues.cast import MONDAY, digest_for, reader

pytestmark = pytest.mark.django_db
CHARACTERS = {
    "CR": "\r", "LF": "\n", "CRLF": "\r\n", "NUL": "\0", "LS": "\u2028", "PS": "\u2029", "NEL": "\x85", "VT": "\v", "FF": "\f",
    "FS": "\x1c", "LF-space": "\n ",
}  # fmt: skip
EVERY = pytest.mark.parametrize("mark", CHARACTERS.values(), ids=CHARACTERS)
# All that a message of ours may have in its header.
FIELDS = {
    "From", "Date", "MIME-Version", "To", "Subject", "Message-ID", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Id",
    "Feedback-ID", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Type", "Content-Transfer-Encoding",
}  # fmt: skip
LATER = MONDAY + dt.timedelta(hours=1)


def hostile(mark: str) -> str:
    return f"Word{mark}Bcc: all@example.net{mark}X-Evil: 1"


def stands(content: bytes) -> None:
    """The header holds our fields, each once, and none of the characters; lines end in CRLF alone."""
    head, _, _ = content.partition(b"\r\n\r\n")
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")
    assert not {*b"\0\v\f\x1c"} & {*head}
    assert head.isascii()
    names = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if not line.startswith((b" ", b"\t"))]
    assert len(names) == len(set(names))
    assert set(names) <= FIELDS
    # What another program makes of it, encoded words decoded.
    read = email.message_from_bytes(content, policy=email.policy.default)
    assert set(read.keys()) <= FIELDS
    assert [each.addr_spec for each in read["To"].addresses] == ["ada@example.org"]
    for name in ("Subject", "To", "From", "List-Id"):
        assert not {*"\r\n\0\u2028\u2029\x85\v\f\x1c"} & {*str(read[name] or "")}


def _stored(**fields: object) -> None:
    """A paper as a feed tells of it."""
    source = Source.objects.create(slug="s", name="S", format=Source.Format.SYNDICATION)
    known: dict[str, object] = {"title": "A title", "abstract": "Words.", "authors": ("Ada",), "doi": "10.1/x"}
    papers.store([Entry(announced_at=MONDAY, **known | fields)], source, MONDAY)  # type: ignore[arg-type]  # names of fields


def _issue(subscription: Subscription) -> Iterable[bytes]:
    rendering.forget()
    published = issues.publish([subscription.pk], LATER)
    deliveries = list(Delivery.objects.filter(issue__in=published.issues))
    assert deliveries
    return [each.content for each in issues.messages_for(deliveries, LATER).values()]


def of_a_title_from_a_feed(text: str) -> Iterable[bytes]:
    _stored(title=text)
    return _issue(digest_for(reader()))


def of_an_author_from_a_feed(text: str) -> Iterable[bytes]:
    _stored(authors=(text,))
    return _issue(digest_for(reader()))


def of_a_title_that_went_past_the_door(text: str) -> Iterable[bytes]:
    _stored()
    Paper.objects.update(title=text.replace("\0", ""))
    return _issue(digest_for(reader()))


def of_a_readers_name(text: str) -> Iterable[bytes]:
    _stored()
    ada = digest_for(reader())
    Subscriber.objects.update(name=text.replace("\0", ""))
    return _issue(ada)


def of_a_digests_name(text: str) -> Iterable[bytes]:
    _stored()
    return _issue(digest_for(reader(), name=text.replace("\0", "")[:60]))


def of_a_topic_that_an_operator_named(text: str) -> Iterable[bytes]:
    _stored()
    topic = Topic.objects.create(slug="t", name=text.replace("\0", ""), field="F", description="D")
    PaperTopic.objects.create(paper=Paper.objects.get(), topic=topic, score=0.9)
    return _issue(digest_for(reader(), topic))


def of_a_key_term(text: str) -> Iterable[bytes]:
    _stored()
    ada = digest_for(reader())
    for term in ("words", text.replace("\0", "")):
        Interest.objects.create(subscription=ada, kind=Interest.Kind.KEYWORD, value=term)
    return _issue(ada)


def of_a_name_at_sign_up(text: str) -> Iterable[bytes]:
    """A notice names nobody, so nothing of it can stand there."""
    signed_up = consent.subscribe(consent.SignUp("ada@example.org", name=text.replace("\0", "")), MONDAY)
    assert signed_up.notice
    delivery = Delivery(pk=1, notice=signed_up.notice, message_id="<n@papers.example.org>")
    return [each.content for each in notices.messages_for([delivery], MONDAY).values()]


def of_where_a_link_leads(text: str) -> Iterable[bytes]:
    digest_for(reader())
    account.send_link("ada@example.org", MONDAY, text.replace("\0", ""))
    delivery = Delivery(pk=1, notice=Notice.objects.get(), message_id="<n@papers.example.org>")
    return [each.content for each in notices.messages_for([delivery], MONDAY).values()]


def of_an_alarms_words(text: str) -> Iterable[bytes]:
    """What happened may quote a source's name or its server's error."""
    return [notices.alarm(text, text, text, MONDAY, "k", MONDAY).content]


def of_what_erasure_removed(text: str) -> Iterable[bytes]:
    return [notices.erasure("ada@example.org", [(text, 1)], "k", MONDAY).content]


PLACES: tuple[Callable[[str], Iterable[bytes]], ...] = (
    of_a_title_from_a_feed,
    of_an_author_from_a_feed,
    of_a_title_that_went_past_the_door,
    of_a_readers_name,
    of_a_digests_name,
    of_a_topic_that_an_operator_named,
    of_a_key_term,
    of_a_name_at_sign_up,
    of_where_a_link_leads,
    of_an_alarms_words,
    of_what_erasure_removed,
)


@pytest.fixture(autouse=True)
def _operator(settings: Settings) -> None:
    settings.OPERATOR_ADDRESS = "ada@example.org"


@EVERY
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__.removeprefix("of_"))
def test_what_is_typed_into_a_field_stays_in_it(place: Callable[[str], Iterable[bytes]], mark: str) -> None:
    made = list(place(hostile(mark)))
    assert made
    for content in made:
        stands(content)


@EVERY
@pytest.mark.parametrize("field", ["subject", "to", "sender"])
def test_the_one_place_that_composes_lets_none_through(field: str, mark: str) -> None:
    """Whoever calls it: a subject is cleaned, a mailbox is refused."""
    own, to, subject = Mailbox("Paper Round", "digest@example.org"), Mailbox("Ada", "ada@example.org"), "Papers"
    if field == "subject":
        subject = hostile(mark)
    else:
        for name, address in ((hostile(mark), "ada@example.org"), ("", f"ada@example.org{mark}"), ("", f"a{mark}@example.org")):
            with pytest.raises(ValueError, match="cannot be written in a header field"):
                Mailbox(name, address)
        return
    stands(compose(Rendered("", "x\n", None), Heading(own, to, subject, MONDAY, "<1@papers.example.org>")))


@EVERY
@pytest.mark.parametrize("variable", ["DIGEST_FROM", "NOTICE_FROM", "OPERATOR_ADDRESS", "BOUNCE_ADDRESS"])
def test_a_sender_in_the_settings_is_refused_with_its_variable(variable: str, mark: str, settings: Settings) -> None:
    typed = f"Paper{mark}Bcc: all@example.net <digest@example.org>"
    with pytest.raises(ImproperlyConfigured, match=f"{variable} is "):
        sender(typed, variable)
    settings.BOUNCE_ADDRESS = typed
    with pytest.raises(ImproperlyConfigured, match="BOUNCE_ADDRESS is "):
        bounce_address()


@EVERY
def test_the_name_of_the_site_stays_within_the_name_of_the_list(mark: str, settings: Settings) -> None:
    """It comes from the settings alone, and is refused there; should it get past them, nothing goes out under it."""
    _stored()
    settings.SITE_NAME = hostile(mark)
    with pytest.raises(ValueError, match="cannot be written in a header field"):
        _issue(digest_for(reader()))


@EVERY
def test_an_address_at_the_door_is_refused(mark: str, client: Client) -> None:
    answer = client.post("/subscribe/", {"address": f"ada@example.org{mark}Bcc: all@example.net"})
    assert answer.status_code == 422
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("mark", [each for each in CHARACTERS.values() if each != "\0"])  # which the database does not take
def test_a_copy_goes_to_no_address_of_an_operator_that_breaks_out(mark: str, client: Client, settings: Settings) -> None:
    """Django checks what is typed into the form; this is what a command or an import may have written past it."""
    _stored()
    published = issues.publish([digest_for(reader()).pk], LATER)
    owner = User.objects.create_superuser("owner", email=f"ada@example.org{mark}Bcc:all@example.net")
    client.force_login(owner)
    relay = Relay().start()
    settings.SMTP_URL = relay.url
    try:
        answer = client.post(f"/admin/desk/issues/{published.issues[0]}/copy/", follow=True)
    finally:
        relay.stop()
    assert answer.status_code == 200
    assert "Nothing was sent" in answer.content.decode()
    assert relay.connections == 0


@EVERY
@pytest.mark.parametrize("path", ["/papers/{}/citation.bib", "/papers/{}/citation.ris"])
def test_no_title_adds_a_field_to_an_answer_of_the_site(path: str, mark: str, client: Client) -> None:
    _stored(title=hostile(mark))
    answer = client.get(path.format(Paper.objects.get().pk))
    assert answer.status_code == 200
    assert "X-Evil" not in answer.headers
    assert not any({*"\r\n\0"} & {*value} for value in answer.headers.values())
