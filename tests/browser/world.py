"""What the browser tests look at: the seeds, people at every step of the way, and the messages that were sent."""

import datetime as dt
import email
import email.policy
import re
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command

from digest import delivery, search
from digest.models import Paper, PaperIdentifier, PaperVersion, Pick
from subscriptions import account, consent, door, limits, tokens
from subscriptions.consent import SignUp
from subscriptions.models import Notice, Subscription
from tests.delivery.relay import Relay

TOPICS = ("robotics", "reinforcement-learning", "koopman")


@dataclass
class World:
    """One site. `post` carries what was asked for into `relay`, as the workers would."""

    url: str
    relay: Relay

    def load(self) -> None:
        """Topics, sources, and the 64 papers of the saved page, listed today."""
        call_command("load_seeds", quiet=True)
        call_command("ingest", "seeds/daily-papers-03-13.txt", "--date", f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", "--json")
        search.refresh_all()

    def whole_paper(self) -> int:
        """The id of a paper that has everything a page can show: versions, a pick, places, identifiers, related ones."""
        paper = Paper.objects.exclude(links=[]).exclude(topics=None).order_by("id").first()
        assert paper
        if not paper.picks.exists():
            editor = User.objects.create_user("mira", first_name="Mira", last_name="Koch")
            Pick.objects.create(paper=paper, editor=editor, note="The appendix holds the surprise.")
            PaperIdentifier.objects.create(paper=paper, kind="arxiv", value="2603.01234")
            said = ("We learn $\\lambda_1$ of a map. " + paper.abstract, "We learn $\\lambda_1$ of a flow. " + paper.abstract)
            for number, abstract in enumerate(said, start=1):
                PaperVersion.objects.create(
                    paper=paper,
                    number=number,
                    title_source=paper.title,
                    abstract_source=abstract,
                    announced_at=paper.announced_at,
                )
            Paper.objects.filter(pk=paper.pk).update(abstract_source=said[1], upvotes=12, stars=340)
        return paper.pk

    def post(self) -> None:
        """Answer what was asked at the door, and deliver."""
        now = dt.datetime.now(dt.UTC)
        # The limits of a mailbox are tested elsewhere; a journey of a week takes seconds here.
        limits.client(settings.REDIS_URL).flushdb()
        door.answer(now, 100)
        delivery.queue_notices(now)
        delivered = delivery.deliver(dt.datetime.now(dt.UTC), 100)
        assert not delivered.halted, delivered.halted

    def messages(self, address: str) -> list[EmailMessage]:
        """What has come to an address, the oldest first."""
        found = []
        for taken in self.relay.taken:
            if taken.recipient == address:
                message = email.message_from_bytes(taken.content, policy=email.policy.default)
                assert isinstance(message, EmailMessage)
                found.append(message)
        return found

    def person(self, address: str, *, topics: tuple[str, ...] = TOPICS, cadence: str = "weekly") -> Subscription:
        """Someone whose digest is confirmed."""
        now = dt.datetime.now(dt.UTC)
        notice = self.asked(address, topics=topics, cadence=cadence)
        confirmed = consent.confirm(token_of(notice), now)
        assert confirmed.subscription
        return confirmed.subscription

    def asked(self, address: str, *, topics: tuple[str, ...] = TOPICS, cadence: str = "weekly") -> Notice:
        """Someone who has signed up and not yet confirmed: the notice that asks."""
        signup = SignUp(address, topics=topics, keywords=("soft robots",), cadence=cadence, time_zone="Europe/Paris")
        notice = consent.subscribe(signup, dt.datetime.now(dt.UTC)).notice
        assert notice
        return notice

    def link(self, subscription: Subscription) -> str:
        """A mailed link to the preferences."""
        notice = account.send_link(subscription.subscriber.address, dt.datetime.now(dt.UTC)).notice
        assert notice
        return tokens.notice_path(notice)


def token_of(notice: Notice) -> str:
    return tokens.notice_path(notice).split("/")[2]


def links(message: EmailMessage) -> list[str]:
    """The paths on our site that a message leads to: in its text, its HTML and its List-Unsubscribe."""
    texts = [str(message.get("List-Unsubscribe", ""))]
    for kind in ("plain", "html"):
        part = message.get_body((kind,))
        if part is not None:
            texts.append(part.get_content())
    # The text part breaks long lines, but never an address.
    found = [re.sub(r"[.,;:)]+$", "", each) for text in texts for each in re.findall(r"https?://[^\s<>\"']+", text)]
    ours = urlsplit(str(settings.SITE_URL)).netloc
    return list(dict.fromkeys(urlsplit(each).path for each in found if urlsplit(each).netloc == ours))


def link_to(*messages: EmailMessage, start: str) -> str:
    """The newest link that starts so; messages that are sent together arrive in any order."""
    return next(path for message in reversed(messages) for path in links(message) if path.startswith(start))
