"""django-newsletter sends twelve articles to many: `python -m bench.newsletter SINK_PORT DATABASE_URL COUNT OCTETS`.

It is set up as its own documentation says, in a database of its own, and what is timed is its own `Submission.submit_queue`:
for each subscription it renders subject, text and HTML, and sends them by EmailMultiAlternatives. The message is filled up to
so many octets, and is the same for everybody, which spares it what our readers' messages cost us.
"""

import json
import sys
import time

import dj_database_url
import django
from django.conf import settings
from django.urls import include, path

_PARAGRAPH = '<p style="margin:0 0 16px;font:16px/1.5 Georgia,serif;color:#1b1b1b;max-width:36em">{}</p>'
_SENTENCE = (
    "We study learning by diffusion policies, and show that attention to rewards controls the dynamics of its operators. "
)
_ARTICLES = 12

urlpatterns = [path("newsletter/", include("newsletter.urls"))] if settings.configured else []


def _configure(port: int, database: str) -> None:
    settings.configure(
        ALLOWED_HOSTS=["papers.example.org"],
        DATABASES={"default": dj_database_url.parse(database)},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sites",
            "sorl.thumbnail",
            "newsletter",
        ],
        NEWSLETTER_THUMBNAIL="sorl-thumbnail",
        NEWSLETTER_USE_HTTPS=True,
        ROOT_URLCONF="bench.newsletter",
        SECRET_KEY="b" * 64,
        SITE_ID=1,
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}],
        USE_TZ=True,
    )
    django.setup()


def _prepare(count: int, octets: int) -> None:
    """A newsletter with so many subscriptions, and a message that waits for them."""
    from django.core.management import call_command
    from newsletter.models import Article, Message, Newsletter, Submission, Subscription

    call_command("migrate", verbosity=0)
    for model in (Submission, Message, Subscription, Newsletter):
        model.objects.all().delete()
    letter = Newsletter.objects.create(
        title="Paper Round", slug="papers", email="digest@papers.example.org", sender="Paper Round"
    )
    message = Message.objects.create(title="Twelve papers", slug="twelve", newsletter=letter)
    for number in range(_ARTICLES):
        title, url = f"Paper {number}", f"https://arxiv.example.org/abs/2603.{number:05}"
        Article.objects.create(post=message, sortorder=10 * number + 10, title=title, url=url, text="")
    Subscription.objects.bulk_create(
        Subscription(newsletter=letter, name_field="Ada Lovelace", email_field=f"reader{number}@example.org", subscribed=True)
        for number in range(count)
    )
    submission = Submission.from_message(message)
    submission.prepared = True
    submission.save()
    paragraph = _PARAGRAPH.format(_SENTENCE * 4)

    def size(paragraphs: int) -> int:
        message.articles.update(text=paragraph * paragraphs)
        return len(submission.get_message(letter.subscription_set.first()).message().as_bytes())

    least = size(1)
    size(1 + (octets - least) // (size(2) - least))


def main(arguments: list[str]) -> None:
    port, database, count, octets = int(arguments[0]), arguments[1], int(arguments[2]), int(arguments[3])
    _configure(port, database)
    _prepare(count, octets)
    from newsletter.models import Submission

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    start, before = time.perf_counter(), time.process_time()
    Submission.submit_queue()
    seconds, cpu = time.perf_counter() - start, time.process_time() - before
    json.dump({"sent": Submission.objects.filter(sent=True).count() * count, "seconds": seconds, "cpu": cpu}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
