"""Issues as messages, from rows to bytes."""

import email
import email.policy
import html
import logging
import re
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from digest import issues
from digest.issues import rendering
from digest.messages import Outgoing, delivery_of
from digest.models import Delivery
from digest.smtp import Letter
from subscriptions.models import Interest
from tests.messages import people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_run() -> None:
    rendering.forget()


def _read(outgoing: Outgoing) -> EmailMessage:
    return email.message_from_bytes(outgoing.content, policy=email.policy.default)


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def _one(delivery: Delivery) -> EmailMessage:
    return _read(issues.messages_for([delivery], people.NOW)[delivery.pk])


class _Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name in {"href", "src"}]


def test_an_issue_goes_to_its_reader_under_the_deliverys_own_message_id() -> None:
    delivery = people.delivery(people.subscriber(name="Ada Lovelace", address="ada@example.org"), [people.stored_paper(1)])
    outgoing = issues.messages_for([delivery], people.NOW)[delivery.pk]
    message = _read(outgoing)
    assert outgoing.recipient == "ada@example.org"
    assert delivery_of(outgoing.envelope_sender) == delivery.pk
    assert message["Message-ID"] == delivery.message_id
    assert message["From"] == "Paper Round <digest@papers.example.org>"
    assert message["Subject"] == "Koopman1: Linear Models, Part 1"
    assert message["List-Id"] == "Paper Round <digest.papers.example.org>"
    assert message["List-Unsubscribe"].startswith("<https://papers.example.org/unsubscribe/")


def test_what_vouches_that_no_line_starts_with_a_dot_keeps_its_word_and_is_sent_as_it_is() -> None:
    dots = "...and so on. .5 of it is . and .. " * 40
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1, title=f". {dots[:200]}", abstract=dots)])
    outgoing = issues.messages_for([delivery], people.NOW)[delivery.pk]
    assert outgoing.dotless
    assert not any(line.startswith(b".") for line in outgoing.content.split(b"\r\n"))
    vouched, searched = (
        Letter(1, outgoing.envelope_sender, outgoing.recipient, outgoing.content, dotless).content for dotless in (True, False)
    )
    assert vouched == searched == outgoing.content


def test_both_parts_tell_the_same_papers_reasons_and_dates() -> None:
    papers = [people.stored_paper(number) for number in (1, 2, 3)]
    delivery = people.delivery(people.subscriber(), papers, near=(people.stored_paper(9),))
    message = _one(delivery)
    assert message["Subject"] == "Koopman1; Koopman2 and 1 more"
    for kind in ("plain", "html"):
        part = " ".join(_part(message, kind).replace("<br>", ", ").split())
        for paper in papers:
            assert paper.title in part
            assert paper.url in part
        assert "Koopman9: Linear Models, Part 9" in part
        assert "Monday 16 March 2026, no. 1, for your topic Koopman operators" in part
        assert "40 new in your topics, 3 shown, 1 near miss, 0 source days missing." in part
        assert "Your next issue: Monday 23 March 2026, 07:00 (Europe/Paris)." in part
        assert "Paper Round, 1 Example Street, 75000 Paris" in part


def test_no_link_leaves_the_web_or_names_the_reader() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1, url="javascript:alert(1)", pdf_url="/relative")])
    html = _part(_one(delivery), "html")
    links = _Links(html).found
    assert links
    assert all(link.startswith(("https://papers.example.org/", "https://code.example.org/")) for link in links)
    assert not any("ada" in link or "%40" in link or "@" in link for link in links)


def test_a_paper_without_an_outside_link_leads_to_its_page_here() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(7, url="", links=[], authors=[])])
    message = _one(delivery)
    assert "https://papers.example.org/papers/7/" in _part(message, "html")
    assert "[1] https://papers.example.org/papers/7/" in _part(message, "plain")


def test_a_reader_without_topics_is_told_how_to_choose_some() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1)], receipt={"trending_only": True, "topics": []})
    message = _one(delivery)
    for kind in ("plain", "html"):
        part = " ".join(_part(message, kind).split())
        assert "You have chosen no topics, so these are the papers that most people follow now." in part
        assert "64 new, 1 shown" in part


def test_a_reader_of_plain_text_gets_nothing_else() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1)], subscription={"format": "text"})
    message = _one(delivery)
    assert message.get_content_type() == "text/plain"


def test_followed_authors_stand_out_even_far_down_a_long_list() -> None:
    authors = [f"Author {number}" for number in range(664)] + ["Sofya Kovalevskaya"]
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1, authors=authors)])
    assert delivery.issue is not None
    Interest.objects.create(subscription=delivery.issue.subscription, kind="author", value="sofya kovalevskaya")
    message = _one(delivery)
    assert "Author 0, Author 1, <strong>Sofya Kovalevskaya</strong> and 662 more" in _part(message, "html")
    assert "Author 0, Author 1, *Sofya Kovalevskaya* and 662 more" in _part(message, "plain")


def test_fifty_long_papers_stay_below_90_kilobytes_and_none_is_lost() -> None:
    papers = [
        people.stored_paper(number, title="A long title " * 70, abstract="Long sentence here. " * 400)
        for number in range(1, 51)
    ]
    delivery = people.delivery(people.subscriber(), papers, subscription={"size": 50})
    message = _one(delivery)
    html = _part(message, "html")
    assert len(html.encode()) < 90_000
    shown, listed = html.count('class="title"'), html.count("/papers/")
    assert shown + listed >= 50
    assert "More, on the web" in html


def test_a_thousand_readers_cost_as_many_queries_as_one() -> None:
    papers = [people.stored_paper(number) for number in range(1, 6)]
    deliveries = [people.delivery(people.subscriber(f"reader{number}"), papers[: 1 + number % 5]) for number in range(20)]
    counts = []
    for batch in (deliveries[:1], deliveries):
        rendering.forget()
        with CaptureQueriesContext(connection) as queries:
            made = issues.messages_for(batch, people.NOW)
        assert set(made) == {each.pk for each in batch}
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 5


def test_one_address_that_cannot_be_written_costs_nobody_else_the_issue(caplog: pytest.LogCaptureFixture) -> None:
    paper = people.stored_paper(1)
    odd = people.delivery(people.subscriber("eve", address="eve@example.net>\r\nBcc: x@example.net"), [paper])
    fine = people.delivery(people.subscriber("ada"), [paper])
    with caplog.at_level(logging.ERROR):
        made = issues.messages_for([odd, fine], people.NOW)
    assert set(made) == {fine.pk}
    assert f"Delivery {odd.pk} cannot be composed" in caplog.text


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Tokyo", "15:00 (Asia/Tokyo)"),
        ("America/Los_Angeles", "23:00 (America/Los_Angeles)"),
        ("Mars/Base", "07:00 (Europe/Paris)"),
    ],
)
def test_hours_are_the_readers_own(zone: str, shown: str) -> None:
    delivery = people.delivery(people.subscriber(time_zone=zone), [people.stored_paper(1)])
    assert shown in _part(_one(delivery), "plain")


def test_an_issue_that_is_the_last_promises_no_next_one() -> None:
    delivery = people.delivery(people.subscriber(), [people.stored_paper(1)])
    assert delivery.issue is not None
    subscription: Any = delivery.issue.subscription
    subscription.next_issue_at = None
    subscription.save()
    assert "Your next issue" not in _part(_one(delivery), "plain")


def test_names_written_leftward_keep_their_place_among_others() -> None:
    authors = ["Ada Lovelace", "محمد بن موسى", "فاطمة الفهري", "Emmy Noether"]
    html = _part(_one(people.delivery(people.subscriber(), [people.stored_paper(1, authors=authors)])), "html")
    assert 'Ada Lovelace, <span dir="rtl">محمد بن موسى</span>, <span dir="rtl">فاطمة الفهري</span>, Emmy Noether' in html, (
        "each of them is isolated from its neighbours"
    )


def test_what_is_written_in_another_language_says_so() -> None:
    paper = people.stored_paper(
        1, title="面向机器人操作的视觉语言动作模型", abstract="拡散モデルを用いたロボット学習の新しい手法。"
    )
    html = _part(
        _one(people.delivery(people.subscriber(), [paper], near=(people.stored_paper(2, title="한국어 제목"),))), "html"
    )
    assert '<h2 class="title" lang="zh" dir="auto"' in html
    assert '<p class="extract" lang="ja" dir="auto"' in html
    assert '<p class="brief" lang="ko" dir="auto"' in html


def test_the_preheader_says_what_the_subject_does_not_and_nothing_follows_it() -> None:
    message = _one(people.delivery(people.subscriber(), [people.stored_paper(number) for number in range(1, 5)]))
    (found,) = re.findall(r'class="preheader"[^>]*>(.*?)</div>', _part(message, "html"), re.DOTALL)
    shown = html.unescape(found)
    said = shown.rstrip("\u200c\xa0")
    assert message["Subject"] == "Koopman1; Koopman2 and 2 more"
    assert said == "Also Koopman3 and Koopman4"
    assert len(shown) - len(said) >= 40, "an inbox that shows more than was said shows blanks"


def test_an_issue_shows_three_to_five_sentences_of_each_abstract() -> None:
    message = _one(people.delivery(people.subscriber(), [people.stored_paper(1)]))
    for kind in ("plain", "html"):
        part = " ".join(_part(message, kind).split())
        assert "On a robot arm it tracks a moving target with half the error." in part
        assert "so that every figure can be made again" not in part
